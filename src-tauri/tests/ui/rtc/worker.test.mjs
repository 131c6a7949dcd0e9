// The media worker: encoding and decoding with fake codecs, adaptation, the clock, the socket, and the page's side.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Adaptation } from "../../../../ui/rtc/adaptation.js";
import { CaptureClock } from "../../../../ui/rtc/clock.js";
import { frameMessage, readFrame } from "../../../../ui/rtc/framing.js";
import { Incoming } from "../../../../ui/rtc/incoming.js";
import { MediaPlane } from "../../../../ui/rtc/media.js";
import { Outgoing } from "../../../../ui/rtc/outgoing.js";
import { Tracks } from "../../../../ui/rtc/tracks.js";
import { WorkerPlane } from "../../../../ui/rtc/worker-plane.js";
import { fakeWindow, turns } from "./page.mjs";

/** Frames that were made and not closed. */
let open = 0;

class Frame {
  displayWidth;
  displayHeight;
  timestamp;
  closed = false;
  /** @param {any} source @param {any} [init] */
  constructor(source, init = {}) {
    this.black = source instanceof Uint8Array;
    this.displayWidth = init.codedWidth ?? source.displayWidth;
    this.displayHeight = init.codedHeight ?? source.displayHeight;
    this.timestamp = init.timestamp ?? source.timestamp;
    open += 1;
  }
  close() {
    if (!this.closed) open -= 1;
    this.closed = true;
  }
}

/** @param {number} timestamp @param {number} [width] @param {number} [height] */
const frame = (timestamp, width = 640, height = 480) => new Frame({ displayWidth: width, displayHeight: height, timestamp });

/** A VP8 key frame of that size, as far as anyone looks. @param {number} width @param {number} height */
const keyData = (width, height) => Uint8Array.from([0x10, 0, 0, 0x9d, 0x01, 0x2a, width & 255, width >> 8, height & 255, height >> 8]);

/** Codecs that remember; `queue` makes the encoder look busy. */
function codecs() {
  const seen = { configured: /** @type {any[]} */ ([]), encoded: /** @type {any[]} */ ([]), decoders: 0, closed: 0, queue: 0, bytes: 100, decodeFails: false, decodeThrows: false };
  class VideoEncoder {
    state = "unconfigured";
    /** @param {any} callbacks */
    constructor(callbacks) {
      this.callbacks = callbacks;
    }
    get encodeQueueSize() {
      return seen.queue;
    }
    /** @param {any} config */
    configure(config) {
      this.state = "configured";
      seen.configured.push(config);
    }
    /** @param {Frame} input @param {{keyFrame: boolean}} options */
    encode(input, { keyFrame }) {
      assert.ok(!input.closed);
      seen.encoded.push({ keyFrame, timestamp: input.timestamp, black: input.black });
      const data = new Uint8Array(seen.bytes);
      this.callbacks.output({ type: keyFrame ? "key" : "delta", timestamp: input.timestamp, byteLength: data.length, copyTo: (/** @type {Uint8Array} */ room) => room.set(data) });
    }
    close() {
      this.state = "closed";
      seen.closed += 1;
    }
  }
  class VideoDecoder {
    state = "unconfigured";
    decodeQueueSize = 0;
    /** @param {any} callbacks */
    constructor(callbacks) {
      this.callbacks = callbacks;
      seen.decoders += 1;
    }
    /** @param {any} config */
    configure(config) {
      this.state = "configured";
      this.config = config;
    }
    /** @param {any} chunk */
    decode(chunk) {
      if (seen.decodeThrows) throw new DOMException("not a frame", "DataError");
      if (seen.decodeFails) {
        this.state = "closed";
        this.callbacks.error(new DOMException("broken", "EncodingError"));
        return;
      }
      this.callbacks.output(frame(chunk.timestamp, this.config.codedWidth, this.config.codedHeight));
    }
    close() {
      this.state = "closed";
    }
  }
  class EncodedVideoChunk {
    /** @param {any} init */
    constructor(init) {
      Object.assign(this, init);
    }
  }
  return { seen, classes: /** @type {any} */ ({ VideoEncoder, VideoDecoder, VideoFrame: Frame, EncodedVideoChunk }) };
}

const LIMITS = { active: true, muted: false, maxBitrate: null };

