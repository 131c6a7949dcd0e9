// The window as screen readers and the end-to-end tests find it: by accessible name, in every state.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { BOB, CALL, MEDIA, SNAPSHOT, ZOE, openWindow, settled } from "./window.mjs";

const LONG = "Maximiliana-Theodora Wolkenstein-Rodeneg";

let page, app, done, answers, show, ring;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  ({ page, app, done, answers, show, ring } = await openWindow());
});
afterEach(() => {
  show();
  mock.timers.reset();
});

describe("first start", () => {
  test("asks for a name and nothing else", async () => {
    show({ profile: null, invite: null, contacts: [] });
    page.type(page.find("textbox", "Your name"), "Alice");
    page.submit(page.find("button", "Start"));
    await settled();
    assert.deepEqual(done, [["start", "Alice"]]);
    assert.equal(page.find("button", "Add contact"), null);
  });

  test("says what is wrong with a name", async () => {
    answers.start = new Error("Type a name.");
    show({ profile: null, contacts: [] });
    page.submit(page.find("button", "Start"));
    await settled();
    assert.equal(page.text("[role=alert]"), "Type a name.");
    assert.equal(page.find("button", "Start").disabled, false);
  });

  test("gives way to the people", () => {
    show({ profile: null, contacts: [] });
    show();
    assert.equal(page.find("textbox", "Your name"), null);
    assert.ok(page.find("list", "Contacts"));
  });
});

describe("home", () => {
  test("has my invite, the search box and both calls for each contact", () => {
    show();
    assert.equal(page.find("textbox", "My invite link").value, "ringdown:alice");
    assert.ok(page.find("textbox", "My invite link").hasAttribute("readonly"));
    assert.ok(page.find("button", "Copy my invite"));
    assert.ok(page.find("searchbox", "Find a contact"));
    page.click(page.find("button", "Call Bob"));
    page.click(page.find("button", "Voice call Zoë"));
    assert.deepEqual(done, [["call", "bob-key", true], ["call", "zoe-key", false]]);
    assert.deepEqual(page.statuses(), []);
  });

  test("typing part of a name and Enter calls the first match", () => {
    show();
    const box = page.find("searchbox", "Find a contact");
    page.type(box, "zo");
    assert.equal(page.find("button", "Call Bob"), null);
    page.press(box, "Enter");
    assert.deepEqual(done, [["call", "zoe-key", true]]);
    assert.equal(box.value, "");
    assert.ok(page.find("button", "Call Bob"));
  });

  test("Enter with nothing typed, or nobody found, calls nobody", () => {
    show();
    const box = page.find("searchbox", "Find a contact");
    page.press(box, "Enter");
    page.type(box, "nobody");
    page.press(box, "Enter");
    assert.deepEqual(done, []);
    assert.match(page.text(".people-none"), /nobody/);
  });

  test("rows stay the same elements while people come and go, so that focus stays", () => {
    show();
    const button = page.find("button", "Call Zoë");
    show({ contacts: [{ ...BOB, key: "a", name: "Ann", own_name: "Ann" }, BOB, { ...ZOE, name: "Zoe" }] });
    assert.equal(page.find("button", "Call Zoe"), button);
  });

  test("with nobody yet it says what to do next", () => {
    show({ contacts: [] });
    assert.match(page.text(".steps"), /Copy your invite link/);
  });

  test("in one column there is the list or the person, never both", () => {
    show();
    page.resize(false);
    page.click(page.find("button", "Show Bob"));
    assert.equal(page.find("list", "Contacts"), null);
    assert.ok(page.find("button", "Call Bob"));
    page.click(page.find("button", "Back to contacts"));
    assert.ok(page.find("list", "Contacts"));
  });

  test("says when friends cannot ring here", () => {
    show({ line: { server: "wss://x", online: false, message: "The server x does not answer." } });
    assert.equal(page.text(".me-line"), "The server x does not answer.");
  });
});

