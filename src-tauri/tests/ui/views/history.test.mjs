// Calls that are over: found, called back, deleted.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { lastedText } from "../../../../ui/history-words.js";
import { openWindow, settled } from "./window.mjs";

const NOON = new Date(2026, 10, 24, 12).getTime();
const DAY = 86_400_000;
const TALK = {
  ...{ id: "1", contact: "bob-key", name: "Bob", direction: "outgoing", video: true, started_ms: NOON - 3_600_000 },
  ...{ duration_ms: 200_000, reason: "ended_by_me", path: "lan", offline_note: false, times: 1 },
};
const MISSED = { ...TALK, id: "2", direction: "incoming", video: false, started_ms: NOON - DAY, duration_ms: null, reason: "missed", path: null };
const DECLINED = { ...TALK, id: "3", contact: null, name: "Carol", started_ms: NOON - 3 * DAY, duration_ms: null, reason: "declined", path: null };
const CALLS = [TALK, MISSED, DECLINED];

let page, done, answers, show;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: NOON });
  ({ page, done, answers, show } = await openWindow());
  answers.history = ({ contact, search, before, limit }) => {
    const found = CALLS.filter(
      (call) =>
        (contact === null || call.contact === contact) &&
        call.name.toLowerCase().includes(search.toLowerCase()) &&
        (before === null || call.started_ms < before),
    );
    return { entries: found.slice(0, limit), more: found.length > limit };
  };
});
afterEach(() => {
  for (const dialog of page.all("dialog")) dialog.close();
  show();
  mock.timers.reset();
});

const open = async (changes) => {
  show(changes);
  page.click(page.find("button", changes?.missed ? `History, ${changes.missed} missed calls` : "History"));
  await settled();
};
const rows = () => [...page.document.querySelectorAll(".history .past")].map((row) => row.textContent.replace(/\s+/g, " ").trim());
const days = () => [...page.document.querySelectorAll(".history .past-day h2")].map((title) => title.textContent);

describe("all calls", () => {
  test("are listed by day, in words", async () => {
    await open();
    assert.deepEqual(days(), ["Today", "Yesterday", "Saturday"]);
    assert.deepEqual(rows(), [
      "BobOutgoing video call11:00 AM · Lasted 3 min 20 sec · Direct on this network",
      "BobMissed voice call12:00 PM",
      "CarolOutgoing video call12:00 PM · Declined by Carol",
    ]);
  });

  test("that one person made in vain one after the other are one, with their number", async () => {
    answers.history = () => ({ entries: [{ ...MISSED, offline_note: true, times: 3 }], more: false });
    await open();
    assert.deepEqual(rows(), ["BobMissed voice call12:00 PM · 3 calls · While Ringdown was off"]);
  });

  test("are found by name, and the missed ones apart", async () => {
    await open();
    page.type(page.find("searchbox", "Find calls by name"), "carol");
    mock.timers.tick(200);
    await settled();
    assert.equal(rows().length, 1);
    page.click(page.find("button", "Missed calls"));
    await settled();
    assert.equal(page.text(".history .past-none"), "No call with anybody called “carol”. Try a shorter part of the name.");
    page.press(page.find("searchbox", "Find calls by name"), "Escape");
    await settled();
    assert.deepEqual(rows(), ["BobMissed voice call12:00 PM"]);
    assert.equal(page.find("button", "Missed calls").getAttribute("aria-pressed"), "true");
  });

  test("are called back as they were; who is no contact any more can't be", async () => {
    await open();
    page.click(page.find("button", "Call Bob back"));
    page.click(page.find("button", "Voice call Bob back"));
    assert.deepEqual(done, [["call", "bob-key", true], ["call", "bob-key", false]]);
    assert.equal(page.find("button", "Call Carol back"), null);
  });

  test("lead to the person", async () => {
    await open();
    page.click(page.find("button", "Show the page of Bob"));
    assert.equal(page.text(".person-name"), "Bob");
    await settled();
    assert.equal(page.document.querySelectorAll(".person .past").length, 2);
  });

  test("come anew when the history changed", async () => {
    await open();
    CALLS.unshift({ ...TALK, id: "0", name: "Zoë", contact: "zoe-key", started_ms: NOON - 60_000 });
    show({ history_version: 2 });
    await settled();
    CALLS.shift();
    assert.equal(rows().length, 4);
  });
});

describe("missed calls", () => {
  test("are counted on the button, and no longer once they were looked at", async () => {
    await open({ missed: 2 });
    assert.deepEqual(done, [["seenMissed"]]);
    show();
    assert.ok(page.find("button", "History"));
    assert.ok(page.document.querySelector(".count-badge").hasAttribute("hidden"));
  });
});

describe("a deleted call", () => {
  const remove = () => page.click(page.find("button", "Delete this call with Carol"));

  test("goes at once, and for good a little later", async () => {
    await open();
    remove();
    assert.equal(rows().length, 2);
    assert.deepEqual(done, []);
    mock.timers.tick(13_000);
    await settled();
    assert.deepEqual(done, [["deleteHistory", "3"]]);
  });

  test("can be brought back", async () => {
    await open();
    remove();
    page.click(page.find("button", "Undo"));
    assert.equal(rows().length, 3);
    mock.timers.tick(60_000);
    await settled();
    assert.deepEqual(done, []);
  });

  test("all of them are asked about first", async () => {
    await open();
    page.click(page.find("button", "Delete all"));
    assert.ok(page.find("dialog", "Delete the whole history?"));
    page.submit([...page.document.querySelectorAll("dialog button[type=submit]")][0]);
    await settled();
    assert.deepEqual(done, [["deleteHistory", null]]);
  });
});

test("without calls it says what to do", async () => {
  answers.history = { entries: [], more: false };
  await open();
  assert.match(page.text(".history .past-none"), /Choose someone and press Call/);
});

test("how long a call lasted", () => {
  assert.equal(lastedText(400), "1 sec");
  assert.equal(lastedText(60_000), "1 min");
  assert.equal(lastedText(3_723_000), "1 hr 2 min");
});
