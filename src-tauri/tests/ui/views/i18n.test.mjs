// Every sentence is there, and every sentence is said somewhere.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import en from "../../../../ui/locales/en.js";
import { translator } from "../../../../ui/i18n.js";

const UI = new URL("../../../../ui/", import.meta.url);

/** The sources that speak: all of ui/ but the catalogues and the engine's polyfill. */
async function sources() {
  const entries = await readdir(UI, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".js"))
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .filter((path) => !path.includes("/rtc/") && !path.includes("/locales/"));
  return Promise.all(files.map(async (path) => ({ path, text: await readFile(path, "utf8") })));
}

test("every key in the code has a sentence, every sentence a place in the code", async () => {
  const groups = new Set(Object.keys(en).map((key) => key.split(".")[0]));
  const used = new Set();
  for (const { path, text } of await sources()) {
    for (const [, key] of text.matchAll(/"([a-z]+\.[a-z_]+)"/g)) {
      if (!groups.has(key.split(".")[0])) continue;
      assert.ok(Object.hasOwn(en, key), `${path} says ${key}, which has no sentence`);
      used.add(key);
    }
  }
  // Those under "core." are said by the core: locales.test.mjs looks for them in its sources.
  assert.deepEqual(Object.keys(en).filter((key) => !used.has(key) && !key.startsWith("core.")), []);
});

test("no view holds a sentence of its own", async () => {
  for (const { path, text } of await sources()) {
    const own = [...text.matchAll(/(?:"aria-label"|title|placeholder|label): "([^"]*[a-z] [a-z][^"]*)"/g)];
    assert.deepEqual(own.map(([, words]) => words), [], path);
  }
});

test("placeholders are filled, unknown ones stay visible", () => {
  const t = translator("en", { ...en, "status.calling": "Calling {name}…" });
  assert.equal(t("status.calling", { name: "Bob" }), "Calling Bob…");
  assert.equal(t("status.calling"), "Calling {name}…");
});

test("a name with braces or dollar signs is said as it is", () => {
  const t = translator("en", en);
  assert.equal(t("status.calling", { name: "$& {name} $1" }), "Calling $& {name} $1…");
});

test("plurals follow the rules of the language", () => {
  const t = translator("en", en);
  assert.equal(t("settings.seconds", { count: 1 }), "1 second");
  assert.equal(t("settings.seconds", { count: 45 }), "45 seconds");
  const polish = translator("pl", { ...en, "settings.seconds": { one: "{count} sekunda", few: "{count} sekundy", other: "{count} sekund" } });
  assert.equal(polish("settings.seconds", { count: 3 }), "3 sekundy");
  assert.equal(polish("settings.seconds", { count: 5 }), "5 sekund");
});
