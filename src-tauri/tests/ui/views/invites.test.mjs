// Alice's links: the one for today, those she gave away, those that stay good; and Bob's, however it reaches her.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { FakeStream, FakeTrack } from "./fake-peer.mjs";
import { openWindow, settled } from "./window.mjs";

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="evil()"/>';
const LOOK = 200;

let page, done, answers, show;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  ({ page, done, answers, show } = await openWindow());
  globalThis.MediaStream = FakeStream;
  Object.assign(answers, { inviteQr: SVG, invitePage: null });
});
afterEach(() => {
  for (const dialog of page.all("dialog")) dialog.close();
  show();
  mock.timers.reset();
});

const invites = async (changes) => {
  show(changes);
  page.click(page.find("button", "Invite"));
  await settled();
};

describe("my invite", () => {
  test("is a code and a link that work once, for a week", async () => {
    await invites();
    const dialog = page.find("dialog", "Invite a friend");
    assert.match(dialog.textContent, /Works once, for 7 days/);
    assert.equal(dialog.querySelector(".invite-link").value, "ringdown:alice");
    assert.equal(dialog.querySelector("img").getAttribute("alt"), "QR code of my invite link");
  });

  test("is shown as a picture: nothing of the SVG gets into the page", async () => {
    await invites();
    const src = page.document.querySelector("img.qr").getAttribute("src");
    assert.ok(src.startsWith("data:image/svg+xml,"));
    assert.equal(decodeURIComponent(src.slice("data:image/svg+xml,".length)), SVG);
    assert.equal(page.document.querySelector("[onload]"), null);
  });

  test("has a web page where a server has one", async () => {
    await invites();
    assert.equal(page.find("textbox", "Web link"), null);
    answers.invitePage = "https://calls.example.org/i#alice";
    show({ invite: "ringdown:alice-2" });
    await settled();
    assert.equal(page.find("textbox", "Web link").value, "https://calls.example.org/i#alice");
  });

  test("can be made anew, and the code follows", async () => {
    await invites();
    page.click(page.find("button", "Make a new link"));
    assert.deepEqual(done.at(-1), ["newInvite", "one_time", null]);
    answers.inviteQr = "<svg/>";
    show({ invite: "ringdown:alice-2" });
    await settled();
    assert.match(page.document.querySelector("img.qr").getAttribute("src"), /%3Csvg%2F%3E$/);
    const asked = done.filter(([name]) => name === "inviteQr").length;
    show({ invite: "ringdown:alice-2" });
    assert.equal(done.filter(([name]) => name === "inviteQr").length, asked);
  });
});

describe("links that were given away", () => {
  const card = { id: "1", label: "Business card", kind: "permanent", expires_ms: null, used_by: null };

  test("say what became of them", async () => {
    const once = { ...card, id: "2", label: "", kind: "one_time" };
    await invites({
      invites: [card, { ...once, used_by: "Zoë" }, { ...once, id: "3", expires_ms: 1 }, { ...once, id: "4", expires_ms: Date.UTC(2999, 0, 2, 12) }],
    });
    const rows = [...page.find("list", "Links you gave away").querySelectorAll(".given-words")].map((one) => [...one.children].map((part) => part.textContent));
    assert.deepEqual(rows, [
      ["Business card", "Works until you revoke it"],
      ["One-time link", "Used by Zoë"],
      ["One-time link", "Expired on January 1"],
      ["One-time link", "Works once, until January 2"],
    ]);
  });

  test("can be revoked, unless they are used up", async () => {
    await invites({ invites: [card, { ...card, id: "2", label: "Zoë's", kind: "one_time", used_by: "Zoë" }] });
    assert.equal(page.find("button", "Revoke Zoë's"), null);
    page.click(page.find("button", "Revoke Business card"));
    assert.deepEqual(done.at(-1), ["revokeInvite", "1"]);
    show();
    assert.equal(page.find("list", "Links you gave away"), null);
  });

  test("a permanent one is made with a word on what it is for, and shown once", async () => {
    answers.newInvite = { link: "ringdown:forever", qr: SVG };
    await invites();
    page.type(page.find("textbox", "What is it for?"), " Business card ");
    page.submit(page.find("button", "Make a permanent link"));
    await settled();
    assert.deepEqual(done.at(-1), ["newInvite", "permanent", "Business card"]);
    assert.equal(page.find("textbox", "Permanent invite link").value, "ringdown:forever");
    page.click(page.find("button", "Copy permanent invite"));
    await settled();
    assert.equal(done.at(-1)[0], "copy");
  });

  test("a refusal stays beside the button", async () => {
    answers.newInvite = new Error("You have 100 links already. Revoke one first.");
    await invites();
    page.submit(page.find("button", "Make a permanent link"));
    await settled();
    assert.equal(page.text("dialog [role=alert]"), "You have 100 links already. Revoke one first.");
  });
});

