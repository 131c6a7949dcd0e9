// What the app says about calls that are over, and about days.
import { locale, t } from "./i18n.js";

/** @typedef {import("./types.d.ts").HistoryEntry} HistoryEntry */
/** @typedef {import("./types.d.ts").EndReason} EndReason */
/** @typedef {import("./types.d.ts").Direction} Direction */
/** @typedef {import("./types.d.ts").PathKind} PathKind */
/** @typedef {import("./i18n.js").Key} Key */

/** What became of a call that nobody talked in, as each side reads it; null: its kind says it. @type {Record<EndReason, Record<Direction, Key | null>>} */
const BECAME = {
  declined: { outgoing: "history.declined", incoming: "history.declined_by_me" },
  busy: { outgoing: "history.busy", incoming: "history.busy_here" },
  no_answer: { outgoing: "history.no_answer", incoming: null },
  missed: { outgoing: "history.no_answer", incoming: null },
  cancelled: { outgoing: "history.cancelled", incoming: null },
  unreachable: { outgoing: "history.unreachable", incoming: "history.lost" },
  ended_by_me: { outgoing: "history.cancelled", incoming: "history.declined_by_me" },
  ended_by_peer: { outgoing: "history.declined", incoming: null },
  lost: { outgoing: "history.lost", incoming: "history.lost" },
  not_connected: { outgoing: "history.not_connected", incoming: "history.not_connected" },
  untrusted: { outgoing: "history.untrusted", incoming: "history.untrusted" },
};

/** How these end is worth a word even after a talk. @type {readonly EndReason[]} */
const ABRUPT = ["lost", "untrusted"];

/** @type {Record<PathKind, Key>} */
const PATH = { lan: "path.network", internet: "path.internet", relay: "path.relay_unknown" };

/** Somebody called and was not answered. @param {HistoryEntry} entry */
export const isMissed = ({ direction, duration_ms, reason }) =>
  direction === "incoming" && duration_ms === null && ["missed", "no_answer", "cancelled", "busy"].includes(reason);

/** @param {HistoryEntry} entry */
export function kindText(entry) {
  if (isMissed(entry)) return t(entry.video ? "history.missed_video" : "history.missed_voice");
  if (entry.direction === "incoming") return t(entry.video ? "history.in_video" : "history.in_voice");
  return t(entry.video ? "history.out_video" : "history.out_voice");
}

/** How it went, in words: how long, why not, along which path. @param {HistoryEntry} entry @returns {string[]} */
export function detailTexts(entry) {
  const { duration_ms, reason, direction, name, path } = entry;
  const became = duration_ms === null || ABRUPT.includes(reason) ? BECAME[reason][direction] : null;
  return [
    duration_ms === null ? null : t("history.lasted", { time: lastedText(duration_ms) }),
    entry.times > 1 ? t("history.times", { count: entry.times }) : null,
    became && t(became, { name }),
    entry.offline_note ? t("history.offline") : null,
    duration_ms !== null && path ? t(PATH[path]) : null,
  ].filter((text) => text !== null);
}

/**
 * "3 min, 20 sec", as the language has it.
 * @param {number} ms
 */
export function lastedText(ms) {
  const all = Math.max(1, Math.round(ms / 1000));
  const parts = { hour: Math.floor(all / 3600), minute: Math.floor(all / 60) % 60, second: all % 60 };
  const shown = Object.entries(parts).filter(([unit, count]) => count > 0 && !(unit === "second" && parts.hour > 0));
  const texts = shown.map(([unit, count]) =>
    new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short" }).format(count),
  );
  return new Intl.ListFormat(locale(), { type: "unit", style: "narrow" }).format(texts);
}

/** The day of a time, as a key to group by. @param {number} ms Unix time */
export function dayKey(ms) {
  const date = new Date(ms);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/**
 * How many midnights lie between.
 * @param {number} ms Unix time
 * @param {number} now
 */
function daysAgo(ms, now) {
  const midnight = (/** @type {number} */ time) => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(ms)) / 86_400_000);
}

/**
 * Today, yesterday, Monday, 3 November, 3 November 2025.
 * @param {number} ms Unix time
 * @param {number} now
 */
export function dayName(ms, now) {
  const ago = daysAgo(ms, now);
  if (ago <= 0) return t("history.today");
  if (ago === 1) return t("history.yesterday");
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  /** @type {Intl.DateTimeFormatOptions} */
  const form = ago < 7 ? { weekday: "long" } : { day: "numeric", month: "long", year: sameYear ? undefined : "numeric" };
  return new Intl.DateTimeFormat(locale(), form).format(ms);
}

/** @param {number} ms Unix time */
export const timeText = (ms) => new Intl.DateTimeFormat(locale(), { hour: "numeric", minute: "2-digit" }).format(ms);

/**
 * A time of today by the clock, any other with its day.
 * @param {number} ms Unix time
 * @param {number} now
 */
export function whenText(ms, now) {
  const ago = daysAgo(ms, now);
  if (ago === 0) return timeText(ms);
  return Math.abs(ago) === 1 && ms < now ? t("history.yesterday") : dayName(ms, now);
}
