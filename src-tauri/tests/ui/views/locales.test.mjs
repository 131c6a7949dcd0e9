// Every language says everything, with the same names and numbers in it, in all its plural forms.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import en from "../../../../ui/locales/en.js";
import { LANGUAGES, languageFor, spoken, speak, t } from "../../../../ui/i18n.js";
import { SAID_BY_CORE, translated } from "../../../../ui/refusals.js";

const SRC = new URL("../../../", import.meta.url);
const LOCALES = new URL("../../../../ui/locales/", import.meta.url);

const forms = (entry) => (typeof entry === "string" ? { other: entry } : entry);
const placeholders = (sentence) => [...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();
const without = (names, name) => names.filter((one) => one !== name);

test("every catalogue is a language, every language has its catalogue", async () => {
  const files = (await readdir(LOCALES)).map((file) => file.replace(/\.js$/, "")).sort();
  assert.deepEqual(files, Object.keys(LANGUAGES).sort());
});

for (const [language, { load }] of Object.entries(LANGUAGES)) {
  const catalogue = async () => (load ? (await load()).default : en);

  test(`${language} has a sentence for everything, and nothing else`, async () => {
    const has = Object.keys(await catalogue());
    const wanted = Object.keys(en);
    assert.deepEqual(wanted.filter((key) => !has.includes(key)), [], "missing");
    assert.deepEqual(has.filter((key) => !wanted.includes(key)), [], "unknown");
  });

  test(`${language} says each name and number that English says`, async () => {
    for (const [key, entry] of Object.entries(await catalogue())) {
      const wanted = placeholders(forms(en[key]).other);
      for (const [form, sentence] of Object.entries(forms(entry))) {
        assert.notEqual(sentence.trim(), "", key);
        const said = placeholders(sentence);
        // “One call” needs no digit, but only where exactly one number has this form.
        const bare = ["zero", "one", "two"].includes(form) ? without(wanted, "count") : wanted;
        assert.ok(
          [wanted, bare].some((names) => JSON.stringify(names) === JSON.stringify(said)),
          `${key} (${form}) has {${said}} instead of {${wanted}}`,
        );
      }
    }
  });

  test(`${language} has all its plural forms`, async () => {
    const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted();
    for (const [key, entry] of Object.entries(await catalogue())) {
      const plural = typeof en[key] === "object";
      assert.equal(typeof entry === "object", plural, `${key} is ${plural ? "" : "not "}a plural in English`);
      if (plural) assert.deepEqual(Object.keys(entry).sort(), wanted, key);
    }
  });
}

test("a language that is not there falls back to the next one the person reads", () => {
  assert.equal(languageFor(null, ["pl-PL", "de-AT", "en"]), "de");
  assert.equal(languageFor("ja", ["de-AT"]), "ja");
  assert.equal(languageFor("tlh", ["pt-BR"]), "pt");
  assert.equal(languageFor(null, []), "en");
});

test("the page is told its language and direction", async () => {
  globalThis.document = { documentElement: {} };
  await speak("ar", ["en-GB"]);
  assert.equal(spoken(), "ar");
  assert.deepEqual(document.documentElement, { lang: "ar", dir: "rtl" });
  assert.ok(t("incoming.title", { name: "Bob" }).includes("\u2068Bob\u2069"), "a Latin name does not turn the sentence around");
  await speak(null, ["de-AT"]);
  assert.deepEqual(document.documentElement, { lang: "de", dir: "ltr" });
  assert.ok(t("incoming.title", { name: "ليلى" }).includes("\u2068ليلى\u2069"));
  assert.ok(t("incoming.title", { name: "Bob" }).includes("Bob"));
  await speak("en", []);
});

/** All Rust sources, each placeholder as `{}`, broken strings in one. */
async function rust() {
  const entries = await readdir(SRC, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".rs"));
  const texts = await Promise.all(files.map((entry) => readFile(`${entry.parentPath}/${entry.name}`, "utf8")));
  return texts.join("\n").replaceAll(/\\\n\s*/g, "").replaceAll(/\{[^{}\n]*\}/g, "{}");
}

test("the core says each of the sentences that are known as the core's", async () => {
  const said = await rust();
  const lost = SAID_BY_CORE.filter((key) => !said.includes(en[key].replaceAll(/\{\w+\}/g, "{}")));
  assert.deepEqual(lost, [], "these have changed or are gone in the Rust sources");
});

test("what the core says is translated, with the names in it", async () => {
  globalThis.document = { documentElement: {} };
  await speak("de", []);
  assert.equal(translated("Type a name."), t("core.name_empty"));
  assert.ok(translated("This invite has expired. Ask Bob (work) for a new one.").includes("Bob (work)"));
  assert.notEqual(translated("Type a name."), "Type a name.");
  assert.equal(translated("Something nobody has foreseen."), "Something nobody has foreseen.");
  await speak("en", []);
  assert.equal(translated("Type a name."), "Type a name.");
});
