// Finding a person by part of a name, as typed: case, accents and letter variants do not matter.
import { compareNames } from "./i18n.js";

/** @typedef {import("./types.d.ts").ContactView} ContactView */

/** Letters that Unicode does not decompose. @type {Record<string, string>} */
const PLAIN = { ß: "ss", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", æ: "ae", œ: "oe", ı: "i", ħ: "h" };

/**
 * A text with everything removed that people leave out when they type in a hurry.
 * @param {string} text
 */
export function fold(text) {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[ßøłđðþæœıħ]/g, (letter) => PLAIN[letter] ?? letter)
    .replace(/\s+/gu, " ")
    .trim();
}

/**
 * How well a name fits: 0 it begins so, 1 one of its words does, 2 it contains it; null not at all.
 * @param {string} name
 * @param {string} query folded
 */
function rank(name, query) {
  const folded = fold(name);
  if (folded.startsWith(query)) return 0;
  if (folded.includes(` ${query}`) || folded.includes(`-${query}`)) return 1;
  return folded.includes(query) ? 2 : null;
}

/**
 * The contacts that fit, best first; all of them by name when nothing is typed.
 * One's own name for a person counts before the name they gave themselves.
 * @param {readonly ContactView[]} contacts
 * @param {string} typed
 * @returns {ContactView[]}
 */
export function search(contacts, typed) {
  const query = fold(typed);
  const found = contacts.flatMap((contact) => {
    const own = rank(contact.own_name, query);
    const score = rank(contact.name, query) ?? (own === null ? null : own + 3);
    return score === null ? [] : [{ contact, score: query ? score : 0 }];
  });
  found.sort((a, b) => a.score - b.score || compareNames(a.contact.name, b.contact.name));
  return found.map(({ contact }) => contact);
}
