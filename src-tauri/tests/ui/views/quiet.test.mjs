// Do not disturb, and a second caller.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { tomorrow } from "../../../../ui/views/quiet.js";
import { CALL, openWindow } from "./window.mjs";

const NOON = new Date(2026, 10, 24, 12).getTime();
const HOUR = 3_600_000;

let page, done, show, ring;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: NOON });
  ({ page, done, show, ring } = await openWindow());
});
afterEach(() => {
  page.document.querySelector("[role=menu]")?.remove();
  show();
  mock.timers.reset();
});

describe("do not disturb", () => {
  const choose = (item) => {
    show();
    page.click(page.find("button", "Do not disturb"));
    page.click(page.find("menuitem", item));
  };

  test("is chosen for a while, or until it is switched off", () => {
    choose("For an hour");
    choose("Until tomorrow");
    choose("Until I switch it off");
    choose("Off: let calls ring");
    assert.deepEqual(done, [
      ["setQuiet", { kind: "until", until_ms: NOON + HOUR }],
      ["setQuiet", { kind: "until", until_ms: NOON + 20 * HOUR }],
      ["setQuiet", { kind: "on" }],
      ["setQuiet", { kind: "off" }],
    ]);
  });

  test("is said in the rail, until when too, and no longer than it lasts", () => {
    show({ quiet: { kind: "until", until_ms: NOON + HOUR } });
    assert.equal(page.text(".me-line"), "Do not disturb until 1:00 PM");
    assert.ok(page.find("button", "Do not disturb until 1:00 PM"));
    mock.timers.tick(HOUR + 2_000);
    assert.equal(page.text(".me-line"), "Ready for calls");
    show({ quiet: { kind: "on" } });
    assert.equal(page.text(".me-line"), "Do not disturb");
  });

  test("hides nothing: whoever calls is shown, and that it does not ring", () => {
    ring({ direction: "incoming", phase: "ringing" });
    assert.ok(page.document.querySelector(".incoming-silent").hasAttribute("hidden"));
    show({ call: { ...CALL, direction: "incoming", phase: "ringing" }, silent: true });
    assert.match(page.text(".incoming-silent:not([hidden])"), /does not ring/);
  });

  test("in the small hours, tomorrow is the day that is about to begin", () => {
    assert.equal(tomorrow(new Date(2026, 10, 24, 2).getTime()), new Date(2026, 10, 24, 8).getTime());
    assert.equal(tomorrow(new Date(2026, 10, 24, 23).getTime()), new Date(2026, 10, 25, 8).getTime());
  });
});

describe("not now", () => {
  test("is the quiet third choice", () => {
    ring({ direction: "incoming", phase: "ringing" });
    page.click(page.find("button", "Not now, in 10 min"));
    assert.deepEqual(done, [["later", 10]]);
  });

  test("is what the caller reads", () => {
    ring({ phase: "ended", reason: "declined", later_minutes: 10 });
    assert.ok(page.statuses().includes("Bob will call back in 10 min"));
  });
});

describe("a second caller", () => {
  const talking = { call: { ...CALL, phase: "connected", connected_ms: 5_000 } };
  const wait = (video) => show({ ...talking, waiting: { contact: "zoe-key", name: "Zoë", video } });

  test("is shown over the call that goes on, and takes no focus", () => {
    show(talking);
    const before = page.document.activeElement;
    wait(true);
    assert.match(page.text(".waiting-card"), /Zoë is calling too.*You are in a call with Bob/);
    assert.equal(page.document.activeElement, before);
    page.click(page.find("button", "End and accept without video"));
    page.click(page.find("button", "End and accept"));
    page.click(page.find("button", "Hold and accept without video"));
    page.click(page.find("button", "Hold and accept"));
    page.click(page.find("button", "Decline Zoë"));
    assert.deepEqual(done.slice(0, 2), [["endAndAccept", false], ["endAndAccept", true]]);
    assert.deepEqual(done.slice(2), [["holdAndAccept", false], ["holdAndAccept", true], ["declineWaiting"]]);
    show(talking);
    assert.equal(page.document.querySelector(".waiting-card"), null);
  });

  test("without a picture is answered without", () => {
    wait(false);
    assert.equal(page.find("button", "End and accept without video"), null);
    assert.equal(page.find("button", "Hold and accept without video"), null);
    page.click(page.find("button", "End and accept"));
    assert.deepEqual(done, [["endAndAccept", false]]);
  });
});

describe("a call on hold", () => {
  const bob = { ...CALL, phase: "connected", connected_ms: 5_000 };
  const zoe = { ...bob, id: "two", contact: "zoe-key", name: "Zoë", direction: "incoming" };

  test("is on the stage of the other one, with what can be done", () => {
    show({ call: zoe, held: bob });
    assert.match(page.text(".held-card"), /^.*Bob is on hold/);
    page.click(page.find("button", "Switch to Bob"));
    page.click(page.find("button", "End the call with Bob"));
    assert.deepEqual(done, [["swap"], ["hangUpHeld"]]);
    show({ call: bob, held: zoe });
    assert.match(page.text(".held-card"), /Zoë is on hold/);
    assert.equal(page.text(".held-card .said"), "Zoë is on hold", "said to who can't see it");
    show({ call: bob, held: { ...zoe, phase: "reconnecting" } });
    assert.match(page.text(".held-card"), /Reconnecting/);
  });

  test("is back when the other one has ended, and that is said", () => {
    show({ call: zoe, held: bob });
    show({ call: bob });
    assert.equal(page.document.querySelector(".held-card"), null);
    assert.match(page.text(".toasts"), /The call with Zoë has ended. You are talking with Bob again./);
  });

  test("that ends by itself is told of; one that was swapped is not", () => {
    show({ call: zoe, held: bob });
    show({ call: bob, held: zoe });
    assert.doesNotMatch(page.text(".toasts"), /has ended/);
    show({ call: bob });
    assert.match(page.text(".toasts"), /The call on hold with Zoë has ended./);
  });

  test("is no silent freeze for who is on hold", () => {
    show({ call: bob }, { held: true, remoteMuted: true });
    assert.ok(page.statuses().includes("Bob put you on hold"));
    show({ call: bob }, { held: false });
    assert.ok(page.statuses().includes("Connected"));
  });
});
