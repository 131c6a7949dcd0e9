import assert from "node:assert/strict";
import { test } from "node:test";

import { soundFor } from "../../../../ui/sounds.js";

const call = (phase, more = {}) => ({ id: "1", direction: "outgoing", reason: null, phase, ...more });

test("Bob's app rings, Alice hears that it rings", () => {
  assert.equal(soundFor(null, call("ringing", { direction: "incoming" })), "ring");
  assert.equal(soundFor(call("inviting"), call("ringing")), "ringBack");
});

test("accepting ends the ringing and connecting is heard once", () => {
  assert.equal(soundFor(call("ringing"), call("connecting")), null);
  assert.equal(soundFor(call("connecting"), call("connected")), "connected");
  assert.equal(soundFor(call("reconnecting"), call("connected")), null);
});

test("an end is heard, a drop differently, and an unreachable friend not at all", () => {
  assert.equal(soundFor(call("connected"), call("ended", { reason: "ended_by_peer" })), "ended");
  assert.equal(soundFor(call("reconnecting"), call("ended", { reason: "lost" })), "dropped");
  assert.equal(soundFor(call("inviting"), call("ended", { reason: "unreachable" })), null);
});

test("no call, no sound", () => {
  assert.equal(soundFor(call("ended"), null), null);
});
