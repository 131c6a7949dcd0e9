// What a call sounds like: which of several, how loud, played to choose it.
import { t } from "../../i18n.js";
import { field, h, icon, setAttribute, setIcon, setText } from "../dom.js";
import { createChoice } from "./choice.js";

/** @typedef {import("../../types.d.ts").Ringtone} Ringtone */

/** @type {readonly Ringtone[]} */
const RINGTONES = ["classic", "chime", "pulse"];
/** @type {Record<Ringtone, import("../../i18n.js").Key>} */
const NAMES = { classic: "devices.classic", chime: "devices.chime", pulse: "devices.pulse" };
/** How long a ringtone is heard, in milliseconds: once through the longest. */
const HEARD_MS = 2_600;

/**
 * @param {Pick<import("../actions.d.ts").Actions, "playRingtone">} actions
 * @param {import("./keeper.js").Keeper} keeper
 */
export function createRingtone(actions, keeper) {
  /** Ends what is played. @type {(() => void) | null} */
  let end = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const stop = () => {
    clearTimeout(timer);
    end?.();
    end = null;
    say();
  };
  const play = () => {
    stop();
    end = actions.playRingtone(keeper.settings.ringtone, Number(volume.value));
    timer = setTimeout(stop, HEARD_MS);
    say();
  };

  const tone = createChoice({
    id: "settings-ringtone",
    label: t("devices.ringtone"),
    choose: (value) => {
      keeper.keep({ ringtone: RINGTONES.find((one) => one === value) ?? "classic" });
      play();
    },
  });
  const percent = h("span", { class: "hint", "aria-hidden": "true" });
  const sayPercent = () => {
    const text = t("devices.volume_is", { count: Number(volume.value) });
    setText(percent, text);
    setAttribute(volume, "aria-valuetext", text);
  };
  const flush = () => {
    if (Number(volume.value) !== keeper.settings.ringtone_volume) keeper.keep({ ringtone_volume: Number(volume.value) });
  };
  const volume = h("input", { type: "range", min: 0, max: 100, step: 5, oninput: () => sayPercent(), onchange: flush });
  const mark = icon("play");
  const button = h("button", { type: "button", class: "button quiet", onclick: () => (end ? stop() : play()) }, mark, h("span"));
  const say = () => {
    setIcon(mark, end ? "stop" : "play");
    setText(/** @type {Element} */ (button.lastElementChild), t(end ? "devices.stop_playing" : "devices.play"));
  };
  say();

  return {
    element: h("div", { class: "stack" }, tone.element, field("settings-volume", t("devices.volume"), volume, percent), h("div", {}, button)),
    stop,
    flush,
    draw() {
      const { ringtone, ringtone_volume } = keeper.settings;
      tone.draw(RINGTONES.map((value) => ({ value, label: t(NAMES[value]) })), ringtone);
      volume.value = String(ringtone_volume);
      sayPercent();
    },
  };
}
