// On or off, at once: a switch goes back where what it asked for is refused.
import { h, setAttribute } from "./dom.js";

/**
 * @param {{
 *   id: string,
 *   label: string,
 *   hint?: string,
 *   set(on: boolean): Promise<unknown> | undefined,
 *   failed(failure: unknown): void,
 * }} options
 */
export function createSwitch({ id, label, hint, set, failed }) {
  let held = false;
  const input = h("input", {
    type: "checkbox",
    class: "switch",
    role: "switch",
    id,
    "aria-label": label,
    "aria-describedby": hint === undefined ? null : `${id}-hint`,
    onchange: async () => {
      const wanted = input.checked;
      const before = held;
      held = wanted;
      try {
        await set(wanted);
      } catch (failure) {
        input.checked = held = before;
        failed(failure);
      }
      say();
    },
  });
  const say = () => setAttribute(input, "aria-checked", String(input.checked));
  const element = h(
    "label",
    { class: "choice", for: id },
    input,
    h("span", {}, h("span", { class: "choice-name" }, label), hint !== undefined && h("span", { class: "hint", id: `${id}-hint`, dir: "auto" }, hint)),
  );
  /** @param {boolean} on */
  const update = (on) => {
    input.checked = held = on;
    say();
  };
  say();
  return {
    element,
    input,
    get isOn() {
      return held;
    },
    update,
    /**
     * Until it is known how it stands, it can't be changed.
     * @param {Promise<boolean>} state
     * @param {() => void} [known]
     */
    async load(state, known) {
      input.disabled = true;
      try {
        update(await state);
        input.disabled = false;
        known?.();
      } catch (failure) {
        failed(failure);
      }
    },
  };
}
