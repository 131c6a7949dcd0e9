// Cameras that the engine opens, codes and sends: the page's tracks of them, the own picture, and what each m-line sends.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { OWN_HEADER } from "../../../../ui/rtc/framing.js";
import { installIfMissing } from "../../../../ui/rtc/install.js";
import { mergeFigures } from "../../../../ui/rtc/stats.js";
import { FakeEngine } from "./fake-engine.mjs";
import { fakeWindow, negotiate, record, turns, until } from "./page.mjs";
import { mediaClasses, scope } from "./worker-scope.mjs";

/** A raw picture of the engine's. @param {{camera?: number, width?: number, height?: number, timestamp?: number}} [picture] */
function picture({ camera = 1, width = 64, height = 48, timestamp = 5 } = {}) {
  const message = new ArrayBuffer(OWN_HEADER + (width * height * 3) / 2);
  const view = new DataView(message);
  view.setUint8(0, 2);
  view.setUint32(4, camera);
  view.setBigUint64(8, BigInt(timestamp));
  view.setUint16(16, width);
  view.setUint16(18, height);
  return message;
}

/**
 * A page with everything but the engine and the webview's codecs: its worker runs, and has a socket.
 * @param {{tracks?: boolean}} [webview] whether a worker makes tracks in it
 */
async function page({ tracks = true } = {}) {
  const engine = new FakeEngine();
  const { window } = fakeWindow();
  mediaClasses(window);
  const { it, plane, sockets, written, seen } = scope();
  /** Of each kind of message that went to the worker. @type {any[]} */
  const told = [];
  if (tracks) {
    const Generator = it.VideoTrackGenerator;
    it.VideoTrackGenerator = class extends Generator {
      track = new window.MediaStreamTrack("video");
    };
  } else {
    delete (/** @type {any} */ (it).VideoTrackGenerator);
  }
  window.Worker = class {
    onmessage = /** @type {((event: any) => void) | null} */ (null);
    constructor() {
      /** @type {any} */ (it).postMessage = (/** @type {any} */ data) => setImmediate(() => this.onmessage?.({ data }));
    }
    /** @param {any} message */
    postMessage(message) {
      told.push(message);
      setImmediate(() => plane.handle(message));
    }
    terminate() {}
  };
  installIfMissing(window, {
    request: (op, args) => engine.request(op, args),
    onEvent: (handler) => engine.onEvent(handler),
  });
  const devices = window.navigator.mediaDevices;
  /** Opens the camera, and shows it. @param {any} [video] @returns {Promise<any>} */
  const open = async (video = true) => {
    const [track] = (await devices.getUserMedia({ video })).getVideoTracks();
    await until(() => sockets.length > 0);
    await turns(2);
    return track;
  };
  /** What the engine says on the media socket. @param {ArrayBuffer | object} data */
  const says = (data) => sockets[0].onmessage({ data: data instanceof ArrayBuffer ? data : JSON.stringify(data) });
  const kinds = () => told.map(({ t }) => t).filter((t) => ["send", "stop-sending"].includes(t));
  return { window, engine, devices, told, kinds, sockets, written, seen, open, says };
}

