// One of several, from a list.
import { field, h } from "../dom.js";

/**
 * @param {{ id: string, label: string, choose(value: string): void, below?: import("../dom.js").Child[] }} options
 */
export function createChoice({ id, label, choose, below = [] }) {
  const select = h("select", { onchange: () => choose(select.value) });
  let drawn = "";
  return {
    element: field(id, label, select, ...below),
    /**
     * @param {readonly { value: string, label: string }[]} options
     * @param {string} value
     */
    draw(options, value) {
      const now = JSON.stringify(options);
      if (now !== drawn) {
        drawn = now;
        select.replaceChildren(...options.map((one) => h("option", { value: one.value }, one.label)));
      }
      select.value = value;
    },
  };
}
