// From captured frames to coded ones: dropping, rate, size, times.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Adaptation } from "../../../../ui/rtc/adaptation.js";
import { CaptureClock } from "../../../../ui/rtc/clock.js";
import { readFrame } from "../../../../ui/rtc/framing.js";
import { Outgoing } from "../../../../ui/rtc/outgoing.js";
import { codecs, frame, LIMITS, open } from "./codecs.mjs";

/** @param {object} [limits] @param {boolean} [started] the engine sends already */
function outgoing(limits, started = true) {
  const { seen, classes } = codecs();
  /** @type {ArrayBuffer[]} */
  const sent = [];
  const state = { backlog: 0, now: 1_000_000 };
  const one = new Outgoing({
    peer: 7,
    index: 2,
    limits: { ...LIMITS, ...limits },
    send: (message) => sent.push(message),
    backlog: () => state.backlog,
    codecs: classes,
    now: () => state.now,
  });
  if (started) one.start();
  let at = 0;
  /** Captures that many frames, a 30th of a second apart. @param {number} [count] @param {number} [width] @param {number} [height] */
  const capture = (count = 1, width, height) => {
    for (let n = 0; n < count; n += 1) {
      state.now += 33_333;
      at += 33_333;
      const input = frame(at, width, height);
      one.captured(/** @type {any} */ (input));
      input.close();
    }
  };
  return { one, seen, sent, state, capture };
}

describe("what goes out", () => {
  test("begins with a key frame, is framed for its m-line, and closes every frame", () => {
    const before = open;
    const { sent, seen, capture } = outgoing();
    capture(3);
    assert.deepEqual(seen.encoded.map(({ keyFrame }) => keyFrame), [true, false, false]);
    const first = readFrame(/** @type {ArrayBuffer} */ (sent[0]));
    assert.deepEqual([first?.peer, first?.index, first?.key, first?.data.length], [7, 2, true, 100]);
    assert.deepEqual([seen.configured[0].codec, seen.configured[0].latencyMode], ["vp8", "realtime"]);
    assert.equal(open, before);
  });

  test("before the engine sends, the encoder only gets going; then a key frame goes out at once", () => {
    const { one, sent, seen, capture } = outgoing({}, false);
    capture(9);
    assert.deepEqual([seen.encoded.length, sent.length], [1, 0]);
    one.start();
    capture(2);
    assert.deepEqual(sent.map((message) => readFrame(message)?.key), [true, false]);
    assert.equal(one.figures.framesEncoded, 2);
    one.start();
    capture(1);
    assert.equal(readFrame(/** @type {ArrayBuffer} */ (sent[2]))?.key, true, "whoever begins anew does not wait for the next one's turn");
  });

  test("a key frame that is asked for comes with the next frame, but not more often than every 300 ms", () => {
    const { one, seen, capture } = outgoing();
    capture(10);
    one.wantKey();
    capture(1);
    one.wantKey();
    capture(30);
    const keys = seen.encoded.flatMap(({ keyFrame }, at) => (keyFrame ? at : []));
    assert.deepEqual(keys, [0, 10, 20]);
  });

  test("frames are dropped, not queued, when the encoder or the socket is behind", () => {
    const { one, seen, state, capture } = outgoing();
    capture(1);
    seen.queue = 3;
    capture(2);
    seen.queue = 0;
    state.backlog = 200_000;
    capture(2);
    assert.equal(seen.encoded.length, 1);
    assert.equal(one.figures.framesDropped, 4);
    state.backlog = 0;
    capture(1);
    assert.equal(seen.encoded.length, 2);
    assert.equal(seen.encoded[1].keyFrame, false, "nothing was lost: no key frame is needed");
  });

  test("the rate is the engine's, within the page's limit; small changes do not disturb the encoder", () => {
    const { one, seen, capture } = outgoing({ maxBitrate: 900_000 });
    capture(1);
    one.setRate(800_000);
    capture(1);
    one.setRate(805_000);
    capture(1);
    one.setRate(5_000_000);
    capture(1);
    one.setRate(NaN);
    one.setRate(-1);
    capture(1);
    assert.deepEqual(seen.configured.map(({ bitrate }) => bitrate), [600_000, 800_000, 900_000]);
  });

  test("the picture shrinks when the rate is worth no more", () => {
    const { one, seen, capture } = outgoing();
    one.setRate(150_000);
    capture(1);
    one.setRate(40_000);
    capture(20);
    one.setRate(1_000_000, 4);
    capture(1);
    assert.deepEqual(seen.configured.map(({ width, height }) => `${width}x${height}`), ["480x360", "480x360", "240x180", "160x120"]);
  });

  test("while muted, black is sent once a second, in the picture's size", () => {
    const { one, seen, capture } = outgoing();
    capture(10);
    one.setLimits({ ...LIMITS, muted: true });
    capture(90);
    const muted = seen.encoded.slice(10);
    assert.ok(muted.length >= 3 && muted.length <= 4, `${muted.length}`);
    assert.ok(muted.every(({ black }) => black));
    assert.equal(muted[0].keyFrame, true, "nothing of the picture shows through");
    one.setLimits(LIMITS);
    capture(1);
    assert.deepEqual([seen.encoded.at(-1).black, seen.encoded.at(-1).keyFrame], [false, true]);
  });

  test("maxFramerate thins the frames out", () => {
    const { seen, capture } = outgoing({ maxFramerate: 15 });
    capture(30);
    assert.equal(seen.encoded.length, 15);
  });

  test("an encoder that breaks is replaced, with a key frame", () => {
    const { seen, capture, one } = outgoing();
    capture(20);
    seen.bytes = 2_000_000;
    capture(1);
    assert.equal(one.figures.framesEncoded, 20, "too large for the socket");
    seen.bytes = 100;
    capture(1);
    assert.equal(seen.encoded.at(-1).keyFrame, true);
  });

  test("times go on over a new camera, and are made up where the source has none", () => {
    const { one, seen, sent, state } = outgoing();
    for (let n = 0; n < 5; n += 1) {
      state.now += 33_333;
      const input = frame(0);
      one.captured(/** @type {any} */ (input));
      input.close();
    }
    const times = seen.encoded.map(({ timestamp }) => timestamp);
    assert.deepEqual(times, [0, 33_333, 66_666, 99_999, 133_332]);
    const shared = sent.map((message) => readFrame(message)?.timestamp ?? 0);
    assert.deepEqual(shared, [1_033_333, 1_066_666, 1_099_999, 1_133_332, 1_166_665]);
  });
});

