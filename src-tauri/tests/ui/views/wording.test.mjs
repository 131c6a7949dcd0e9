// What people read about a call, on both sides.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { END_REASONS, clock, endedText, notConnectedText, pathDetail, pathText, statusText, troubles } from "../../../../ui/wording.js";

const NOT_CONNECTED =
  "Neither side could open a direct path and no relay is set up. Add one in Settings → Calls, or try another network.";

const UNTRUSTED = (name) =>
  `The connection was not with ${name}, so it was ended. Call again; if it happens again, try another network, and tell them another way.`;

/** What Alice (who called Bob) and Bob (who was called by Alice) read. */
const ENDS = {
  declined: ["Bob declined", "You declined"],
  busy: ["Bob is in another call", "Alice called while you were in another call"],
  no_answer: ["No answer", "Missed call from Alice"],
  missed: ["No answer", "Missed call from Alice"],
  cancelled: ["Call cancelled", "Missed call from Alice"],
  unreachable: ["Bob can't be reached right now", "Alice can't be reached right now"],
  ended_by_me: ["Call ended", "Call ended"],
  ended_by_peer: ["Call ended", "Call ended"],
  lost: ["Connection lost", "Connection lost"],
  untrusted: [UNTRUSTED("Bob"), UNTRUSTED("Alice")],
  not_connected: [NOT_CONNECTED, NOT_CONNECTED],
};

test("every end has its words on both sides", () => {
  assert.deepEqual(END_REASONS.toSorted(), Object.keys(ENDS).toSorted());
  for (const [reason, [hers, his]] of Object.entries(ENDS)) {
    assert.equal(endedText(reason, "outgoing", "Bob"), hers);
    assert.equal(endedText(reason, "incoming", "Alice"), his);
  }
});

test("the reasons are those of the core", async () => {
  const types = await readFile(new URL("../../../../ui/types.d.ts", import.meta.url), "utf8");
  const [, union = ""] = /type EndReason\s*=([^;]*);/.exec(types) ?? [];
  const named = [...union.matchAll(/"(\w+)"/g)].map(([, reason]) => reason);
  assert.deepEqual(named.toSorted(), END_REASONS.toSorted());
});

test("the status says where a call stands, word for word", () => {
  const call = (phase, direction = "outgoing") => statusText({ phase, direction, name: "Bob", reason: "lost" });
  assert.equal(call("inviting"), "Calling Bob…");
  assert.equal(call("ringing"), "Ringing…");
  assert.equal(call("connecting"), "Connecting…");
  assert.equal(call("connected"), "Connected");
  assert.equal(call("reconnecting"), "Reconnecting…");
  assert.equal(call("ended"), "Connection lost");
  assert.equal(call("ringing", "incoming"), "");
});

test("a call that found no path names the rule, or the relay", () => {
  const relays = ["turn.example.org", "relay.example.net"];
  const say = (policy, hasRelay) => notConnectedText(policy, hasRelay ? relays : [], "Bob");
  for (const policy of ["stun", "stun_turn"]) assert.equal(say(policy, false), NOT_CONNECTED);
  assert.match(say("stun_turn", true), /no relay passed the call on/);
  assert.match(say("lan_only", true), /only on this network/);
  assert.match(say("relay_only", true), /only through a relay, and none passed/);
  assert.match(say("relay_only", false), /none is set up/);
  const means = (relay, relayOnly = false) => ({ relay, relayOnly });
  const blame = (mine, theirs) => notConnectedText("stun_turn", relays, "Bob", { mine, theirs });
  assert.match(blame(means("unreachable"), means("reachable")), /^Your relay turn.example.org, relay.example.net could not be reached/);
  assert.match(blame(means("none"), means("unreachable")), /^Bob’s relay could not be reached/);
  assert.match(blame(means("reachable"), means("none", true)), /^Bob allows calls through a relay only/);
  assert.equal(blame(means("reachable"), means("reachable")), say("stun_turn", true));
  assert.equal(blame(null, null), say("stun_turn", true));
});

test("the path is said in words, with the delay on request", () => {
  assert.equal(pathText({ kind: "network", relay: null, delay_ms: 1 }), "Direct on this network");
  assert.equal(pathText({ kind: "internet", relay: null, delay_ms: 23 }), "Direct over the internet");
  assert.equal(pathText({ kind: "relay", relay: "turn.example.org", delay_ms: 60 }), "Relayed through turn.example.org");
  assert.equal(pathText({ kind: "relay", relay: null, delay_ms: 60 }), "Relayed");
  assert.equal(pathText(null), "Finding a path…");
  assert.match(pathDetail({ kind: "internet", relay: null, delay_ms: 23 }), /23 ms/);
});

test("troubles say who cannot hear or see whom", () => {
  const media = { microphone: "ok", camera: "ok", muted: false, quality: null, shareFailed: false };
  const say = (changes) => troubles({ ...media, ...changes }, "Bob");
  assert.deepEqual(say({}), []);
  assert.deepEqual(say({ microphone: "none" }), ["No microphone found: Bob can't hear you"]);
  assert.deepEqual(say({ camera: "off" }), []);
  assert.deepEqual(say({ camera: "none" }), ["No camera found: Bob can't see you"]);
  assert.deepEqual(say({ muted: true }), ["Your microphone is muted"]);
  assert.deepEqual(say({ quality: { level: 1, weak: "theirs" } }), ["Bob's connection is weak"]);
  assert.deepEqual(say({ quality: { level: 1, weak: "mine" } }), ["Your connection is weak"]);
  for (const state of ["denied", "busy"]) {
    assert.match(say({ microphone: state })[0], /Bob can't hear you/);
    assert.match(say({ camera: state })[0], /Bob can't see you/);
  }
});

test("durations read like a clock", () => {
  assert.equal(clock(0), "0:00");
  assert.equal(clock(7_900), "0:07");
  assert.equal(clock(750_000), "12:30");
  assert.equal(clock(3_723_000), "1:02:03");
  assert.equal(clock(-5), "0:00");
});
