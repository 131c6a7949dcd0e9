// The people as the rail groups them, and what is said of each.
import { t } from "./i18n.js";
import { whenText } from "./history-words.js";

/** @typedef {import("./types.d.ts").ContactView} ContactView */

/** How many of those last talked to are put before the others. */
const RECENT = 5;

/**
 * Each person once: favourites by name, those last called with by time, everyone else by name.
 * @param {readonly ContactView[]} contacts by name
 */
export function groups(contacts) {
  const favorites = contacts.filter(({ favorite }) => favorite);
  const recent = contacts
    .filter(({ favorite, last_call_ms }) => !favorite && last_call_ms !== null)
    .sort((a, b) => (b.last_call_ms ?? 0) - (a.last_call_ms ?? 0))
    .slice(0, RECENT);
  const others = contacts.filter((contact) => !contact.favorite && !recent.includes(contact));
  return { favorites, recent, others };
}

/** Whether they can be called, in words; null: not known. @param {ContactView} contact */
export function presenceText({ reachable }) {
  if (reachable === null) return null;
  return t(reachable ? "people.here" : "people.away");
}

/**
 * @param {ContactView} contact
 * @param {number} now
 */
export function lastCallText({ last_call_ms }, now) {
  return last_call_ms === null ? null : t("people.last_call", { day: whenText(last_call_ms, now) });
}

/**
 * What stands under a name in the list, which has room for one thing; empty: nothing.
 * @param {ContactView} contact
 * @param {number} now
 */
export function standingText(contact, now) {
  if (contact.standing === "requested") return t("standing.waiting_short");
  return presenceText(contact) ?? (contact.last_call_ms === null ? "" : whenText(contact.last_call_ms, now));
}