describe("a camera", () => {
  test("is opened with what was asked for, and its track tells what came of it", async () => {
    const { engine, devices, window, open } = await page();
    const track = await open({ deviceId: { ideal: "desk" }, width: { ideal: 640 }, height: { max: 480 }, frameRate: 30 });
    const asked = { deviceId: "desk", exact: false, width: 640, height: 480, frameRate: 30 };
    assert.deepEqual(engine.calls("camera"), [asked]);
    assert.deepEqual([track.kind, track.label, track.muted, track.readyState], ["video", "Camera", false, "live"]);
    assert.deepEqual(track.getSettings(), { deviceId: "cam", groupId: "", width: 640, height: 480, frameRate: 30 });
    const range = (/** @type {number} */ max) => ({ min: 1, max });
    const sizes = { width: range(640), height: range(480), frameRate: range(30) };
    assert.deepEqual(track.getCapabilities(), { deviceId: "cam", groupId: "", ...sizes });
    await track.applyConstraints({ width: { exact: 9 } });
    assert.deepEqual(new window.MediaStreamTrack("video").getCapabilities(), {});
    const element = new window.HTMLMediaElement();
    element.srcObject = new window.MediaStream([track]);
    assert.deepEqual(element.playing.getTracks(), [track], "it is its own picture");
    await devices.getUserMedia({ video: { deviceId: { exact: ["desk", "door"] }, width: { exact: 320, max: 300 }, height: {}, frameRate: { min: 5 } } });
    await devices.getUserMedia({ video: { deviceId: "default", width: 99.6, height: "tall", frameRate: { ideal: 60, max: 29.97 } } });
    assert.deepEqual(engine.calls("camera").slice(1), [
      { deviceId: "desk", exact: true, width: 300, height: null, frameRate: null },
      { deviceId: null, exact: false, width: 100, height: null, frameRate: 29.97 },
    ]);
  });

  test("is open until the last of its tracks has ended, and each opening is its own", async () => {
    const { engine, told, open } = await page();
    const [one, other] = [await open(), await open()];
    const copy = one.clone();
    assert.deepEqual([copy.label, copy.getSettings().deviceId], ["Camera", "cam"]);
    one.stop();
    await turns();
    assert.deepEqual(engine.calls("cameraEnd"), []);
    copy.stop();
    copy.stop();
    await turns();
    assert.deepEqual(engine.calls("cameraEnd"), [{ camera: 1 }]);
    const [first, second] = told.filter(({ t }) => t === "preview");
    assert.deepEqual(told.filter(({ t }) => t === "drop-sink").map(({ sink }) => sink), [first.sink]);
    assert.notEqual(first.sink, second.sink);
    assert.equal(other.readyState, "live");
  });

  test("opens while the worker and its tracks are made", async () => {
    const { engine, devices, told } = await page();
    const opening = devices.getUserMedia({ video: true });
    await until(() => engine.calls("camera").length > 0);
    assert.ok(told.some(({ t }) => t === "make-track"));
    await opening;
    assert.equal(told.filter(({ t }) => t === "make-track").length, 3, "two to spare, as before");
  });

  test("is let go when the microphone can't be had, and the microphone when the camera can't", async () => {
    const { engine, devices } = await page();
    engine.failNext("microphone", "NotReadableError");
    await assert.rejects(devices.getUserMedia({ audio: true, video: true }), { name: "NotReadableError" });
    assert.deepEqual([engine.calls("cameraEnd"), engine.calls("microphoneEnd")], [[{ camera: 1 }], []]);
    engine.failNext("camera", "NotFoundError");
    await assert.rejects(devices.getUserMedia({ audio: true, video: true }), (/** @type {any} */ error) => {
      return error instanceof DOMException && error.name === "NotFoundError";
    });
    assert.deepEqual([engine.calls("cameraEnd").length, engine.calls("microphoneEnd").length], [1, 1]);
  });

  test("is of no use where the webview makes no track, and let go; a voice is heard there all the same", async () => {
    const { engine, devices } = await page({ tracks: false });
    await assert.rejects(devices.getUserMedia({ video: true }), { name: "NotReadableError" });
    await assert.rejects(devices.getUserMedia({ video: true }), { name: "NotReadableError" });
    assert.deepEqual(engine.calls("cameraEnd"), [{ camera: 1 }, { camera: 2 }]);
    assert.equal((await devices.getUserMedia({ audio: true })).getAudioTracks().length, 1);
  });
});

