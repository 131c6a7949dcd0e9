import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { Sounds, loudness, soundFor } from "../../../../ui/sounds.js";

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

test("half of the volume is a quarter of the amplitude, and nothing is louder than all of it", () => {
  assert.equal(loudness(0), 0);
  assert.equal(loudness(50), 0.25);
  assert.equal(loudness(300), 1);
});

describe("what is played", () => {
  const parameter = () => ({ setValueAtTime() {}, linearRampToValueAtTime() {}, setTargetAtTime(value) { this.value = value; } });
  let contexts, gains;
  const names = ["AudioContext", "GainNode", "OscillatorNode"];
  const before = names.map((name) => globalThis[name]);
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
    contexts = [];
    gains = [];
    globalThis.GainNode = class {
      constructor(context, { gain }) {
        this.context = context;
        this.gain = Object.assign(parameter(), { value: gain });
        if (gain > 0) gains.push(this);
      }
      connect = (next) => next;
      disconnect() {
        this.gone = true;
      }
    };
    globalThis.OscillatorNode = class {
      connect = (next) => next;
      start() {}
      stop() {}
    };
  });
  afterEach(() => {
    mock.timers.reset();
    names.forEach((name, at) => (globalThis[name] = before[at]));
  });
  const createContext = () => {
    const context = { currentTime: 0, state: "running", destination: {}, sinks: [], resume: async () => {}, suspend: async () => {}, close: async () => (context.state = "closed") };
    context.setSinkId = async (id) => context.sinks.push(id);
    contexts.push(context);
    return context;
  };
  const incoming = call("ringing", { direction: "incoming" });
  const settings = { ringtone: "pulse", ringtone_volume: 100, ring_device: "kitchen" };

  test("rings where it shall, as loud as it shall, and is silent within a tenth of a second", () => {
    const sounds = new Sounds(createContext);
    sounds.handleSettings(settings);
    sounds.handleCall(incoming);
    assert.deepEqual(contexts[0].sinks, ["kitchen"]);
    assert.equal(gains[0].gain.value, 0.4);
    sounds.handleCall(call("connecting", { direction: "incoming" }));
    assert.equal(gains[0].gain.value, 0);
    mock.timers.tick(99);
    assert.ok(gains[0].gone);
    mock.timers.tick(60_000);
    assert.equal(gains.length, 1, "it does not begin again");
  });

  test("does not ring for who does not want to be disturbed", () => {
    const sounds = new Sounds(createContext);
    sounds.handleCall(incoming, { silent: true });
    assert.equal(gains.length, 0);
  });

  test("a second caller is a soft beep, again and again until they are answered", () => {
    const sounds = new Sounds(createContext);
    sounds.handleCall(call("connected"));
    sounds.handleCall(call("connected"), { waits: true });
    mock.timers.tick(7_000);
    assert.equal(gains.length, 3);
    sounds.handleCall(call("connected"), { waits: false });
    mock.timers.tick(60_000);
    assert.equal(gains.length, 3);
  });

  test("a ringtone that is tried plays once and ends when it is told to", () => {
    const sounds = new Sounds(createContext);
    sounds.handleSettings(settings);
    const end = sounds.sample("chime", 50);
    assert.equal(gains[0].gain.value, 0.35 * 0.25);
    end();
    mock.timers.tick(100);
    assert.equal(contexts[0].state, "closed");
  });
});
