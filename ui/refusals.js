// What the core says, which speaks English, in the person's language: its sentences are known by their English text
// (the test of the locales looks for each in the Rust sources). What is not known is shown as it came.
import en from "./locales/en.js";
import { spoken, t } from "./i18n.js";

/** @typedef {import("./i18n.js").Key} Key */

/** @param {string} text */
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * @param {string} template with {placeholders}
 * @returns {RegExp} that fits what it can become, with a group for each
 */
function shapeOf(template) {
  const parts = template.split(/\{(\w+)\}/);
  const pattern = parts.map((part, at) => (at % 2 === 0 ? literal(part) : `(?<${part}>.+)`));
  return new RegExp(`^${pattern.join("")}$`, "su");
}

/** The keys of all that the core says. */
export const SAID_BY_CORE = /** @type {Key[]} */ (Object.keys(en).filter((key) => key.startsWith("core.")));

/** Made when the first sentence has to be known. @type {{ key: Key, shape: RegExp }[]} */
let shapes = [];

/**
 * The sentence in the language of the page.
 * @param {string} sentence the core's
 */
export function translated(sentence) {
  if (spoken() === "en") return sentence;
  if (shapes.length === 0) shapes = SAID_BY_CORE.map((key) => ({ key, shape: shapeOf(String(en[key])) }));
  for (const { key, shape } of shapes) {
    const found = shape.exec(sentence);
    if (found) return t(key, found.groups);
  }
  return sentence;
}
