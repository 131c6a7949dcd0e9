// Bob's page: who he really is, whether he may ring, how calls with him connect.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { FakeStream, FakeTrack } from "./fake-peer.mjs";
import { BOB, ZOE, openWindow, settled } from "./window.mjs";

const NUMBER = "01234 56789 12345 67890 11111 22222 33333 44444 55555 66666 77777 88888";

let page, done, answers, show, ring;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  ({ page, done, answers, show, ring } = await openWindow());
  globalThis.MediaStream = FakeStream;
  answers.safety = { number: NUMBER, qr: "<svg/>", text: "ringdown-verify:1:a:b" };
  page.pictures();
});
afterEach(() => {
  show({ contacts: [] });
  mock.timers.reset();
});

const bob = (changes = {}) => show({ contacts: [{ ...BOB, ...changes }, ZOE] });
const openBob = (changes) => {
  bob(changes);
  page.click(page.find("button", "Show Bob"));
};
const badges = () => page.all("image").filter((one) => one.getAttribute("aria-label") === "Verified").length;

describe("the safety number", () => {
  const openNumber = async () => {
    openBob();
    page.fold("Safety number");
    await settled();
  };

  test("is asked for when it is looked at, in twelve groups that are said digit by digit", async () => {
    openBob();
    assert.deepEqual(done, []);
    await openNumber();
    assert.deepEqual(done, [["safety", "bob-key"]]);
    const groups = [...page.document.querySelectorAll(".digits li")];
    assert.equal(groups.map((one) => one.textContent).join(" "), NUMBER);
    assert.equal(groups[0].getAttribute("aria-label"), "0 1 2 3 4");
    assert.ok(page.find("image", "My safety code, for them to scan").getAttribute("src").startsWith("data:image/svg+xml,"));
  });

  test("of another person is another, and nothing of the first one stays", async () => {
    await openNumber();
    page.click(page.find("button", "Show Zoë"));
    assert.equal(page.document.querySelectorAll(".digits li").length, 0);
    page.fold("Safety number");
    await settled();
    assert.deepEqual(done.at(-1), ["safety", "zoe-key"]);
  });

  test("can be marked as verified, and unmarked", async () => {
    await openNumber();
    page.click(page.find("button", "Mark as verified"));
    await settled();
    assert.deepEqual(done.at(-1), ["setVerified", "bob-key", true]);
    bob({ verified: true });
    page.click(page.find("button", "Remove verification"));
    await settled();
    assert.deepEqual(done.at(-1), ["setVerified", "bob-key", false]);
  });

  const scan = async (check) => {
    await openNumber();
    answers.checkSafety = check;
    answers.readClipboard = { image: null, text: "ringdown-verify:1:b:a" };
    page.click(page.find("button", "Paste"));
    await settled();
    assert.deepEqual(done.at(-1), ["checkSafety", "bob-key", "ringdown-verify:1:b:a"]);
  };

  test("that matches says so", async () => {
    await scan("match");
    assert.match(page.text(".safety-match"), /this is Bob/);
    assert.equal(page.text(".safety-danger"), "");
  });

  test("that does not match is a strong warning, and says what to do", async () => {
    await scan("mismatch");
    const warning = page.document.querySelector(".safety-danger");
    assert.equal(warning.getAttribute("role"), "alert");
    assert.match(warning.textContent, /do NOT match.*Tell each other nothing private here/);
  });

  test("something else that was scanned is called that", async () => {
    await scan("not_one");
    assert.match(page.text(".safety-danger"), /no safety code of Bob/);
  });

  test("the camera that scans theirs goes dark when a call comes, or the page is left", async () => {
    for (const leave of [() => ring({ phase: "inviting" }), () => page.fold("Safety number", false), () => page.click(page.find("button", "Show Zoë"))]) {
      await openNumber();
      const lens = new FakeTrack("video");
      answers.openCamera = { track: lens, state: "ok" };
      page.click(page.find("button", "Scan their code"));
      await settled();
      assert.equal(lens.readyState, "live");
      leave();
      assert.equal(lens.readyState, "ended");
      bob();
    }
  });
});