/** @param {object} [limits] */
function outgoing(limits) {
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
    capture(1);
    one.setRate(1_000_000, 2);
    capture(1);
    assert.deepEqual(seen.configured.map(({ width, height }) => `${width}x${height}`), ["320x240", "160x120", "320x240"]);
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
  test("by rate, with a gap between down and up", () => {
    const adaptation = new Adaptation();
    const size = () => adaptation.size(640, 480).width;
    adaptation.setRate(250_000, 640 * 480);
    assert.equal(size(), 640);
    adaptation.setRate(240_000, 640 * 480);
    assert.equal(size(), 320);
    adaptation.setRate(300_000, 640 * 480);
    assert.equal(size(), 320, "not at once");
    assert.equal(adaptation.reason, "bandwidth");
    adaptation.setRate(330_000, 640 * 480);
    assert.equal(size(), 640);
    assert.equal(adaptation.reason, "none");
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

function incoming() {
  const { seen, classes } = codecs();
  const state = { now: 0, asked: 0, shown: /** @type {Frame[]} */ ([]) };
  const one = new Incoming({
    show: (picture) => {
      state.shown.push(/** @type {any} */ (picture));
      picture.close();
      return true;
    },
    askKey: () => (state.asked += 1),
    codecs: classes,
    now: () => state.now,
  });
  const receive = (/** @type {boolean} */ key, /** @type {Uint8Array} */ data) => {
    state.now += 33;
    one.receive({ peer: 1, index: 0, key, timestamp: state.now * 1000, data });
  };
  const key = (width = 640, height = 480) => receive(true, keyData(width, height));
  const delta = (count = 1) => {
    for (let n = 0; n < count; n += 1) receive(false, Uint8Array.from([0x11, 2, 3]));
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

/** A worker's scope with everything fake. */
function scope() {
  const { seen, classes } = codecs();
  /** @type {any[]} */
  const posted = [];
  /** @type {any[]} */
  const sockets = [];
  /** @type {any[]} */
  const written = [];
  class WebSocket {
    readyState = 0;
    bufferedAmount = 0;
    /** @type {any[]} */
    sent = [];
    /** @param {string} url */
    constructor(url) {
      this.url = url;
      sockets.push(this);
    }
    opened() {
      this.readyState = 1;
      /** @type {any} */ (this).onopen();
    }
    /** @param {any} data */
    send(data) {
      this.sent.push(data);
    }
    close() {
      this.readyState = 3;
    }
  }
  class VideoTrackGenerator {
    track = { made: true };
    writable = { getWriter: () => ({ closed: Promise.resolve(), write: async (/** @type {any} */ picture) => void (written.push(picture), picture.close()), close: async () => {} }) };
  }
  class MediaStreamTrackProcessor {
    /** @param {{track: any}} init */
    constructor({ track }) {
      this.readable = { getReader: () => track.reader };
    }
  }
  const it = { ...classes, WebSocket, VideoTrackGenerator, MediaStreamTrackProcessor, onmessage: null, postMessage: (/** @type {any} */ message) => posted.push(message) };
  return { it, seen, posted, sockets, written, plane: new WorkerPlane(/** @type {any} */ (it)) };
}

/** A camera whose frames the test hands out. */
function camera() {
  /** @type {((result: any) => void)[]} */
  const waiting = [];
  const track = {
    stopped: false,
    stop() {
      this.stopped = true;
    },
    reader: { read: () => new Promise((resolve) => waiting.push(resolve)), cancel: async () => {} },
  };
  let at = 0;
  const give = async () => {
    waiting.shift()?.({ done: false, value: frame((at += 33_333)) });
    await turns(1);
  };
  return { track: /** @type {any} */ (track), give };
}

describe("the worker", () => {
  test("sends coded frames on its socket, heeds rate and key frame messages, and stops", async () => {
    const { plane, sockets, seen, posted } = scope();
    const { track, give } = camera();
    plane.handle({ t: "socket", url: "ws://127.0.0.1:1/?token=t" });
    plane.handle({ t: "send", peer: 1, index: 0, track, limits: LIMITS });
    await give();
    assert.equal(seen.encoded.length, 0, "nobody is listening yet");
    const [socket] = sockets;
    socket.opened();
    await give();
    assert.equal(readFrame(socket.sent[0])?.key, true);
    socket.onmessage({ data: JSON.stringify({ t: "rate", peer: 1, index: 0, bps: 300_000 }) });
    for (const junk of ["", "{", "null", '{"t":"rate"}', '{"t":"keyframe","peer":9,"index":9}']) socket.onmessage({ data: junk });
    await give();
    assert.equal(seen.configured.at(-1).bitrate, 300_000);
    const next = camera();
    plane.handle({ t: "send", peer: 1, index: 0, track: next.track, limits: LIMITS });
    await next.give();
    assert.equal(seen.configured.at(-1).bitrate, 300_000, "the rate is the m-line's, not the camera's");
    plane.handle({ t: "send", peer: 1, index: 0, track, limits: LIMITS });
    await give();
    await give();
    plane.handle({ t: "figures", request: 4, peer: 1 });
    assert.deepEqual([posted[0].t, posted[0].request, posted[0].figures[0].outbound.framesEncoded], ["figures", 4, 1]);
    plane.handle({ t: "stop-sending", peer: 1, index: 0 });
    const before = seen.encoded.length;
    await give();
    assert.equal(seen.encoded.length, before);
    assert.equal(track.stopped, true);
    plane.handle({ t: "close-peer", peer: 1 });
  });

  test("shows what comes in on the track for its m-line, and nothing else", () => {
    const { plane, sockets, posted, written, seen } = scope();
    plane.handle({ t: "make-track" });
    plane.handle({ t: "make-track" });
    assert.deepEqual(posted.map(({ t, id }) => [t, id]), [["track", 1], ["track", 2]]);
    plane.handle({ t: "socket", url: "ws://x" });
    const [socket] = sockets;
    socket.opened();
    plane.handle({ t: "receive", peer: 3, index: 1, sink: 1 });
    const message = (/** @type {number} */ peer, /** @type {number} */ index) => {
      const { message: bytes, room } = frameMessage({ peer, index, key: true, timestamp: 1 }, 10);
      room.set(keyData(640, 480));
      return { data: bytes };
    };
    socket.onmessage(message(3, 1));
    socket.onmessage(message(3, 0));
    socket.onmessage(message(4, 1));
    socket.onmessage({ data: new ArrayBuffer(3) });
    assert.equal(written.length, 1);
    plane.handle({ t: "receive", peer: 3, index: 0, sink: 1 });
    socket.onmessage(message(3, 1));
    socket.onmessage(message(3, 0));
    assert.equal(written.length, 2, "the track moved to another m-line");
    plane.handle({ t: "drop-sink", sink: 1 });
    socket.onmessage(message(3, 0));
    assert.equal(written.length, 2);
    assert.equal(seen.decoders, 2);
    plane.handle({ t: "close-peer", peer: 3 });
  });

  test("asks for a key frame on the socket, and tells when the socket is gone", () => {
    const { plane, sockets, posted } = scope();
    plane.handle({ t: "socket", url: "ws://x" });
    const [socket] = sockets;
    socket.opened();
    plane.handle({ t: "make-track" });
    plane.handle({ t: "receive", peer: 3, index: 1, sink: 1 });
    const { message, room } = frameMessage({ peer: 3, index: 1, key: false, timestamp: 1 }, 3);
    room.set([0x11, 0, 0]);
    socket.onmessage({ data: message });
    assert.deepEqual(socket.sent.map((/** @type {string} */ text) => JSON.parse(text)), [{ t: "keyframe", peer: 3, index: 1 }]);
    socket.onclose();
    assert.deepEqual(posted.at(-1), { t: "socket-closed" });
    plane.handle({ t: "close-peer", peer: 3 });
  });

  test("says so when the webview makes no tracks", () => {
    const { plane, it, posted } = scope();
    delete (/** @type {any} */ (it).VideoTrackGenerator);
    plane.handle({ t: "make-track" });
    assert.deepEqual(posted, [{ t: "no-track" }]);
  });
});

/** The page's side with a worker that the test plays. */
function plane() {
  const { window } = fakeWindow();
  /** @type {any[]} */
  const posted = [];
  const workers = /** @type {any[]} */ ([]);
  window.Worker = class {
    constructor() {
      workers.push(this);
    }
    /** @param {any} message */
    postMessage(message) {
      posted.push(message);
    }
    terminate() {}
  };
  const canvasTracks = /** @type {any[]} */ ([]);
  window.document.createElement = (/** @type {string} */ name) =>
    name === "video"
      ? { canPlayType: () => "" }
      : { getContext() {}, captureStream: () => ({ getVideoTracks: () => [canvasTracks[canvasTracks.push(new window.MediaStreamTrack("video")) - 1]] }) };
  window.AudioContext = class {
    createMediaStreamDestination() {
      return { stream: new window.MediaStream([new window.MediaStreamTrack("audio")]) };
    }
    async close() {}
  };
  const requests = /** @type {string[]} */ ([]);
  const engine = { request: async (/** @type {string} */ op) => (requests.push(op), { url: "ws://127.0.0.1:1/?token=x" }) };
  const tracks = new Tracks(window);
  const media = new MediaPlane(window, /** @type {any} */ (engine), tracks);
  const says = (/** @type {any} */ data) => workers[0].onmessage({ data });
  const kinds = () => posted.map(({ t }) => t);
  return { window, media, posted, workers, says, kinds, tracks, requests, canvasTracks };
}

describe("the page's side of the worker", () => {
  test("starts it when first needed, with a socket and tracks to spare", async () => {
    const { media, workers, posted, kinds, requests } = plane();
    assert.equal(workers.length, 0);
    await media.ready(0);
    await turns(2);
    assert.equal(workers.length, 1);
    assert.deepEqual(kinds(), ["make-track", "make-track", "socket"]);
    assert.deepEqual(requests, ["mediaSocket"]);
    assert.equal(posted[2].url, "ws://127.0.0.1:1/?token=x");
  });

  test("ready() waits for the tracks, or for the news that there will be none", async () => {
    const { media, says, window } = plane();
    let there = false;
    media.ready(1).then(() => (there = true));
    await turns(2);
    assert.equal(there, false);
    says({ t: "track", id: 1, track: new window.MediaStreamTrack("video") });
    await turns(1);
    assert.equal(there, true);
    const none = plane();
    const waiting = none.media.ready(2);
    none.says({ t: "no-track" });
    none.says({ t: "no-track" });
    await waiting;
    const dead = plane();
    const hopeless = dead.media.ready(1);
    dead.workers[0].onerror();
    await hopeless;
    assert.deepEqual(await dead.media.figures(1), []);
  });

  test("a receiver gets a track that was made; one made too late takes its place holder's place in elements", async () => {
    const { media, says, window, posted, canvasTracks } = plane();
    await media.ready(0);
    const early = media.remote("video");
    assert.equal(early.track, canvasTracks[0]);
    const element = new window.HTMLMediaElement();
    element.srcObject = new window.MediaStream([early.track]);
    assert.equal(element.playing, null);
    early.attach(5, 1);
    const made = new window.MediaStreamTrack("video");
    says({ t: "track", id: 9, track: made });
    assert.deepEqual(element.playing.getTracks(), [made]);
    assert.deepEqual(posted.filter(({ t }) => t === "receive"), [{ t: "receive", peer: 5, index: 1, sink: 9 }]);
    const second = new window.MediaStreamTrack("video");
    says({ t: "track", id: 10, track: second });
    const source = media.remote("video");
    assert.equal(source.track, second);
    source.attach(5, 2);
    source.attach(5, 2);
    source.end();
    assert.equal(second.readyState, "ended");
    assert.deepEqual(posted.slice(-2), [{ t: "receive", peer: 5, index: 2, sink: 10 }, { t: "drop-sink", sink: 10 }]);
  });

  test("a camera is sent as a clone, so that the preview is its own", async () => {
    const { media, window, posted } = plane();
    await media.ready(0);
    const camera = new window.MediaStreamTrack("video");
    camera.enabled = false;
    media.send(1, 0, camera, LIMITS);
    media.send(1, 0, camera, LIMITS);
    const sends = posted.filter(({ t }) => t === "send");
    assert.equal(sends.length, 1);
    assert.notEqual(sends[0].track, camera);
    assert.equal(sends[0].track.enabled, true, "black is made by the worker");
    media.send(1, 0, camera, { ...LIMITS, muted: true });
    assert.equal(posted.at(-1).t, "limits");
    media.send(1, 0, null, LIMITS);
    media.send(1, 0, null, LIMITS);
    assert.deepEqual(posted.filter(({ t }) => t === "stop-sending").length, 1);
    media.send(1, 0, camera, LIMITS);
    media.closePeer(1);
    assert.equal(posted.at(-1).t, "close-peer");
    media.send(1, 0, null, LIMITS);
    assert.equal(posted.at(-1).t, "close-peer");
  });

  test("stand-ins for voice are silent tracks of their own", () => {
    const { media } = plane();
    const [one, other] = [media.remote("audio"), media.remote("audio")];
    assert.notEqual(one.track, other.track);
    one.end();
    assert.equal(one.track.readyState, "ended");
    assert.equal(other.track.readyState, "live");
  });

  test("figures are asked for when wanted", async () => {
    const { media, says, posted } = plane();
    await media.ready(0);
    const asked = media.figures(3);
    const { request } = posted.at(-1);
    says({ t: "figures", request, figures: [{ peer: 3, index: 0 }] });
    assert.deepEqual(await asked, [{ peer: 3, index: 0 }]);
  });
});