describe("the own picture", () => {
  test("reaches the track of its camera, and nothing does that is no picture", async () => {
    const { written, open, says } = await page();
    const track = await open();
    says(picture({ width: 640, height: 360, timestamp: 77 }));
    await turns(1);
    assert.deepEqual(written.map(({ timestamp, displayWidth, displayHeight }) => [timestamp, displayWidth, displayHeight]), [[77, 640, 360]]);
    says(picture({ width: 1920, height: 1080 }));
    await turns(1);
    assert.equal(written.length, 2);
    says(picture({ camera: 2 }));
    for (const [width, height] of /** @type {const} */ ([[0, 0], [64, 0], [1922, 2], [1082, 1082], [63, 48], [64, 47]])) says(picture({ width, height }));
    for (const length of [0, 1, OWN_HEADER - 1, OWN_HEADER, OWN_HEADER + 1]) says(picture().slice(0, length));
    says(picture().slice(0, -1));
    says(new Uint8Array([...new Uint8Array(picture()), 0]).buffer);
    for (const at of [0, 1, 2, 3]) {
      const bytes = new Uint8Array(picture());
      bytes[at] = 9;
      says(bytes.buffer);
    }
    track.stop();
    await turns(2);
    says(picture());
    await turns(1);
    assert.equal(written.length, 2);
  });

  test("never queues: what the track has not taken in time is left out", async () => {
    const { it, plane, sockets, posted } = scope();
    /** @type {(() => void)[]} */
    const taken = [];
    /** @type {any} */ (it).VideoTrackGenerator = class {
      track = {};
      writable = { getWriter: () => ({ closed: Promise.resolve(), write: (/** @type {any} */ shown) => new Promise((done) => taken.push(() => (shown.close(), done(undefined)))), close: async () => {} }) };
    };
    plane.handle({ t: "make-track" });
    plane.handle({ t: "preview", camera: 1, sink: posted[0].id });
    plane.handle({ t: "socket", url: "ws://x" });
    const film = () => [1, 2, 3, 4, 5].forEach((timestamp) => sockets[0].onmessage({ data: picture({ timestamp }) }));
    film();
    assert.equal(taken.length, 2);
    for (const take of taken.splice(0)) take();
    await turns();
    film();
    assert.equal(taken.length, 2);
  });
});

describe("a camera that is unplugged", () => {
  test("ends each of its tracks, with an event, and is not closed once more", async () => {
    const { engine, told, open, says } = await page();
    const [one, other] = [await open(), await open()];
    const copy = one.clone();
    const events = [one, copy, other].map((track) => record(track, ["ended"]));
    says({ t: "cameraEnded", camera: 1 });
    await turns();
    assert.deepEqual([one, copy, other].map(({ readyState }) => readyState), ["ended", "ended", "live"]);
    assert.deepEqual(events, [["ended"], ["ended"], []]);
    assert.deepEqual(engine.calls("cameraEnd"), []);
    assert.equal(told.filter(({ t }) => t === "drop-sink").length, 1);
    says({ t: "cameraEnded", camera: 1 });
    says({ t: "cameraEnded" });
    await turns();
    assert.equal(other.readyState, "live");
    other.stop();
    await turns();
    assert.deepEqual(engine.calls("cameraEnd"), [{ camera: 2 }]);
  });

  test("before the page knew it, was never opened", async () => {
    const { engine, devices, open, says } = await page();
    await open();
    const opening = devices.getUserMedia({ video: true });
    says({ t: "cameraEnded", camera: 2 });
    await assert.rejects(opening, { name: "NotReadableError" });
    assert.deepEqual(engine.calls("cameraEnd"), []);
    assert.equal((await open()).readyState, "live");
  });
});

