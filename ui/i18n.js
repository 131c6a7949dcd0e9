// Every sentence the app says comes from a catalogue in locales/, through `t`.
import en from "./locales/en.js";

/** @typedef {keyof typeof en} Key */
/** @typedef {Record<string, string | number>} Params */
/** @typedef {Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }} Plural */
/** @typedef {Record<Key, string | Plural>} Catalogue */

/**
 * A function that looks sentences up in `catalogue` and fills in `{placeholders}`.
 * A plural entry is chosen by the parameter `count` under the rules of `locale`.
 * @param {string} locale a BCP 47 tag
 * @param {Catalogue} catalogue
 * @returns {(key: Key, params?: Params) => string}
 */
export function translator(locale, catalogue) {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  return (key, params = {}) => {
    const entry = catalogue[key];
    const sentence =
      typeof entry === "string" ? entry : (entry[rules.select(Number(params.count))] ?? entry.other);
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = params[name];
      if (value === undefined) return whole;
      return typeof value === "number" ? numbers.format(value) : value;
    });
  };
}

/** The translator of the language the app speaks. */
export const t = translator("en", en);

const days = new Intl.DateTimeFormat("en", { day: "numeric", month: "long" });

/** @param {number} ms Unix time */
export const dayText = (ms) => days.format(ms);

/**
 * Orders names the way people expect, ignoring case and accents.
 * @type {(a: string, b: string) => number}
 */
export const compareNames = new Intl.Collator("en", { sensitivity: "base", numeric: true }).compare;
