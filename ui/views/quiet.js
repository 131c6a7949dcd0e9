// Do not disturb: a button that says whether it is on, and a menu of how long.
import { t } from "../i18n.js";
import { timeText, whenText } from "../history-words.js";
import { h, icon, sentence, setAttribute, setIcon } from "./dom.js";
import { opensMenu } from "./menu.js";

/** @typedef {import("../types.d.ts").Quiet} Quiet */

const HOUR_MS = 3_600_000;
/** When a day begins, and until when the day before has not ended yet, by the clock on the wall. */
const MORNING = 8;
const SMALL_HOURS = 4;

/**
 * The next morning. In the small hours, "tomorrow" is the day that is about to begin.
 * @param {number} now
 */
export function tomorrow(now) {
  const morning = new Date(now);
  if (morning.getHours() >= SMALL_HOURS) morning.setDate(morning.getDate() + 1);
  return morning.setHours(MORNING, 0, 0, 0);
}

/**
 * @param {Quiet} quiet
 * @param {number} now
 */
export const isQuiet = (quiet, now) => quiet.kind === "on" || (quiet.kind === "until" && quiet.until_ms > now);

/**
 * What the rail says; null: nothing.
 * @param {Quiet} quiet
 * @param {number} now
 */
export function quietText(quiet, now) {
  if (!isQuiet(quiet, now)) return null;
  if (quiet.kind !== "until") return t("quiet.is_on");
  const today = whenText(quiet.until_ms, now) === timeText(quiet.until_ms);
  const time = today || quiet.until_ms - now < 24 * HOUR_MS ? timeText(quiet.until_ms) : whenText(quiet.until_ms, now);
  return t("quiet.is_until", { time });
}

/** @param {Pick<import("./actions.d.ts").Actions, "setQuiet" | "notify">} actions */
export function createQuiet(actions) {
  /** @type {Quiet} */
  let quiet = { kind: "off" };
  /** @param {() => Quiet} wanted */
  const set = (wanted) => () => {
    actions.setQuiet(wanted()).catch((failure) => actions.notify(sentence(failure, t("error.unknown")), "error"));
  };
  const mark = icon("bell");
  const element = h("button", { type: "button", class: "icon-button quiet-button" }, mark);
  opensMenu(element, () => {
    const on = isQuiet(quiet, Date.now());
    return {
      label: t("quiet.title"),
      items: [
        { label: t("quiet.hour"), checked: false, run: set(() => ({ kind: "until", until_ms: Date.now() + HOUR_MS })) },
        { label: t("quiet.tomorrow"), checked: false, run: set(() => ({ kind: "until", until_ms: tomorrow(Date.now()) })) },
        { label: t("quiet.on"), checked: on && quiet.kind === "on", run: set(() => ({ kind: "on" })) },
        { label: t("quiet.off"), checked: !on, run: set(() => ({ kind: "off" })) },
      ],
    };
  });
  return {
    element,
    /** @param {Quiet} next */
    update(next) {
      quiet = next;
      const text = quietText(quiet, Date.now());
      setIcon(mark, text ? "bell-off" : "bell");
      setAttribute(element, "aria-label", text ?? t("quiet.title"));
      setAttribute(element, "title", text ?? t("quiet.title"));
      setAttribute(element, "data-on", String(text !== null));
    },
  };
}
