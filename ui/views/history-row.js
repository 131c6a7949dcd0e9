// One call that is over: what it was, how it went, a call back, and out of the list.
import { t } from "../i18n.js";
import { detailTexts, isMissed, kindText, timeText } from "../history-words.js";
import { h, icon, setAttribute, setText } from "./dom.js";

/** @typedef {import("../types.d.ts").HistoryEntry} HistoryEntry */

/** @param {HistoryEntry} entry */
const iconOf = (entry) => (isMissed(entry) ? "call-missed" : entry.direction === "incoming" ? "call-in" : "call-out");

/**
 * @param {HistoryEntry} entry never changes, but for the name
 * @param {{
 *   named: boolean,
 *   call(key: string, video: boolean): void,
 *   show(key: string): void,
 *   remove(entry: HistoryEntry): void,
 * }} options `named`: says with whom
 */
export function createHistoryRow(entry, { named, call, show, remove }) {
  const { contact } = entry;
  const missed = isMissed(entry);
  const kind = h("span", { class: "past-kind" }, icon(iconOf(entry)), h("span", {}, kindText(entry)));
  const time = h("time", { datetime: new Date(entry.started_ms).toISOString() }, timeText(entry.started_ms));
  const details = h("span", { class: "past-details", dir: "auto" });
  const who = contact
    ? h("button", { type: "button", class: "past-name", dir: "auto", onclick: () => show(contact) })
    : h("span", { class: "past-name", dir: "auto" });
  const back = h(
    "button",
    { type: "button", class: "icon-button", hidden: contact === null, onclick: () => contact && call(contact, entry.video) },
    icon(entry.video ? "video" : "phone"),
  );
  const drop = h("button", { type: "button", class: "icon-button", onclick: () => remove(entry) }, icon("remove"));
  const element = h(
    "li",
    { class: missed ? "past missed" : "past" },
    h("div", { class: "past-words" }, named && who, kind, h("span", { class: "past-line" }, time, details)),
    back,
    drop,
  );
  return {
    element,
    /** @param {HistoryEntry} next */
    update(next) {
      entry = next;
      const { name } = next;
      setText(who, name);
      setText(details, detailTexts(next).map((text) => ` · ${text}`).join(""));
      if (contact) setAttribute(who, "aria-label", t("history.show", { name }));
      const labels = /** @type {const} */ ([
        [back, t(next.video ? "history.call_back" : "history.voice_back", { name })],
        [drop, t("history.delete", { name })],
      ]);
      for (const [button, label] of labels) {
        setAttribute(button, "aria-label", label);
        setAttribute(button, "title", label);
        setAttribute(button, "aria-description", `${kindText(next)}, ${timeText(next.started_ms)}`);
      }
    },
  };
}