describe("the badge of a verified contact", () => {
  test("is beside the name in the list, on the page, in a call and when they ring", () => {
    const contacts = [{ ...BOB, verified: true }, ZOE];
    show({ contacts });
    assert.equal(badges(), 1);
    page.click(page.find("button", "Show Bob"));
    assert.equal(badges(), 2);
    const call = { id: "one", contact: "bob-key", name: "Bob", reason: null, video: true, peer_video: true, connected_ms: null };
    show({ contacts, call: { ...call, direction: "incoming", phase: "ringing" } });
    assert.ok(page.find("dialog", "Bob is calling").querySelector(".badge:not([hidden])"));
    show({ contacts, call: { ...call, direction: "incoming", phase: "ended", reason: "missed" } });
    assert.ok(page.document.querySelector(".ended-card .badge:not([hidden])"));
    show({ contacts, call: { ...call, direction: "outgoing", phase: "connected", connected_ms: 0 } });
    assert.ok(page.document.querySelector(".stage .badge:not([hidden])"));
    assert.equal(page.text(".who-name"), "Bob");
  });

  test("is nobody else's", () => {
    bob();
    page.click(page.find("button", "Show Bob"));
    assert.equal(badges(), 0);
    ring({ phase: "connected" });
    assert.equal(badges(), 0);
  });
});

describe("blocking", () => {
  test("asks first, and says that the other is not told", async () => {
    openBob();
    page.click(page.find("button", "Block"));
    assert.match(page.find("dialog", "Block Bob?").textContent, /not told/);
    assert.deepEqual(done, []);
    page.submit(page.document.querySelector("dialog button[type=submit]"));
    await settled();
    assert.deepEqual(done, [["setBlocked", "bob-key", true]]);
  });

  test("folds them away, where neither a click nor a search calls them", () => {
    bob({ blocked: true });
    assert.equal(page.find("button", "Show Bob"), null);
    const box = page.find("searchbox", "Find a contact");
    page.type(box, "bob");
    page.press(box, "Enter");
    assert.deepEqual(done, []);
    page.fold("Blocked (1)");
    assert.equal(page.find("button", "Call Bob"), null);
    assert.ok(page.find("button", "Show Bob"));
  });

  test("can be taken back", async () => {
    bob({ blocked: true });
    page.fold("Blocked (1)");
    page.click(page.find("button", "Show Bob"));
    assert.equal(page.find("button", "Call Bob"), null);
    page.click(page.find("button", "Unblock"));
    await settled();
    assert.deepEqual(done, [["setBlocked", "bob-key", false]]);
  });
});

describe("how calls with one person connect", () => {
  const policy = () => page.find("combobox", "How calls connect");
  const early = () => page.find("checkbox", "Connect while ringing");

  test("is as in the settings until it is chosen", async () => {
    openBob();
    assert.match(policy().querySelector("option").textContent, /^As in settings: Only on this network$/);
    page.change(policy(), "relay_only");
    page.change(policy(), "as_set");
    await settled();
    assert.deepEqual(done, [["setContactPolicy", "bob-key", "relay_only"], ["setContactPolicy", "bob-key", null]]);
    bob({ ice_policy: "lan_only" });
    assert.equal(policy().value, "lan_only");
  });

  test("connecting while ringing is off, and says what it gives away", async () => {
    openBob();
    assert.equal(early().checked, false);
    assert.match(page.text("#contact-early-hint"), /Bob learns this computer's network address while it rings/);
    page.change(early(), true);
    await settled();
    assert.deepEqual(done, [["setEarly", "bob-key", true]]);
  });

  test("a choice that is refused goes back", async () => {
    answers.setEarly = new Error("The disk is full.");
    openBob();
    page.change(early(), true);
    await settled();
    assert.equal(early().checked, false);
    assert.equal(page.text("[role=alert]:not(:empty)"), "The disk is full.");
  });
});