describe("contacts", () => {
  test("adding shows whose invite it is, and a name of one's own may be given", async () => {
    show();
    answers.previewInvite = { name: "Bob B.", known: null, own: false };
    answers.addContact = { key: "new", name: "Bobby", already_known: false };
    page.click(page.find("button", "Add contact"));
    assert.ok(page.find("dialog", "Add contact"));
    page.type(page.find("textbox", "Invite link"), "ringdown:bob");
    mock.timers.tick(200);
    await settled();
    assert.equal(page.text("#add-preview"), "This is Bob B.’s invite.");
    assert.equal(page.find("textbox", "Contact name").getAttribute("placeholder"), "Bob B.");
    page.type(page.find("textbox", "Contact name"), "Bobby");
    page.submit(page.find("button", "Add"));
    await settled();
    assert.deepEqual(done.at(-1), ["addContact", "ringdown:bob", "Bobby"]);
    assert.equal(page.find("dialog", "Add contact"), null);
  });

  test("an empty name leaves the choice to the core", async () => {
    show();
    answers.addContact = { key: "new", name: "Bob", already_known: true };
    page.click(page.find("button", "Add contact"));
    page.type(page.find("textbox", "Invite link"), "ringdown:bob");
    page.submit(page.find("button", "Add"));
    await settled();
    assert.deepEqual(done.at(-1), ["addContact", "ringdown:bob", null]);
    assert.match(page.text(".toast"), /already had Bob/);
  });

  test("a refused invite keeps the dialog and says why, once", async () => {
    show();
    answers.previewInvite = answers.addContact = new Error("This is not an invite.");
    page.click(page.find("button", "Add contact"));
    page.type(page.find("textbox", "Invite link"), "hello");
    mock.timers.tick(200);
    await settled();
    page.submit(page.find("button", "Add"));
    await settled();
    const dialog = page.find("dialog", "Add contact");
    assert.equal(dialog.textContent.split("This is not an invite.").length, 2);
  });

  test("an opened invite is filled in", async () => {
    show();
    answers.previewInvite = { name: "Bob", known: null, own: false };
    app.add("ringdown:bob");
    await settled();
    assert.equal(page.find("textbox", "Invite link").value, "ringdown:bob");
    assert.match(page.text("#add-preview"), /Bob/);
  });

  test("removing asks first", async () => {
    show();
    page.click(page.find("button", "Show Bob"));
    page.click(page.find("button", "Remove"));
    assert.ok(page.find("dialog", "Remove Bob?"));
    assert.deepEqual(done, []);
    page.submit(page.document.querySelector("dialog button[type=submit]"));
    await settled();
    assert.deepEqual(done, [["removeContact", "bob-key"]]);
  });

  test("renaming begins with the name there is", async () => {
    show();
    page.click(page.find("button", "Show Bob"));
    page.click(page.find("button", "Rename"));
    assert.equal(page.find("textbox", "New name").value, "Bob");
    page.type(page.find("textbox", "New name"), "Robert");
    page.submit(page.find("button", "Save"));
    await settled();
    assert.deepEqual(done, [["renameContact", "bob-key", "Robert"]]);
  });
});

