import assert from "node:assert/strict";
import { test } from "node:test";
import { hues, initials } from "../../../../ui/avatar.js";

test("a key has the same two hues everywhere", () => {
  const key = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  assert.deepEqual(hues(key), hues(key));
  assert.deepEqual(hues(key), [194, 270]);
});

test("keys that differ in one character look different", () => {
  const looks = new Set();
  for (const last of "ABCDEFGHIJKLMNOP") looks.add(hues(`${"x".repeat(42)}${last}`).join());
  assert.ok(looks.size >= 14);
});

test("hues stay where white letters are readable", () => {
  for (let at = 0; at < 500; at += 1) {
    for (const hue of hues(`key-${at}`)) assert.ok((hue >= 130 && hue < 360) || (hue >= 0 && hue < 45), String(hue));
  }
});

test("initials are of the first and the last word", () => {
  assert.equal(initials("Bob"), "B");
  assert.equal(initials("Émilie du Châtelet"), "ÉC");
  assert.equal(initials("łukasz żółć"), "ŁŻ");
  assert.equal(initials("李小龙"), "李");
  assert.equal(initials("(Dr.) Who"), "DW");
  assert.equal(initials("👩‍🚀 Ada"), "👩‍🚀A");
  assert.equal(initials("…"), "?");
});
