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
  const names = ["AudioContext", "GainNode", "OscillatorNode", "OfflineAudioContext"];
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
    globalThis.OfflineAudioContext = class {
      currentTime = 0;
      destination = {};
      constructor(channels, length, rate) {
        Object.assign(this, { channels, length, rate });
      }
      startRendering = async () => ({ getChannelData: () => new Float32Array(this.length).fill(0.5) });
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

  test("falls silent with a call that is gone without an end", () => {
    const sounds = new Sounds(createContext);
    sounds.handleCall(incoming);
    sounds.handleCall(null);
    mock.timers.tick(60_000);
    assert.equal(gains.length, 1);
    assert.equal(gains[0].gain.value, 0);
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

  describe("elsewhere, where a context can't be moved", () => {
    /** What was played there: how, where, and whether it was ended; `answers` settles what was asked. */
    let played, answers;
    const elsewhere = {
      play: async (recording, device) => {
        const one = { ...recording, device, ended: false };
        played.push(one);
        await answers;
        return () => (one.ended = true);
      },
    };
    beforeEach(() => {
      played = [];
      answers = Promise.resolve();
    });
    const settled = () => new Promise(setImmediate);
    const begin = (changes = {}) => {
      const sounds = new Sounds(createContext, elsewhere);
      sounds.handleSettings({ ...settings, ...changes });
      return sounds;
    };

    test("the ring is rendered once, as loud and as often as here, and ends with the ringing", async () => {
      const sounds = begin();
      sounds.handleCall(incoming);
      await settled();
      const [{ samples, every, device, ended }] = played;
      assert.deepEqual([every, device, ended], [4, "kitchen", false]);
      // the last beat of "pulse" ends after 2.12 s, and what is rendered a little later
      assert.ok(Math.abs(samples.length - (2.12 + 0.02) * 48_000) <= 1);
      assert.equal(samples[0], 16_384);
      assert.equal(gains[0].gain.value, 0.4);
      assert.ok(gains[0].context instanceof OfflineAudioContext);
      sounds.handleCall(call("ended", { direction: "incoming", reason: "declined" }));
      assert.ok(played[0].ended);
      mock.timers.tick(60_000);
      await settled();
      assert.equal(played.length, 1);
    });

    test("whoever chose no device hears it here", async () => {
      begin({ ring_device: null }).handleCall(incoming);
      await settled();
      assert.equal(played.length, 0);
      assert.equal(contexts.length, 1);
    });

    test("what belongs to a call is heard here", async () => {
      begin().handleCall(call("ringing"));
      await settled();
      assert.equal(played.length, 0);
      assert.equal(contexts.length, 1);
    });

    test("a call that ends while the ring is on its way there ends the ring", async () => {
      let answer;
      answers = new Promise((resolve) => (answer = resolve));
      const sounds = begin();
      sounds.handleCall(incoming);
      await settled();
      sounds.handleCall(null);
      assert.equal(played[0].ended, false);
      answer();
      await settled();
      assert.ok(played[0].ended);
    });

    test("a ring that can't be played there is not lost, but one that is over stays so", async () => {
      answers = Promise.reject(new DOMException("no", "AbortError"));
      const sounds = begin();
      sounds.handleCall(incoming);
      await settled();
      assert.equal(contexts.length, 1);
      sounds.handleCall(null);
      sounds.handleCall(incoming);
      sounds.handleCall(null);
      await settled();
      assert.equal(gains.filter(({ context }) => context === contexts[0]).length, 1);
    });

    test("another device chosen while it rings takes the ring over", async () => {
      const sounds = begin();
      sounds.handleCall(incoming);
      await settled();
      sounds.handleSettings(settings);
      sounds.handleSettings({ ...settings, ring_device: "hall" });
      await settled();
      assert.deepEqual(played.map(({ device, ended }) => [device, ended]), [["kitchen", true], ["hall", false]]);
    });

    test("a ringtone that is tried is heard there once, until it is ended or somebody calls", async () => {
      const sounds = begin();
      const end = sounds.sample("chime", 50);
      await settled();
      assert.deepEqual([played[0].every, played[0].device], [null, "kitchen"]);
      end();
      assert.ok(played[0].ended);
      sounds.sample("chime", 50);
      await settled();
      sounds.handleCall(incoming);
      assert.ok(played[1].ended);
    });
  });
});
