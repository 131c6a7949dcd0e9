// A sound on a speaker of its own, and how loud the microphone hears.

import { test } from "node:test";
import assert from "node:assert/strict";
import { page, turns } from "./page.mjs";

const microphone = async (/** @type {any} */ { window }) => (await window.navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0];

test("a ring is handed over once, with its speaker and how often it is repeated, and ended by its number", async () => {
  const { sound, engine } = page();
  const end = await sound?.play({ samples: Int16Array.of(1, -2, 256), every: 2.5 }, "kitchen");
  assert.deepEqual(engine.calls("play"), [{ deviceId: "kitchen", samples: btoa("\x01\x00\xfe\xff\x00\x01"), everyMs: 2500 }]);
  end?.();
  await turns();
  assert.deepEqual(engine.calls("hush"), [{ sound: 1 }]);
});

test("what is no more than a part of a larger buffer is handed over as that part, however long it is", async () => {
  const { sound, engine } = page();
  await sound?.play({ samples: new Int16Array(100_000).fill(7).subarray(10, 90_010), every: null }, "kitchen");
  const [{ samples, everyMs }] = engine.calls("play");
  assert.equal(everyMs, null);
  assert.equal(atob(samples), "\x07\x00".repeat(90_000));
});

test("an engine that can't play says so", async () => {
  const { sound, engine } = page();
  engine.failNext("play", "AbortError");
  await assert.rejects(async () => sound?.play({ samples: Int16Array.of(1), every: null }, "kitchen"), { name: "AbortError" });
});

test("the microphone's level is the engine's, and the microphone rests with the track", async () => {
  const one = page();
  const { sound, engine } = one;
  const track = await microphone(one);
  const level = sound?.listen(track);
  assert.equal(level?.(), 0);
  engine.level = 0.5;
  await turns();
  level?.();
  level?.();
  await turns();
  assert.equal(engine.calls("microphoneLevel").length, 2, "one question at a time");
  assert.equal(level?.(), 0.5);
  track.stop();
  assert.equal(level?.(), 0);
  await turns();
  const ops = engine.log.map(([op]) => op).filter((op) => op !== "microphoneEnd");
  assert.deepEqual(ops.slice(-2), ["microphoneLevel", "microphoneRest"], "a question that was under way does not open it again");
});

test("muting is no end, and a level that can't be had is none", async () => {
  const one = page();
  const track = await microphone(one);
  const level = one.sound?.listen(track);
  track.enabled = false;
  one.engine.level = 0.5;
  level?.();
  await turns();
  one.engine.failNext("microphoneLevel", "NotReadableError");
  assert.equal(level?.(), 0.5);
  await turns();
  assert.equal(level?.(), 0);
  await turns();
  assert.deepEqual(one.engine.calls("microphoneRest"), []);
});

test("other tracks are not the engine's to listen to", () => {
  const { sound, track } = page();
  assert.equal(sound?.listen(track("audio")), null);
});
