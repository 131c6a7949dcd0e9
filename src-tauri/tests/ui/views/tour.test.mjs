// The first run: a name, then three steps until Alice can be called.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { BOB, openWindow, settled } from "./window.mjs";

class FakeLoop extends EventTarget {
  state = "connecting";
  stream = null;
  started = [];
  closed = false;
  voiceLevel() {
    return 0.5;
  }
  async start(tracks) {
    this.started = tracks;
  }
  fail() {
    this.state = "failed";
    this.dispatchEvent(new Event("change"));
  }
  connect(...kinds) {
    this.state = "connected";
    this.stream = { getTracks: () => kinds.map((kind) => ({ kind })) };
    this.dispatchEvent(new Event("change"));
  }
  close() {
    this.closed = true;
  }
}

let page, done, answers, show, loop, stopped;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  ({ page, done, answers, show } = await openWindow());
  loop = new FakeLoop();
  stopped = [];
  answers.loopCall = () => loop;
  const tracks = ["audio", "video"].map((kind) => ({ kind, stop: () => stopped.push(kind) }));
  answers.tryDevices = { stream: { getTracks: () => tracks }, microphone: "ok", camera: "ok" };
});
afterEach(() => {
  for (const dialog of page.all("dialog")) dialog.close();
  mock.timers.reset();
});

const arrive = async () => {
  show({ profile: null, contacts: [] });
  show({ contacts: [] });
  await settled();
};
const callMyself = async (...kinds) => {
  page.click(page.find("button", "Make a test call"));
  await settled();
  loop.connect(...kinds);
};

test("leads from the name to a call with oneself, and says when she can be called", async () => {
  await arrive();
  assert.equal(page.text(".tour h1"), "Three steps, and you can be called");
  page.change(page.find("switch", "Start with the computer"), true);
  await settled();
  assert.deepEqual(done, [["setAutostart", true]]);

  show({ contacts: [BOB] });
  await callMyself("audio", "video");
  assert.deepEqual(loop.started.map(({ kind }) => kind), ["audio", "video"]);
  assert.ok(page.statuses().includes("This is how others see you. Say something: you hear it come back."));
  mock.timers.tick(200);
  assert.equal(page.document.querySelector("[role=meter]").getAttribute("aria-valuenow"), "50");
  page.click(page.find("button", "End test call"));
  assert.ok(loop.closed);
  assert.deepEqual(stopped, ["audio", "video"]);
  assert.equal(page.text(".tour h1"), "You can be called now");
  page.click(page.find("button", "Done"));
  assert.equal(page.document.querySelector(".tour"), null);
  assert.equal(page.find("button", "Finish setting up"), null);
});

test("is left and found again, and can be skipped", async () => {
  await arrive();
  show({ contacts: [BOB] });
  page.click(page.find("button", "Show Bob"));
  page.click(page.find("button", "Finish setting up"));
  page.click(page.find("button", "Skip the rest"));
  assert.equal(page.find("button", "Finish setting up"), null);
});

test("is the first page in a narrow window, too", async () => {
  page.resize(false);
  await arrive();
  assert.ok(page.find("button", "Make a test call"));
  page.click(page.find("button", "Back to contacts"));
  assert.ok(page.find("button", "Finish setting up"));
});

test("is not for who has been here before", () => {
  show({ contacts: [] });
  assert.equal(page.document.querySelector(".tour"), null);
});

test("a test call without any device, or that fails, says what to do", async () => {
  await arrive();
  answers.tryDevices = { stream: { getTracks: () => [] }, microphone: "none", camera: "none" };
  page.click(page.find("button", "Make a test call"));
  await settled();
  assert.ok(page.statuses().includes("Neither a camera nor a microphone was found. Connect them, and try again."));
  loop.fail();
  assert.match(page.statuses().join(" "), /did not connect\. Restart Ringdown/);
  page.click(page.find("button", "End test call"));
  assert.equal(page.text(".tour h1"), "Three steps, and you can be called");
});