describe("Bob's invite as a code", () => {
  const track = () => new FakeTrack("video");
  const link = () => page.find("textbox", "Invite link").value;
  beforeEach(() => {
    answers.previewInvite = { name: "Bob", known: null, own: false, expired: false, namesake: null };
    page.pictures();
    show();
    page.click(page.find("button", "Add contact"));
  });

  test("is read from the camera, which goes dark as soon as it is found", async () => {
    const lens = track();
    answers.openCamera = { track: lens, state: "ok" };
    answers.readQr = null;
    page.click(page.find("button", "Scan QR code"));
    await settled();
    const preview = page.find("video", "Camera preview");
    assert.deepEqual(preview.srcObject.getTracks(), [lens]);
    Object.assign(preview, { videoWidth: 1280, videoHeight: 720 });
    mock.timers.tick(LOOK);
    await settled();
    answers.readQr = "ringdown:bob";
    mock.timers.tick(LOOK);
    await settled();
    const [, image] = done.find(([name]) => name === "readQr");
    assert.deepEqual([image.width, image.height, image.gray.length], [640, 360, 640 * 360]);
    assert.equal(link(), "ringdown:bob");
    assert.equal(page.text("#add-preview"), "This is Bob’s invite.");
    assert.equal(lens.readyState, "ended");
    assert.equal(page.find("video", "Camera preview"), null);
    const looks = done.filter(([name]) => name === "readQr").length;
    mock.timers.tick(LOOK * 5);
    assert.equal(done.filter(([name]) => name === "readQr").length, looks);
  });

  test("one frame is read at a time", async () => {
    answers.openCamera = { track: track(), state: "ok" };
    answers.readQr = () => new Promise(() => {});
    page.click(page.find("button", "Scan QR code"));
    await settled();
    Object.assign(page.find("video", "Camera preview"), { videoWidth: 64, videoHeight: 64 });
    mock.timers.tick(LOOK * 5);
    assert.equal(done.filter(([name]) => name === "readQr").length, 1);
  });

  test("the camera goes dark with the dialog, even one that opens too late", async () => {
    const lens = track();
    let open;
    answers.openCamera = () => new Promise((resolve) => (open = resolve));
    page.click(page.find("button", "Scan QR code"));
    page.find("dialog", "Add contact").close();
    open({ track: lens, state: "ok" });
    await settled();
    assert.equal(lens.readyState, "ended");
  });

  test("without a camera it says what else to do", async () => {
    answers.openCamera = { track: null, state: "none" };
    page.click(page.find("button", "Scan QR code"));
    await settled();
    assert.match(page.text(".scan .hint"), /Choose an image/);
    assert.equal(page.find("button", "Scan QR code").getAttribute("aria-pressed"), "false");
  });

  test("is read from a picture in a file", async () => {
    answers.readQr = "ringdown:bob";
    page.choose(page.document.querySelector("input[type=file]"), new Blob(["png"]));
    await settled();
    assert.equal(link(), "ringdown:bob");
  });

  test("a picture without one, or a file that is none, is said", async () => {
    answers.readQr = null;
    page.choose(page.document.querySelector("input[type=file]"), new Blob(["png"]));
    await settled();
    assert.match(page.text(".scan .hint"), /no QR code/);
    page.choose(page.document.querySelector("input[type=file]"), new Blob(["broken"]));
    await settled();
    assert.match(page.text(".scan .hint"), /not a picture/);
  });

  test("is read from a picture or a text on the clipboard", async () => {
    answers.readQr = "ringdown:bob";
    for (const pasted of [{ image: new Blob(["png"]), text: null }, { image: null, text: " ringdown:bob " }]) {
      page.type(page.find("textbox", "Invite link"), "");
      answers.readClipboard = pasted;
      page.click(page.find("button", "Paste"));
      await settled();
      assert.equal(link(), "ringdown:bob");
    }
    answers.readClipboard = new Error("denied");
    page.click(page.find("button", "Paste"));
    await settled();
    assert.match(page.text(".scan .hint"), /Ctrl\+V/);
  });

  test("is read from what is pasted by key, while text pasted into a field stays the field's", async () => {
    answers.readQr = "ringdown:bob";
    const image = Object.assign(new Blob(["png"], { type: "image/png" }));
    const field = page.find("textbox", "Invite link");
    assert.equal(page.paste(field, { files: [], text: "ringdown:" }).defaultPrevented, false);
    assert.equal(page.paste(field, { files: [image], text: "" }).defaultPrevented, true);
    await settled();
    assert.equal(link(), "ringdown:bob");
    page.find("dialog", "Add contact").close();
    assert.equal(page.paste(page.document.body, { files: [], text: "later" }).defaultPrevented, false);
  });
});
