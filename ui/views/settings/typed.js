// A field that says what is wrong with it as it is typed, and keeps what is right once one stops typing.
import { t } from "../../i18n.js";
import { field, h, setAttribute, setText } from "../dom.js";

/** How long typing rests before it is kept, in milliseconds. */
const KEEP_AFTER_MS = 800;

/**
 * @param {{
 *   id: string,
 *   label: string,
 *   judge(text: string): import("../../i18n.js").Key | null,
 *   keep(text: string): void,
 *   shown?(text: string): void,
 *   attributes?: import("../dom.js").Attributes,
 *   below?: import("../dom.js").Child[],
 * }} options `judge`: what is wrong; `keep`: called with what is right, where it changed;
 *   `shown`: what is in it now
 */
export function createTyped({ id, label, judge, keep, shown, attributes = {}, below = [] }) {
  const error = h("p", { class: "error", id: `${id}-error`, "aria-live": "polite" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let held = "";
  const check = () => {
    const wrong = judge(input.value);
    setText(error, wrong ? t(wrong) : "");
    setAttribute(input, "aria-invalid", wrong ? "true" : null);
    return wrong === null;
  };
  const flush = () => {
    clearTimeout(timer);
    if (input.value === held || !check()) return;
    held = input.value;
    keep(held);
  };
  const input = h("input", {
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    ...attributes,
    "aria-describedby": error.id,
    oninput: () => {
      clearTimeout(timer);
      shown?.(input.value);
      if (check()) timer = setTimeout(flush, KEEP_AFTER_MS);
    },
    onchange: flush,
  });
  return {
    element: field(id, label, input, ...below, error),
    input,
    flush,
    /** What holds, unless something else is being typed. @param {string} text */
    draw(text) {
      if (text === held) return;
      clearTimeout(timer);
      held = input.value = text;
      shown?.(text);
      check();
    },
  };
}
