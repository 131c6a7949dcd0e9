// Every sentence the app says comes from a catalogue in locales/, through `t`. Before `speak`, it is English.
import en from "./locales/en.js";

/** @typedef {keyof typeof en} Key */
/** @typedef {Record<string, string | number>} Params */
/** @typedef {Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }} Plural */
/** @typedef {Record<Key, string | Plural>} Catalogue */
/** @typedef {"en" | "de" | "es" | "fr" | "pt" | "zh" | "ja" | "ar"} Language */

/**
 * What the app can speak, each by its own name. Catalogues but the English one are loaded when they are wanted.
 * @type {Record<Language, { name: string, load?: () => Promise<{ default: Partial<Catalogue> }> }>}
 */
export const LANGUAGES = {
  en: { name: "English" },
  de: { name: "Deutsch", load: () => import("./locales/de.js") },
  es: { name: "Español", load: () => import("./locales/es.js") },
  fr: { name: "Français", load: () => import("./locales/fr.js") },
  pt: { name: "Português", load: () => import("./locales/pt.js") },
  zh: { name: "简体中文", load: () => import("./locales/zh.js") },
  ja: { name: "日本語", load: () => import("./locales/ja.js") },
  ar: { name: "العربية", load: () => import("./locales/ar.js") },
};

/** @param {string} tag BCP 47 */
const languageOf = (tag) => /** @type {Language} */ (tag.split(/[-_]/)[0]?.toLowerCase() ?? "");

/** @param {Language} language */
const directionOf = (language) => (language === "ar" ? "rtl" : "ltr");

/** Letters that are written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/**
 * What is put into a sentence of the other direction must not turn its order around: FSI before it, PDI after.
 * @param {string} value
 * @param {"ltr" | "rtl"} direction of the sentence
 */
const isolate = (value, direction) =>
  direction === "rtl" || RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value;

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
  const direction = directionOf(languageOf(locale));
  return (key, params = {}) => {
    const entry = catalogue[key];
    const sentence =
      typeof entry === "string" ? entry : (entry[rules.select(Number(params.count))] ?? entry.other);
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = params[name];
      if (value === undefined) return whole;
      return typeof value === "number" ? numbers.format(value) : isolate(value, direction);
    });
  };
}

/**
 * All that depends on the language.
 * @param {Language} language
 * @param {string} locale the tag of it that Intl gets
 * @param {Catalogue} catalogue
 */
const voice = (language, locale, catalogue) => ({
  language,
  locale,
  say: translator(locale, catalogue),
  days: new Intl.DateTimeFormat(locale, { day: "numeric", month: "long" }),
  names: new Intl.Collator(locale, { sensitivity: "base", numeric: true }),
});

let current = voice("en", "en", en);

/**
 * The language of somebody who chose `wanted`, or, with null, whose system has these.
 * @param {string | null} wanted
 * @param {readonly string[]} preferred BCP 47 tags, the best first
 * @returns {Language}
 */
export function languageFor(wanted, preferred) {
  const tags = wanted === null ? preferred : [wanted, ...preferred];
  return tags.map(languageOf).find((language) => Object.hasOwn(LANGUAGES, language)) ?? "en";
}

/**
 * Speaks this language from now on; what was drawn before stays as it is.
 * @param {string | null} wanted null: the system's
 * @param {readonly string[]} [preferred] BCP 47 tags of the system
 */
export async function speak(wanted, preferred = navigator.languages) {
  const language = languageFor(wanted, preferred);
  // Dates as in the person's own country, digits as in timers, addresses and codes.
  const tag = preferred.find((tag) => languageOf(tag) === language) ?? language;
  const locale = new Intl.Locale(tag, { numberingSystem: "latn" }).toString();
  const loaded = await LANGUAGES[language].load?.();
  current = voice(language, locale, { ...en, ...loaded?.default });
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}

/** The language spoken now. */
export const spoken = () => current.language;

/** For Intl. */
export const locale = () => current.locale;

/** Looks up a sentence of the language the app speaks. @type {(key: Key, params?: Params) => string} */
export const t = (key, params) => current.say(key, params);

/** @param {number} ms Unix time */
export const dayText = (ms) => current.days.format(ms);

/**
 * Orders names the way people expect, ignoring case and accents.
 * @type {(a: string, b: string) => number}
 */
export const compareNames = (a, b) => current.names.compare(a, b);