describe("an m-line", () => {
  /** A call from a page with a camera. */
  async function call() {
    const it = await page();
    const { RTCPeerConnection } = it.window;
    const [alice, bob] = [new RTCPeerConnection(), new RTCPeerConnection()];
    const camera = await it.open();
    const sender = alice.addTrack(camera);
    await negotiate(alice, bob);
    await until(() => it.engine.calls("sendCamera").length > 0);
    await turns();
    const sent = () => it.engine.calls("sendCamera").map(({ camera: number, limits }) => [number, limits.muted, limits.maxBitrate]);
    const close = () => (alice.close(), bob.close(), turns());
    return { ...it, alice, bob, camera, sender, sent, close };
  }
  /** Holds up what an engine is told of m-lines. @param {FakeEngine} engine @returns {(() => void)[]} each lets one pass */
  const slow = (engine) => {
    const later = /** @type {(() => void)[]} */ ([]);
    const { request } = engine;
    engine.request = async (op, args) => {
      if (op === "sendCamera") await new Promise((/** @type {(value: void) => void} */ resolve) => later.push(resolve));
      return request.call(engine, op, args);
    };
    return later;
  };
  /** A canvas' track, which the webview hands out frames of. @param {any} window */
  const canvas = (window) => {
    const track = new window.MediaStreamTrack("video");
    track.clone = () => Object.assign(new window.MediaStreamTrack("video"), { reader: { read: () => new Promise(() => {}), cancel: async () => {} } });
    return track;
  };

  test("sends the camera by its number, and tells what changes of its limits", async () => {
    const { engine, camera, sender, sent, kinds, close } = await call();
    const { limits, ...line } = engine.calls("sendCamera")[0];
    assert.deepEqual([line, limits.active], [{ peer: 1, index: 0, camera: 1 }, true]);
    assert.deepEqual(sent(), [[1, false, null]]);
    camera.enabled = false;
    camera.enabled = false;
    await turns();
    camera.enabled = false;
    const parameters = sender.getParameters();
    parameters.encodings[0].maxBitrate = 300_000;
    await sender.setParameters(parameters);
    await turns();
    camera.enabled = true;
    await turns();
    assert.deepEqual(sent().slice(1), [[1, true, null], [1, true, 300_000], [1, false, 300_000]]);
    assert.deepEqual(kinds(), [], "the worker has no part in it");
    await close();
  });

  test("has no more to say when its peer is closed, whatever was still to be said", async () => {
    const { engine, camera, sent, close } = await call();
    const later = slow(engine);
    camera.enabled = false;
    camera.enabled = true;
    await until(() => later.length > 0);
    await close();
    later.shift()?.();
    await turns();
    assert.deepEqual([sent().length, later.length], [2, 0]);
  });

  test("stops sending with the track, and goes on with another camera", async () => {
    const { engine, camera, sender, sent, open, close } = await call();
    camera.stop();
    await turns();
    assert.deepEqual(sent().slice(1), [[null, false, null]]);
    await sender.replaceTrack(await open());
    await turns();
    assert.deepEqual(sent().slice(2), [[2, false, null]]);
    engine.failNext("sendCamera", "OperationError");
    await sender.replaceTrack(null);
    await turns();
    assert.deepEqual(sent().slice(3).map(([number]) => number), [null], "the engine reports for itself");
    await close();
  });

  test("goes from the camera to a canvas and back in order, one request at a time", async () => {
    const { window, engine, told, camera, sender, sent, kinds, close } = await call();
    await sender.replaceTrack(canvas(window));
    assert.deepEqual(kinds(), [], "the engine sends the camera still");
    await until(() => kinds().length > 0);
    assert.deepEqual([sent().slice(1), kinds()], [[[null, false, null]], ["send"]]);
    await sender.replaceTrack(camera);
    assert.deepEqual(kinds(), ["send", "stop-sending"]);
    await turns();
    assert.deepEqual(sent().slice(2), [[1, false, null]]);
    const later = slow(engine);
    camera.enabled = false;
    await turns();
    await sender.replaceTrack(canvas(window));
    await sender.replaceTrack(camera);
    camera.enabled = true;
    const last = canvas(window);
    await sender.replaceTrack(last);
    last.enabled = false;
    await turns();
    assert.equal(later.length, 1);
    later.shift()?.();
    await until(() => later.length === 1);
    assert.equal(kinds().length, 2);
    later.shift()?.();
    await turns();
    assert.deepEqual(sent().slice(3), [[1, true, null], [null, false, null]], "what changed meanwhile is told in one");
    assert.deepEqual(kinds().slice(2), ["send"]);
    assert.equal(told.findLast(({ t }) => t === "send").limits.muted, true, "as it is by then");
    await close();
  });
});

test("figures of the worker's take the engine's place only on the m-lines that it codes", () => {
  const engine = [
    { id: "camera", type: "outbound-rtp", kind: "video", mid: "0", framesEncoded: 9, frameWidth: 640, qualityLimitationReason: "cpu" },
    { id: "canvas", type: "outbound-rtp", kind: "video", mid: "1", framesEncoded: 0, frameWidth: 0, packetsSent: 4 },
  ];
  const worker = [{ peer: 1, index: 0, inbound: { framesDecoded: 5 } }, { peer: 1, index: 1, outbound: { framesEncoded: 3, frameWidth: 320 } }];
  assert.deepEqual(mergeFigures(engine, worker, String), [engine[0], { ...engine[1], framesEncoded: 3, frameWidth: 320 }]);
});
