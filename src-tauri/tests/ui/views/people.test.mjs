// The people as they are grouped, and all one can do with each, also without a mouse.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { inviteIn } from "../../../../ui/views/drop.js";
import { BOB, ZOE, openWindow, settled } from "./window.mjs";

const ANN = { ...BOB, key: "ann-key", name: "Ann", own_name: "Ann", favorite: true };

let page, done, show;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  ({ page, done, show } = await openWindow());
});
afterEach(() => {
  for (const dialog of page.all("dialog")) dialog.close();
  page.document.querySelector("[role=menu]")?.remove();
  show();
  mock.timers.reset();
});

const names = (list) => [...page.find("list", list).querySelectorAll(".row-name")].map((name) => name.textContent);

describe("the list", () => {
  test("has favourites, then who was called last, then everyone, each once", () => {
    show({ contacts: [ANN, { ...BOB, last_call_ms: 5 }, ZOE] });
    assert.deepEqual(names("Favourites"), ["Ann"]);
    assert.deepEqual(names("Recent"), ["Bob"]);
    assert.deepEqual(names("Contacts"), ["Zoë"]);
  });

  test("is one while a name is typed", () => {
    show({ contacts: [ANN, BOB, ZOE] });
    page.type(page.find("searchbox", "Find a contact"), "n");
    assert.equal(page.find("list", "Favourites"), null);
    assert.deepEqual(names("Contacts"), ["Ann"]);
  });

  test("is walked through with the arrows, from group to group", () => {
    show({ contacts: [ANN, BOB] });
    page.press(page.find("searchbox", "Find a contact"), "ArrowDown");
    assert.equal(page.document.activeElement, page.find("button", "Show Ann"));
    page.press(page.document.activeElement, "ArrowDown");
    assert.equal(page.document.activeElement, page.find("button", "Show Bob"));
    page.press(page.document.activeElement, "ArrowUp");
    page.press(page.document.activeElement, "ArrowUp");
    assert.equal(page.document.activeElement, page.find("searchbox", "Find a contact"));
  });

  test("says in words who can be called, where they let us know", () => {
    show({ contacts: [{ ...BOB, reachable: true }, { ...ZOE, reachable: false }, ANN] });
    assert.equal(page.find("button", "Show Bob").getAttribute("aria-description"), "Can be called");
    assert.equal(page.find("button", "Show Zoë").getAttribute("aria-description"), "Not here now");
    assert.equal(page.find("button", "Show Ann").getAttribute("aria-description"), null);
  });
});

describe("a person's page", () => {
  const open = (changes = {}) => {
    show({ contacts: [{ ...BOB, ...changes }] });
    page.click(page.find("button", "Show Bob"));
  };

  test("has a star", async () => {
    open();
    page.click(page.find("button", "Favourite"));
    assert.deepEqual(done, [["setFavorite", "bob-key", true]]);
    show({ contacts: [{ ...BOB, favorite: true }] });
    assert.equal(page.find("button", "Favourite").getAttribute("aria-pressed"), "true");
  });

  test("keeps a note once typing rests, and not one that is too long", async () => {
    open({ note: "Colleague" });
    const note = page.find("textbox", "My note");
    assert.equal(note.value, "Colleague");
    page.type(note, "x".repeat(502));
    assert.equal(page.text("#person-note-error"), "2 characters too many.");
    mock.timers.tick(2_000);
    assert.deepEqual(done, []);
    page.type(note, "Old friend");
    mock.timers.tick(2_000);
    await settled();
    assert.deepEqual(done, [["setNote", "bob-key", "Old friend"]]);
  });

  test("offers to ring when they can be called, unless they can", () => {
    open({ reachable: true });
    assert.equal(page.find("button", "Ring me when free"), null);
    show({ contacts: [{ ...BOB, reachable: false }] });
    page.click(page.find("button", "Ring me when free"));
    assert.deepEqual(done, [["setRingWhenFree", "bob-key", true]]);
  });

  test("says who may see whether I am here", async () => {
    open();
    page.change(page.find("checkbox", "May see whether I can be called"), true);
    await settled();
    assert.deepEqual(done, [["setPresence", "bob-key", true]]);
  });
});

describe("the menu of a person", () => {
  const open = () => {
    show();
    const row = page.find("button", "Show Bob");
    row.focus();
    page.press(row, "F10", { shiftKey: true });
    return row;
  };

  test("opens by keyboard, and goes back to where it was opened", () => {
    const row = open();
    assert.ok(page.find("menu", "What to do with Bob"));
    assert.equal(page.document.activeElement.textContent, "Call");
    page.press(page.document.activeElement, "ArrowUp");
    assert.equal(page.document.activeElement.textContent, "Remove");
    page.press(page.document.activeElement, "v");
    assert.equal(page.document.activeElement.textContent, "Voice call");
    page.press(page.document.activeElement, "Escape");
    assert.equal(page.find("menu", "What to do with Bob"), null);
    assert.equal(page.document.activeElement, row);
  });

  test("has all there is to do", () => {
    open();
    const items = page.all("menuitem").map((item) => item.textContent);
    assert.deepEqual(items, ["Call", "Voice call", "Add to favourites", "Edit note", "Rename", "Block", "Remove"]);
    page.click(page.find("menuitem", "Voice call"));
    assert.deepEqual(done, [["call", "bob-key", false]]);
  });

  test("leads to the note", () => {
    open();
    page.click(page.find("menuitem", "Edit note"));
    assert.equal(page.document.activeElement, page.find("textbox", "My note"));
  });
});

describe("what is dropped onto the window", () => {
  const data = (parts) => ({ getData: (type) => parts[type] ?? "" });
  test("is the link in it", () => {
    assert.equal(inviteIn(data({ "text/plain": "Call me: ringdown:abc#x — Bob" })), "ringdown:abc#x");
    assert.equal(inviteIn(data({ "text/plain": "Here I am (ringdown:abc?c=x-_)." })), "ringdown:abc?c=x-_");
    assert.equal(inviteIn(data({ "text/uri-list": "# a comment\r\nhttps://calls.example.org/i#x" })), "https://calls.example.org/i#x");
    assert.equal(inviteIn(data({ "text/plain": " hello " })), "hello");
  });
});
