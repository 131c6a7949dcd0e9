// Alice's app can't start: she is told why, and can do something about it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPage } from "./page.mjs";
import { settled } from "./window.mjs";

const page = createPage();
const { createFailed } = await import("../../../../ui/views/failed.js");

/** @param {string} code */
function fails(code, message = "It can't start. Do this.") {
  const done = [];
  const answers = {};
  const way = (name) => (...args) => {
    done.push([name, ...args]);
    return answers[name] ? Promise.reject(answers[name]) : Promise.resolve();
  };
  const ways = {
    ...Object.fromEntries(["restore", "takeKey", "beginAnew", "startAgain"].map((name) => [name, way(name)])),
    started: () => done.push(["started"]),
  };
  for (const dialog of page.all("dialog")) dialog.close();
  page.document.body.replaceChildren(createFailed({ code, message }, ways));
  return { done, answers };
}

const buttons = () => page.all("button").map((button) => button.textContent.trim());

async function submit(button) {
  page.submit(page.all("button").filter((one) => one.textContent === button).at(-1));
  await settled();
}

test("a key that is lost has four ways out", () => {
  for (const code of ["key", "key_gone", "key_missing", "key_other", "keyring"]) {
    fails(code);
    assert.match(page.text("[role=alert]"), /Ringdown can't start.*Do this\./);
    assert.deepEqual(buttons(), ["Try again", "Restore a backup", "Choose key file…", "Begin anew…"], code);
  }
});

test("contacts that are damaged can be restored or given up, and no key helps them", () => {
  fails("storage_damaged");
  assert.deepEqual(buttons(), ["Try again", "Restore a backup", "Begin anew…"]);
});

test("what passes by itself can only be tried again", async () => {
  const { done } = fails("storage_locked");
  assert.deepEqual(buttons(), ["Try again"]);
  page.click(page.find("button", "Try again"));
  await settled();
  assert.deepEqual(done, [["startAgain"], ["started"]]);
});

test("trying again in vain says why, and where it is another reason shows its ways out", async () => {
  const { done, answers } = fails("keyring");
  answers.startAgain = { code: "keyring", message: "It is still locked." };
  page.click(page.find("button", "Try again"));
  await settled();
  assert.match(page.text("[role=alert]"), /It is still locked\./);
  assert.equal(page.find("button", "Try again").disabled, false);
  answers.startAgain = { code: "key_gone", message: "It is gone." };
  page.click(page.find("button", "Try again"));
  await settled();
  assert.deepEqual(done.at(-1), ["started"], "the page is made anew");
});

test("the key file is handed over; one that does not fit says so and stays to be chosen again", async () => {
  const { done, answers } = fails("key_missing");
  page.click(page.find("button", "Choose key file…"));
  await submit("Use this key");
  assert.match(page.find("dialog", "Choose your key file").textContent, /Choose the file first/);
  const file = new Blob(["key"]);
  page.choose(page.document.querySelector("#key-file"), file);
  answers.takeKey = new Error("This is not the key that your contacts know.");
  await submit("Use this key");
  assert.match(page.find("dialog", "Choose your key file").textContent, /not the key that your contacts know/);
  delete answers.takeKey;
  await submit("Use this key");
  assert.deepEqual(done, [["takeKey", file], ["takeKey", file], ["started"]]);
});

test("a backup is restored with its passphrase", async () => {
  const { done } = fails("key_gone");
  page.click(page.find("button", "Restore a backup"));
  const file = new Blob(["age"]);
  page.choose(page.document.querySelector("#restore-file"), file);
  page.type(page.find("textbox", "Passphrase of the backup"), "lantern mossy quarter");
  await submit("Restore");
  assert.deepEqual(done.map(([name]) => name), ["restore", "started"]);
  assert.deepEqual(done[0], ["restore", file, "lantern mossy quarter"]);
});

test("nobody begins anew by one click, nor without knowing what it means", async () => {
  const { done } = fails("key_missing");
  page.click(page.find("button", "Begin anew…"));
  assert.deepEqual(done, []);
  assert.match(page.text("dialog .warning"), /friends can no longer call you/);
  assert.match(page.text("dialog .hint"), /Nothing is deleted/);
  await submit("Begin anew");
  assert.deepEqual(done, [["beginAnew"], ["started"]]);
});