describe("a call", () => {
  test("says where it stands in the one status", () => {
    for (const [phase, words] of [
      ["inviting", "Calling Bob…"],
      ["ringing", "Ringing…"],
      ["connecting", "Connecting…"],
      ["connected", "Connected"],
      ["reconnecting", "Reconnecting…"],
    ]) {
      ring({ phase });
      assert.deepEqual(page.statuses(), [words]);
      assert.equal(page.find("list", "Contacts"), null);
    }
  });

  test("has both pictures and every control by name", () => {
    ring({ phase: "connected", connected_ms: 0 }, { path: { kind: "network", relay: null, delay_ms: 1 } }, performance.now());
    assert.ok(page.find("video", "Bob").hasAttribute("autoplay"));
    assert.ok(page.find("video", "Bob").hasAttribute("playsinline"));
    assert.ok(page.find("video", "You"));
    assert.equal(page.find("video", "You").muted, true);
    for (const name of ["Microphone", "Camera"]) assert.equal(page.find("button", name).getAttribute("aria-pressed"), "true");
    assert.equal(page.find("button", "Share screen").getAttribute("aria-pressed"), "false");
    assert.equal(page.find("group", "Connection path").textContent, "Direct on this network");
    for (const name of ["Microphone", "Camera", "Share screen", "Hang up"]) page.click(page.find("button", name));
    assert.deepEqual(done.flat(), ["toggleMicrophone", "toggleCamera", "toggleScreen", "hangUp"]);
  });

  test("shows what is off as not pressed", () => {
    ring({ phase: "connected" }, { muted: true, camera: "off" });
    for (const name of ["Microphone", "Camera"]) assert.equal(page.find("button", name).getAttribute("aria-pressed"), "false");
    assert.equal(page.text(".troubles"), "Your microphone is muted");
  });

  test("says when the other side is muted", () => {
    ring({ phase: "connected" }, { remoteMuted: true });
    assert.ok(page.document.querySelector('[aria-label="Bob\'s microphone is off"]:not([hidden])'));
    ring({ phase: "connected" });
    assert.equal(page.document.querySelector('[aria-label="Bob\'s microphone is off"]:not([hidden])'), null);
  });

  test("says why a screen cannot be shared", () => {
    ring({ phase: "connected" }, { canShare: false });
    const share = page.find("button", "Share screen");
    assert.equal(share.disabled, true);
    assert.match(share.getAttribute("title"), /cannot share/);
  });

  test("counts the time from when the media connected", () => {
    ring({ phase: "connected", connected_ms: 65_000 }, {}, performance.now() - 65_000);
    assert.equal(page.text("[role=timer]"), "1:05");
  });

  test("ends with its reason, and can be made again", () => {
    ring({ phase: "connected", connected_ms: 1 });
    ring({ phase: "ended", reason: "lost", connected_ms: 1 });
    assert.deepEqual(page.statuses(), ["Connection lost"]);
    assert.equal(page.find("button", "Hang up"), null);
    page.click(page.find("button", "Call again"));
    page.click(page.find("button", "Close"));
    assert.deepEqual(done, [["call", "bob-key", true], ["dismiss"]]);
    show();
    assert.deepEqual(page.statuses(), []);
    assert.ok(page.find("list", "Contacts"));
  });

  test("that found nobody offers to ring when they are free", () => {
    for (const reason of ["busy", "unreachable", "no_answer"]) {
      ring({ phase: "ended", reason });
      page.click(page.find("button", "Ring me when free"));
      assert.deepEqual(done.splice(0), [["setRingWhenFree", "bob-key", true]], reason);
    }
    show({ call: { ...CALL, phase: "ended", reason: "busy" }, contacts: [{ ...BOB, ring_when_free: true }] });
    assert.equal(page.find("button", "Ring me when free").getAttribute("aria-pressed"), "true");
    page.click(page.find("button", "Ring me when free"));
    assert.deepEqual(done.splice(0), [["setRingWhenFree", "bob-key", false]]);
  });

  test("that was answered, or is with somebody who could not tell, does not", () => {
    for (const reason of ["declined", "ended_by_me", "cancelled", "lost"]) {
      ring({ phase: "ended", reason });
      assert.equal(page.find("button", "Ring me when free"), null, reason);
    }
    show({ call: { ...CALL, phase: "ended", reason: "unreachable" }, contacts: [{ ...BOB, standing: "requested" }] });
    assert.equal(page.find("button", "Ring me when free"), null);
  });

  test("keeps a long name whole where it can be read", () => {
    ring({ phase: "connected", name: LONG });
    assert.equal(page.find("video", LONG).getAttribute("aria-label"), LONG);
    assert.equal(page.text(".who-name"), LONG);
  });
});

