// From coded frames to pictures: key frames, sizes, broken decoders, freezes.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Incoming } from "../../../../ui/rtc/incoming.js";
import { codecs, DELTA, keyData } from "./codecs.mjs";

function incoming() {
  const { seen, classes } = codecs();
  const state = { now: 0, asked: 0, room: Infinity, shown: /** @type {import("./codecs.mjs").Frame[]} */ ([]) };
  const one = new Incoming({
    show: (picture) => {
      state.shown.push(/** @type {any} */ (picture));
      picture.close();
      return true;
    },
    askKey: () => (state.asked += 1),
    room: () => state.room,
    codecs: classes,
    now: () => state.now,
  });
  const receive = (/** @type {boolean} */ key, /** @type {Uint8Array} */ data) => {
    state.now += 33;
    one.receive({ peer: 1, index: 0, key, timestamp: state.now * 1000, data });
  };
  const key = (width = 640, height = 480) => receive(true, keyData(width, height));
  const delta = (count = 1) => {
    for (let n = 0; n < count; n += 1) receive(false, DELTA);
  };
  return { one, seen, state, receive, key, delta };
}

describe("what comes in", () => {
  test("nothing is shown before a key frame, which is asked for, now and then", () => {
    const { one, state, key, delta } = incoming();
    delta(20);
    assert.equal(state.shown.length, 0);
    assert.equal(state.asked, 2, "20 frames are 660 ms");
    key();
    delta(3);
    assert.equal(state.shown.length, 4);
    assert.deepEqual([one.figures.framesDecoded, one.figures.framesDropped, one.figures.frameWidth], [4, 20, 640]);
  });

  test("each size has a decoder of its own", () => {
    const { seen, state, key, delta } = incoming();
    key(640, 480);
    delta();
    key(640, 480);
    assert.equal(seen.decoders, 1);
    key(320, 240);
    delta();
    assert.equal(seen.decoders, 2);
    assert.equal(state.shown.at(-1)?.displayWidth, 320);
  });

  test("a broken decoder is replaced at the next key frame, which is asked for", () => {
    for (const how of /** @type {const} */ (["decodeFails", "decodeThrows"])) {
      const { seen, state, key, delta } = incoming();
      key();
      seen[how] = true;
      delta();
      seen[how] = false;
      assert.equal(state.asked, 1, how);
      delta(2);
      assert.equal(state.shown.length, 1);
      key();
      delta();
      assert.equal(state.shown.length, 3);
    }
  });

  test("garbage that says key frame is not decoded", () => {
    const { state, receive, seen, key } = incoming();
    key();
    receive(true, Uint8Array.from([0xff, 0xff, 0xff]));
    receive(true, new Uint8Array());
    assert.equal(state.asked, 1);
    assert.equal(seen.decoders, 1);
    assert.equal(state.shown.length, 1);
  });

  test("a key frame that claims a huge picture gets no decoder, and nothing is decoded until a good one comes", () => {
    const { seen, state, receive, key, delta } = incoming();
    key();
    for (const says of [true, false]) {
      // whatever the engine says it is
      receive(says, keyData(16383, 16383));
      delta(3);
      assert.deepEqual([seen.decoders, state.shown.length], [1, 1]);
    }
    assert.ok(state.asked > 0);
    key();
    delta();
    assert.deepEqual([seen.decoders, state.shown.length], [2, 3]);
  });

  test("a key frame is one though the engine says otherwise, and is none though it says so", () => {
    const { seen, state, receive, key } = incoming();
    receive(true, DELTA);
    assert.deepEqual([seen.decoders, state.shown.length], [0, 0]);
    receive(false, keyData(640, 480));
    assert.equal(state.shown.length, 1);
    receive(false, keyData(320, 240));
    assert.equal(state.shown.at(-1)?.displayWidth, 320, "its decoder is of its size");
    key();
  });

  test("sizes that change with every frame, or frames that break each decoder, do not make decoders without end", () => {
    for (const breaks of [false, true]) {
      const { seen, key } = incoming();
      seen.decodeFails = breaks;
      for (let at = 0; at < 300; at += 1) key(breaks ? 640 : 320 + at);
      // 300 frames are ten seconds
      assert.ok(seen.decoders >= 12 && seen.decoders <= 12 + 31, `${seen.decoders}`);
    }
  });

  test("a picture that does not fit beside those of other m-lines gets no decoder", () => {
    const { one, seen, state, key, delta } = incoming();
    state.room = 640 * 480 - 1;
    key();
    delta();
    assert.deepEqual([seen.decoders, one.pixels], [0, 0]);
    state.room = 640 * 480;
    key();
    assert.deepEqual([seen.decoders, one.pixels], [1, 640 * 480]);
  });

  test("freezes are counted as webrtc-stats says", () => {
    const { one, state, key, delta } = incoming();
    key();
    delta(30);
    state.now += 500;
    delta();
    assert.equal(one.figures.freezeCount, 1);
    assert.ok(Math.abs(one.figures.totalFreezesDuration - 0.533) < 0.001);
    assert.ok(one.figures.framesPerSecond > 0);
  });
});

