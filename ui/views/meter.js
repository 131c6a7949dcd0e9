// A bar that follows a voice.
import { t } from "../i18n.js";
import { h, setAttribute } from "./dom.js";

/** How often it is drawn, in milliseconds. */
const DRAW_EVERY_MS = 80;

export function createMeter() {
  const bar = h("i");
  const element = h(
    "div",
    { class: "meter", role: "meter", "aria-label": t("devices.level"), "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0, hidden: true },
    bar,
  );
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  return {
    element,
    /** @param {() => number | null} level 0 to 1; null while it is not known: then there is no bar */
    follow(level) {
      clearInterval(timer);
      timer = setInterval(() => {
        const now = level();
        element.hidden = now === null;
        if (now === null) return;
        bar.style.setProperty("--level", now.toFixed(3));
        setAttribute(element, "aria-valuenow", Math.round(now * 100));
      }, DRAW_EVERY_MS);
    },
    rest() {
      clearInterval(timer);
      element.hidden = true;
    },
  };
}
