// How hard a passphrase is to guess, roughly: for a hint, not for a gate.

/** Fewer characters than these are refused. */
export const LEAST = 8;

/** @typedef {"short" | "weak" | "fair" | "strong"} Strength */

/** Sets of characters a guesser has to try. @type {readonly [RegExp, number][]} */
const SETS = [
  [/\p{Ll}/u, 26],
  [/\p{Lu}/u, 26],
  [/\d/, 10],
  [/[^\p{L}\d]/u, 20],
];

/** What a word of a passphrase is worth, in bits: few people choose from more than two thousand. */
const WORD_BITS = 11;
const FAIR_BITS = 44;
const STRONG_BITS = 60;

/**
 * The cheaper of two ways to guess: letter by letter, or word by word.
 * @param {string} passphrase
 * @returns {Strength}
 */
export function strengthOf(passphrase) {
  const letters = [...passphrase];
  if (letters.length < LEAST) return "short";
  const alphabet = SETS.reduce((sum, [set, size]) => sum + (set.test(passphrase) ? size : 0), 0);
  // A letter that repeats the one before, or follows it in the alphabet, is free.
  const surprising = letters.filter((letter, at) => at === 0 || !follows(letters[at - 1] ?? "", letter)).length;
  const byLetter = surprising * Math.log2(alphabet);
  const words = new Set(passphrase.toLowerCase().split(/[\s\-_.,]+/).filter(Boolean));
  const byWord = words.size > 1 ? words.size * WORD_BITS + 8 : Infinity;
  const bits = Math.min(byLetter, byWord);
  if (bits < FAIR_BITS) return "weak";
  return bits < STRONG_BITS ? "fair" : "strong";
}

/**
 * @param {string} before
 * @param {string} letter
 */
function follows(before, letter) {
  const step = (letter.codePointAt(0) ?? 0) - (before.codePointAt(0) ?? 0);
  return Math.abs(step) <= 1;
}
