import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, search } from "../../../../ui/search.js";

const person = (name, own_name = name) => ({ key: name, name, own_name });
const people = ["Zoë", "Bob", "Émilie du Châtelet", "Łukasz Żółć", "Grace Hopper", "Rob Roy", "Ole Jørgensen"].map((name) => person(name));
const found = (typed, among = people) => search(among, typed).map(({ name }) => name);

test("case, accents and letter variants do not matter", () => {
  assert.equal(fold("  Émilie  du CHÂTELET "), "emilie du chatelet");
  assert.equal(fold("Łukasz Żółć"), "lukasz zolc");
  assert.equal(fold("Straße Ærø ﬁ"), "strasse aero fi");
  assert.equal(fold("İstanbul ıI"), "istanbul ii");
});

test("part of a name is enough", () => {
  assert.deepEqual(found("chat"), ["Émilie du Châtelet"]);
  assert.deepEqual(found("ZOL"), ["Łukasz Żółć"]);
  assert.deepEqual(found("jorg"), ["Ole Jørgensen"]);
  assert.deepEqual(found("nobody"), []);
});

test("a name that begins so comes first, then a word that does, then the rest", () => {
  const among = ["Jacob", "Anna Coburg", "Cobie"].map((name) => person(name));
  assert.deepEqual(found("cob", among), ["Cobie", "Anna Coburg", "Jacob"]);
});

test("my name for a person counts before the name they gave themselves", () => {
  const among = [person("Mum", "Bobbie"), person("Old Bob", "Robert")];
  assert.deepEqual(found("bob", among), ["Old Bob", "Mum"]);
});

test("with nothing typed everyone is there, by name", () => {
  assert.deepEqual(found("  "), ["Bob", "Émilie du Châtelet", "Grace Hopper", "Łukasz Żółć", "Ole Jørgensen", "Rob Roy", "Zoë"]);
});
