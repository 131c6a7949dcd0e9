// A face for a key: initials of the name, colours of the key, so that a key looks the same everywhere.

/** The hues that stay clear at the depth white letters need: from green over blue to red, without the muddy yellows. */
const FIRST_HUE = 130;
const HUES = 275;

/**
 * Two hues in degrees, computed from an identity key. FNV-1a over its text: every character counts.
 * @param {string} key base64url
 * @returns {[number, number]}
 */
export function hues(key) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193) >>> 0;
  }
  // FNV's low bits mix poorly over short inputs.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  const first = hash % HUES;
  const apart = 30 + ((hash >>> 16) % 50);
  const hue = (/** @type {number} */ at) => (FIRST_HUE + (at % HUES)) % 360;
  return [hue(first), hue(first + apart)];
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * One or two letters: of the first word, and of the last if there are several.
 * @param {string} name
 */
export function initials(name) {
  const words = name.split(/[\s\-_.]+/u).filter((word) => /[\p{L}\p{N}\p{Emoji}]/u.test(word));
  const chosen = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return chosen.map((word) => firstLetter(word ?? "")).join("") || "?";
}

/** @param {string} word */
function firstLetter(word) {
  const letters = word.replace(/^[^\p{L}\p{N}\p{Emoji}]+/u, "");
  for (const { segment } of graphemes.segment(letters)) return segment.toLocaleUpperCase();
  return "";
}
