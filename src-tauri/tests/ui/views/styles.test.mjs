// The style sheets hold in every language, for whoever wants no motion, and in every colour scheme.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

const UI = new URL("../../../../ui/", import.meta.url);

async function sheets() {
  const names = (await readdir(new URL("style/", UI))).filter((name) => name.endsWith(".css"));
  return Promise.all(names.map(async (name) => ({ name, css: bare(await readFile(new URL(`style/${name}`, UI), "utf8")) })));
}

const bare = (css) => css.replaceAll(/\/\*[^]*?\*\//g, "");

/** Every `selector { declarations }` that holds declarations, those in at-rules too. */
const rules = (css) => [...css.matchAll(/([^{};]+)\{([^{}]*)\}/g)].map(([, selector, body]) => ({ selector: selector.trim(), body }));

test("both pages have the tokens and the base on", async () => {
  for (const page of ["index.html", "popup.html"]) {
    const html = await readFile(new URL(page, UI), "utf8");
    for (const sheet of ["tokens.css", "base.css"]) assert.ok(html.includes(`style/${sheet}`), `${page}: ${sheet}`);
  }
});

test("nothing is left or right, where a language may begin on either side", async () => {
  const physical = /(?:^|[\s;])(?:(?:margin|padding|border|inset)-(?:left|right)|left|right|(?:float|clear|text-align)\s*:\s*(?:left|right))\b/;
  for (const { name, css } of await sheets()) {
    for (const { selector, body } of rules(css)) {
      // The corner one's own picture was dragged to is a place on the screen.
      if (selector.includes("data-corner")) continue;
      assert.doesNotMatch(body, physical, `${name}: ${selector}`);
      for (const [whole, sides] of body.matchAll(/(?:^|[\s;])(?:margin|padding|inset)\s*:\s*([^;]+)/g)) {
        const [, end, , start] = sides.trim().split(/\s+(?![^(]*\))/);
        assert.ok(start === undefined || start === end, `${name}: ${selector} {${whole} }`);
      }
    }
  }
});

test("with reduced motion nothing moves, and no rule insists on moving", async () => {
  const all = await sheets();
  const base = all.find(({ name }) => name === "base.css").css;
  const still = base.slice(base.indexOf("@media (prefers-reduced-motion: reduce)"));
  for (const property of ["animation", "transition"]) assert.ok(still.includes(`${property}: none !important`), property);
  for (const { name, css } of all) {
    const insisting = css.replace(name === "base.css" ? still : "", "").match(/(?:animation|transition)[\w-]*\s*:[^;}]*!important/);
    assert.equal(insisting, null, name);
  }
});

test("the system's colours are asked for in one place", async () => {
  for (const { name, css } of await sheets()) {
    assert.doesNotMatch(css, /prefers-(?:color-scheme|contrast)/, `${name}: use :root[data-theme] and :root[data-contrast]`);
  }
});
