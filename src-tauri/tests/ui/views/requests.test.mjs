// Bob has opened Alice's invite: she is asked once, and strangers who borrow a name are called that.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { BOB, ZOE, openWindow, settled } from "./window.mjs";

const REQUEST = { key: "new-key", name: "Bob", namesake: null, alike: false, shared: false, received_ms: 0 };

let page, app, done, answers, show, ring;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  ({ page, app, done, answers, show, ring } = await openWindow());
});
afterEach(() => {
  show();
  mock.timers.reset();
});

const card = () => page.find("group", "Bob would like to call you");

describe("a contact request", () => {
  test("is a card with three answers, above the contacts", () => {
    show({ requests: [REQUEST] });
    const names = [...card().querySelectorAll("button")].map((one) => one.textContent);
    assert.deepEqual(names, ["Accept", "Ignore", "Block"]);
    assert.equal(page.find("list", "Contact requests").getAttribute("aria-live"), "polite");
  });

  test("accepting asks for my name for them, theirs to begin with", async () => {
    show({ requests: [REQUEST] });
    page.click(page.find("button", "Accept"));
    assert.ok(page.find("dialog", "Bob would like to call you"));
    assert.equal(page.find("textbox", "Contact name").value, "Bob");
    assert.deepEqual(done, []);
    page.type(page.find("textbox", "Contact name"), " Bobby ");
    page.submit(page.find("button", "Add"));
    await settled();
    assert.deepEqual(done, [["acceptRequest", "new-key", "Bobby"]]);
    assert.equal(page.text(".toast"), "Bobby is now a contact.");
  });

  test("an emptied name leaves the choice to the core", async () => {
    show({ requests: [REQUEST] });
    page.click(page.find("button", "Accept"));
    page.type(page.find("textbox", "Contact name"), "");
    page.submit(page.find("button", "Add"));
    await settled();
    assert.deepEqual(done, [["acceptRequest", "new-key", null]]);
  });

  test("can be ignored, or blocked without the other being told", async () => {
    show({ requests: [REQUEST] });
    page.click(page.find("button", "Ignore"));
    page.click(page.find("button", "Block"));
    await settled();
    assert.deepEqual(done, [["ignoreRequest", "new-key"], ["blockRequest", "new-key"]]);
    assert.match(page.text(".toast"), /not told/);
  });

  test("a refusal is told", async () => {
    answers.ignoreRequest = new Error("The disk is full.");
    show({ requests: [REQUEST] });
    page.click(page.find("button", "Ignore"));
    await settled();
    assert.equal(page.text("[role=alert]"), "The disk is full.");
  });

  test("of somebody with an old contact's name warns in words, on the card and when accepting", () => {
    show({ requests: [{ ...REQUEST, namesake: "Bob" }] });
    assert.match(page.text(".request-warning"), /not the Bob you already know/);
    page.click(page.find("button", "Accept"));
    assert.match(page.text("dialog .warning"), /not the Bob you already know/);
  });

  test("with a one-time invite that others show too, and under a name like theirs, says so on each card and when accepting", () => {
    const thief = { ...REQUEST, key: "thief-key", name: "Bоb", alike: true, shared: true };
    show({ requests: [{ ...REQUEST, alike: true, shared: true }, thief] });
    const warnings = [...page.document.querySelectorAll(".request-warning")].map((one) => one.textContent);
    assert.equal(warnings.length, 2);
    for (const warning of warnings) {
      assert.match(warning, /Several people ask with this one-time invite/);
      assert.match(warning, /a name that looks the same/);
    }
    page.click(page.find("button", "Accept"));
    assert.match(page.text("dialog .warning"), /Several people ask/);
    show({ requests: [REQUEST] });
    assert.ok(page.document.querySelector(".request-warning").hasAttribute("hidden"), "the others were turned away");
  });

  test("leaves when it is answered, and its neighbours keep their place and focus", () => {
    const ann = { ...REQUEST, key: "ann-key", name: "Ann" };
    show({ requests: [REQUEST, ann] });
    const group = page.find("group", "Ann would like to call you");
    show({ requests: [ann] });
    assert.equal(card(), null);
    assert.equal(page.find("group", "Ann would like to call you"), group);
    show();
    assert.equal(page.find("list", "Contact requests"), null);
  });
});

describe("a request that was clicked in its notification", () => {
  const ANN = { ...REQUEST, key: "ann-key", name: "Ann" };
  const focused = () => page.document.activeElement?.getAttribute("aria-label");

  test("has the focus, and none of its answers is one key press away", () => {
    show({ requests: [REQUEST, ANN] });
    app.showRequest("ann-key");
    assert.equal(focused(), "Ann would like to call you");
  });

  test("has it once it is drawn, and then takes it no more", () => {
    app.showRequest("ann-key");
    show({ requests: [REQUEST, ANN] });
    assert.equal(focused(), "Ann would like to call you");
    page.find("searchbox", "Find a contact").focus();
    show({ requests: [ANN] });
    assert.equal(focused(), "Find a contact");
  });

  test("is gone without a trace when it was answered meanwhile, and waits behind a call", () => {
    show({ requests: [ANN] });
    const before = focused();
    app.showRequest("new-key");
    assert.equal(focused(), before);
    ring({ phase: "connected", connected_ms: 0 });
    app.showRequest("ann-key");
    assert.notEqual(focused(), "Ann would like to call you");
  });
});

describe("somebody I asked", () => {
  test("is shown as waiting, in the list and on their page", () => {
    show({ contacts: [{ ...BOB, standing: "requested" }, ZOE] });
    assert.equal(page.text(".row-standing:not([hidden])"), "Waiting for an answer");
    page.click(page.find("button", "Show Bob"));
    assert.match(page.text(".person-standing"), /^Waiting for Bob to accept your request/);
    show({ contacts: [BOB, ZOE] });
    assert.equal(page.document.querySelector(".row-standing:not([hidden])"), null);
    assert.ok(page.document.querySelector(".person-standing").hasAttribute("hidden"));
  });
});

describe("a contact who calls themselves like another", () => {
  test("is said to be somebody else, on their page", () => {
    show({ contacts: [BOB, { ...ZOE, own_name: "Bоb", namesake: "Bob" }] });
    page.click(page.find("button", "Show Zoë"));
    assert.match(page.text(".person-own"), /like your contact Bob, and is somebody else/);
    show({ contacts: [BOB, ZOE] });
    assert.equal(page.text(".person-own"), "Calls themselves Zoë S.");
  });
});

describe("what a pasted invite says before it is added", () => {
  const plain = { name: "Bob", known: null, own: false, expired: false, namesake: null };
  for (const [what, changes, words, mood] of [
    ["whose it is", {}, /^This is Bob’s invite\.$/, "good"],
    ["that it is my own", { own: true }, /your own invite/, "bad"],
    ["that it has expired", { expired: true }, /^This invite has expired\. Ask Bob for a new one\.$/, "bad"],
    ["that I know them", { known: "Bobby" }, /already know this person as Bobby/, "good"],
    ["that it is another Bob", { namesake: "Bob" }, /not from the Bob you already know/, "warning"],
  ]) {
    test(what, async () => {
      show();
      answers.previewInvite = { ...plain, ...changes };
      page.click(page.find("button", "Add contact"));
      page.type(page.find("textbox", "Invite link"), "ringdown:bob");
      mock.timers.tick(200);
      await settled();
      assert.match(page.text("#add-preview"), words);
      assert.equal(page.document.querySelector("#add-preview").getAttribute("data-mood"), mood);
    });
  }
});
