// A ring around the face that follows the voice, where the connection tells how loud it is.
// Drawn ten times a second and only while it changes: an endless animation would cost CPU all through a call. For the same reason
// it steps from size to size and no transition is in between, which drew sixty times a second while somebody spoke.
import { h } from "./dom.js";

const EVERY_MS = 100;

/** @param {() => number | null} level 0 to 1 */
export function createVoiceRing(level) {
  const element = h("span", { class: "voice-ring", "aria-hidden": "true" });
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  let drawn = 0;

  const draw = () => {
    // Speech sits low on a linear scale; the root brings it up. Falling is slower than rising.
    const loud = still.matches ? 0 : Math.min(1, Math.sqrt(level() ?? 0) * 1.4);
    const next = Math.round(Math.max(loud, drawn * 0.7) * 20) / 20;
    if (next === drawn) return;
    drawn = next;
    element.style.transform = `scale(${1 + 0.16 * next})`;
  };

  return {
    element,
    /** @param {boolean} on */
    run(on) {
      if (on === (timer !== undefined)) return;
      if (on) {
        timer = setInterval(draw, EVERY_MS);
      } else {
        clearInterval(timer);
        timer = undefined;
        drawn = 0;
        element.style.transform = "";
      }
    },
  };
}