test("the shared clock never goes back and follows no jump of a source", () => {
  const clock = new CaptureClock();
  assert.equal(clock.shared(500, 10_000_000), 10_000_000);
  assert.equal(clock.shared(33_833, 10_040_000), 10_033_333, "the camera's own steadiness is kept");
  assert.equal(clock.shared(90_000_000, 10_070_000), 10_070_000, "a leap is not followed");
  assert.equal(clock.shared(0, 10_069_000), 10_070_001, "nor a step back");
});

describe("adaptation", () => {
  test("a screen is never sent larger than the other side takes, whatever its shape", () => {
    for (const [width, height] of /** @type {const} */ ([[5120, 2880], [2880, 5120], [7680, 4320], [16000, 100], [64, 9000], [4096, 2304]])) {
      const adaptation = new Adaptation();
      adaptation.setRate(1_000_000_000, width * height);
      const sent = adaptation.size(width, height);
      assert.ok(Math.max(sent.width, sent.height) <= 4096 && sent.width * sent.height <= 4096 * 2304, JSON.stringify(sent));
      assert.ok(sent.width * sent.height > 100 * 25, "nor smaller than it has to be");
    }
  });

  /** @param {number} rate @param {number} [width] @param {number} [height] */
  const first = (rate, width = 640, height = 480) => {
    const adaptation = new Adaptation();
    adaptation.setRate(rate, width * height);
    return adaptation.size(width, height);
  };

  test("the first picture has the size that the rate is worth, with its sides in proportion and even", () => {
    const rates = [300_000, 200_000, 100_000, 50_000, 20_000];
    assert.deepEqual(rates.map((rate) => first(rate)).map(({ width, height }) => `${width}x${height}`), [
      "640x480", "480x360", "320x240", "240x180", "160x120",
    ]);
    for (const [width, height] of /** @type {const} */ ([[480, 640], [1280, 720], [641, 361], [1920, 800]])) {
      for (let rate = 20_000; rate < 2_000_000; rate *= 1.2) {
        const sent = first(rate, width, height);
        assert.ok(sent.width % 2 === 0 && sent.height % 2 === 0 && sent.width <= width && sent.height <= height);
        assert.ok(Math.abs(sent.width / sent.height / (width / height) - 1) < 0.02, JSON.stringify({ width, height, sent }));
      }
    }
  });

  test("by rate, down soon, up when it has been worth it for a while", () => {
    const adaptation = new Adaptation();
    let now = 0;
    const size = () => adaptation.size(640, 480).width;
    const during = (/** @type {number} */ seconds, /** @type {number} */ rate) => {
      const sizes = new Set();
      for (let n = 0; n < seconds * 30; n += 1) {
        adaptation.captured((now += 33_333), false);
        adaptation.setRate(rate, 640 * 480);
        sizes.add(size());
      }
      return [...sizes];
    };
    assert.deepEqual(during(1, 250_000), [640]);
    assert.deepEqual(during(0.4, 20_000), [640], "a dip is not worth two key frames");
    assert.deepEqual(during(1, 250_000), [640]);
    assert.deepEqual(during(0.6, 240_000), [640, 480]);
    assert.deepEqual(during(20, 300_000), [480], "hardly more than the limit");
    assert.equal(adaptation.reason, "bandwidth");
    assert.deepEqual(during(2, 330_000), [480], "not at once");
    assert.deepEqual(during(1, 300_000), [480]);
    assert.deepEqual(during(2, 330_000), [480], "the wait begins anew");
    assert.deepEqual(during(2, 330_000), [480, 640]);
    assert.equal(adaptation.reason, "none");
    assert.deepEqual(during(1, 30_000), [640, 160]);
    assert.deepEqual(during(4, 1_000_000), [160, 640], "all the way in one step");
  });

  test("a rate that goes up and down does not make the size flap", () => {
    const adaptation = new Adaptation();
    let [now, changes, last] = [0, 0, 0];
    for (let n = 0; n < 60 * 30; n += 1) {
      adaptation.captured((now += 33_333), false);
      adaptation.setRate(n % 60 < 30 ? 150_000 : 400_000, 640 * 480);
      const { width } = adaptation.size(640, 480);
      if (width !== last) changes += 1;
      last = width;
    }
    assert.equal(changes, 1, "the first size");
  });

  test("by load, and back after a while that gets longer", () => {
    const adaptation = new Adaptation();
    adaptation.setRate(5_000_000, 640 * 480);
    let now = 0;
    const seconds = (/** @type {number} */ count, /** @type {number} */ dropEach) => {
      for (let n = 0; n < count * 30; n += 1) adaptation.captured((now += 33_333), dropEach > 0 && n % dropEach === 0);
    };
    const width = () => adaptation.size(640, 480).width;
    const slow = () => {
      const before = width();
      while (width() === before) seconds(0.1, 2);
      assert.equal(adaptation.reason, "cpu");
    };
    seconds(4, 10);
    assert.equal(width(), 640, "one in ten is no reason");
    slow();
    assert.equal(width(), 320);
    seconds(9, 0);
    assert.equal(width(), 320);
    seconds(3, 0);
    assert.equal(width(), 640);
    slow();
    seconds(15, 0);
    assert.equal(width(), 320, "it failed before: wait longer");
    seconds(10, 0);
    assert.equal(width(), 640);
    slow();
    slow();
    assert.equal(width(), 160);
  });

  test("never under 64 pixels, always even, never larger than captured", () => {
    const adaptation = new Adaptation();
    adaptation.setRate(9_000_000, 640 * 480);
    assert.deepEqual(adaptation.size(641, 361), { width: 640, height: 360 });
    adaptation.requested = 1000;
    assert.deepEqual(adaptation.size(640, 480), { width: 84, height: 64 });
  });
});