describe("being called", () => {
  const incoming = { direction: "incoming", phase: "ringing" };

  test("is a dialog with three answers", () => {
    ring(incoming);
    assert.ok(page.find("dialog", "Bob is calling"));
    page.click(page.find("button", "Accept"));
    page.click(page.find("button", "Accept without video"));
    page.click(page.find("button", "Decline"));
    assert.deepEqual(done, [["accept", true], ["accept", false], ["decline"]]);
  });

  test("neither Esc nor Enter of someone who was typing answers it", () => {
    show();
    ring(incoming);
    const dialog = page.find("dialog", "Bob is calling");
    assert.equal(page.document.activeElement, dialog);
    assert.equal(page.press(dialog, "Escape").defaultPrevented, true);
    dialog.close();
    assert.ok(page.find("dialog", "Bob is calling"));
    assert.deepEqual(done, []);
  });

  test("the dialog goes when it is taken, or when it stops ringing", () => {
    ring(incoming);
    ring({ direction: "incoming", phase: "connecting" });
    assert.equal(page.find("dialog", "Bob is calling"), null);
    assert.deepEqual(page.statuses(), ["Connecting…"]);
  });

  test("a missed call is said in a corner, without taking the window", () => {
    ring(incoming);
    ring({ direction: "incoming", phase: "ended", reason: "missed" });
    assert.deepEqual(page.statuses(), ["Missed call from Bob"]);
    assert.ok(page.find("list", "Contacts"));
    assert.ok(page.find("button", "Call again"));
    page.click(page.find("button", "Close"));
    assert.deepEqual(done, [["dismiss"]]);
  });
});

describe("notices", () => {
  test("information goes by itself, an error stays until it is dismissed", () => {
    show();
    app.notify("Copied.");
    app.notify("The disk is full. Free some space.", "error");
    assert.equal(page.document.querySelectorAll(".toast").length, 2);
    mock.timers.tick(10_000);
    assert.equal(page.text("[role=alert]"), "The disk is full. Free some space.");
    page.click(page.find("button", "Dismiss: The disk is full. Free some space."));
    assert.equal(page.document.querySelectorAll(".toast").length, 0);
  });

  test("what the core keeps saying is shown once, and goes when it is over", () => {
    const notices = [{ code: "db", message: "The database cannot be written." }];
    show({ notices });
    show({ notices });
    assert.equal(page.document.querySelectorAll(".toast").length, 1);
    show();
    assert.equal(page.document.querySelectorAll(".toast").length, 0);
  });
});

describe("a voice call costs what it must", () => {
  const TALK = { phase: "connected", connected_ms: 0, video: false };
  const SNAP = () => ({ ...SNAPSHOT, call: { ...CALL, ...TALK } });
  const styles = () => page.document.querySelector(".voice-ring").style;
  const hide = (hidden) => {
    page.document.hidden = hidden;
    page.document.dispatchEvent(new page.document.defaultView.Event("visibilitychange"));
  };

  test("one in which nobody speaks asks how loud it is and draws nothing", () => {
    let drawn = 0;
    answers.voiceLevel = () => 0;
    ring(TALK);
    styles().setProperty = () => (drawn += 1);
    mock.timers.tick(2_000);
    assert.equal(styles().transform ?? "", "");
    assert.equal(drawn, 0);
  });

  test("the ring follows a voice, and asks nothing while the page is hidden", () => {
    let asked = 0;
    answers.voiceLevel = () => ((asked += 1), 0.2);
    ring(TALK, {}, performance.now());
    mock.timers.tick(300);
    assert.match(styles().transform, /^scale\(1\.\d+\)$/);
    assert.ok(asked > 0);
    hide(true);
    assert.equal(styles().transform ?? "", "");
    const before = asked;
    mock.timers.tick(10_000);
    assert.equal(asked, before);
    hide(false);
    mock.timers.tick(300);
    assert.ok(asked > before);
  });

  test("what is measured is drawn on the stage alone: the people stay as they are", () => {
    const snapshot = SNAP();
    const media = { ...MEDIA, path: { kind: "network", relay: null, delay_ms: 4 } };
    app.update({ snapshot, media, connectedAt: 0 });
    const count = page.document.querySelector(".people-title");
    count.hidden = !count.hidden;
    const left = count.hidden;
    app.update({ snapshot, media: { ...media, path: { kind: "relay", relay: null, delay_ms: 90 } }, connectedAt: 0 });
    assert.equal(page.find("group", "Connection path").getAttribute("data-kind"), "relay");
    assert.equal(count.hidden, left);
    app.update({ snapshot: SNAP(), media, connectedAt: 0 });
    assert.notEqual(count.hidden, left, "a new snapshot is drawn whole");
  });
});
