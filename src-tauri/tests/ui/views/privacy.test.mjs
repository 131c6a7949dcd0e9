// Where Alice's key rests, and how she takes it to another computer.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { strengthOf } from "../../../../ui/passphrase.js";
import { openWindow, settled } from "./window.mjs";

const GOOD = "lantern mossy quarter giraffe tide";

let page, done, answers, show;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  ({ page, done, answers, show } = await openWindow());
});
afterEach(() => {
  for (const dialog of page.all("dialog")) dialog.close();
  show();
  mock.timers.reset();
});

const openSettings = (changes) => {
  show(changes);
  page.click(page.find("button", "Settings"));
};

test("she is told where her key is kept", () => {
  openSettings();
  assert.match(page.text(".privacy"), /in your system's keyring/);
  page.find("dialog", "Settings").close();
  openSettings({ privacy: { key_store: "file", sandbox: "on" } });
  assert.match(page.text(".privacy"), /in a file that only your user account can read.*encrypt the disk/);
});

test("she is told whether her window's page is shut in, and what to do where it is not", () => {
  const told = (/** @type {import("../../../../ui/types.d.ts").Sandbox} */ sandbox) => {
    openSettings({ privacy: { key_store: "file", sandbox } });
    const words = page.text(".privacy");
    page.find("dialog", "Settings").close();
    return words;
  };
  assert.match(told("on"), /runs in a sandbox/);
  assert.match(told("missing"), /without a sandbox.*Install both/);
  assert.match(told("refused"), /without a sandbox.*does not let programs make one/);
  assert.doesNotMatch(told("native"), /sandbox/);
});

describe("a backup", () => {
  const open = () => {
    openSettings();
    page.click(page.find("button", "Back up…"));
  };
  const type = (first, second = first) => {
    page.type(page.find("textbox", "Passphrase"), first);
    page.type(page.find("textbox", "Passphrase again"), second);
  };
  const save = async () => {
    page.submit(page.find("button", "Save backup"));
    await settled();
  };

  test("is made under a passphrase typed twice, and she is shown where it is", async () => {
    answers.backup = { path: "/home/alice/ringdown.age" };
    open();
    type(GOOD);
    assert.equal(page.text("#backup-hint"), "Strong.");
    await save();
    assert.deepEqual(done, [["backup", GOOD]]);
    assert.match(page.find("dialog", "Backup saved").textContent, /\/home\/alice\/ringdown\.age/);
  });

  test("is not made while the two differ, or the passphrase is too short", async () => {
    open();
    type(GOOD, "lantern");
    assert.equal(page.find("textbox", "Passphrase again").getAttribute("aria-invalid"), "true");
    await save();
    type("short");
    await save();
    assert.deepEqual(done, []);
    assert.ok(page.find("dialog", "Back up"));
  });

  test("that cannot be written says why", async () => {
    answers.backup = new Error("The disk is full. Free some space and try again.");
    open();
    type(GOOD);
    await save();
    assert.match(page.find("dialog", "Back up").textContent, /The disk is full/);
  });
});

describe("restoring", () => {
  const restore = async () => {
    page.submit(page.find("button", "Restore"));
    await settled();
  };

  test("warns of what it replaces, and takes a file and its passphrase", async () => {
    openSettings();
    page.click(page.find("button", "Restore…"));
    assert.match(page.text("dialog .warning"), /replaces who you are here/);
    await restore();
    assert.match(page.find("dialog", "Restore").textContent, /Choose the backup file first/);
    const file = new Blob(["age"]);
    page.choose(page.document.querySelector("#restore-file"), file);
    page.type(page.find("textbox", "Passphrase of the backup"), GOOD);
    await restore();
    assert.deepEqual(done, [["restore", file, GOOD]]);
    assert.equal(page.find("dialog", "Restore"), null);
  });

  test("a wrong passphrase keeps the dialog and says so", async () => {
    answers.restore = new Error("The passphrase does not open this file.");
    openSettings();
    page.click(page.find("button", "Restore…"));
    page.choose(page.document.querySelector("#restore-file"), new Blob(["age"]));
    await restore();
    assert.match(page.find("dialog", "Restore").textContent, /does not open this file/);
  });

  test("is offered on a new computer, where there is nothing to lose", () => {
    show({ profile: null, contacts: [] });
    page.click(page.find("button", "Restore a backup"));
    assert.ok(page.find("dialog", "Restore"));
    assert.equal(page.document.querySelector("dialog .warning"), null);
  });
});

test("how hard a passphrase is to guess, roughly", () => {
  for (const [passphrase, strength] of [
    ["abc", "short"],
    ["aaaaaaaaaaaaaaaa", "weak"],
    ["12345678901234", "weak"],
    ["password", "weak"],
    ["correct horse", "weak"],
    ["correct horse battery staple", "fair"],
    ["kX9!mQz2", "fair"],
    [GOOD + " cobalt", "strong"],
    ["q7!Gd0#xTz9pLm4", "strong"],
  ]) assert.equal(strengthOf(passphrase), strength, passphrase);
});
