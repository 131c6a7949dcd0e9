// The media worker's wiring, and the page's side of it.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { frameMessage, readFrame } from "../../../../ui/rtc/framing.js";
import { MediaPlane } from "../../../../ui/rtc/media.js";
import { Tracks } from "../../../../ui/rtc/tracks.js";
import { frame, keyData, LIMITS } from "./codecs.mjs";
import { fakeWindow, turns } from "./page.mjs";
import { mediaClasses, scope } from "./worker-scope.mjs";

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
    assert.equal(socket.sent.length, 0, "the engine sends nothing yet");
    socket.onmessage({ data: JSON.stringify({ t: "start", peer: 1, index: 0 }) });
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
      const { message: bytes, room } = frameMessage({ peer, index, key: true, timestamp: 1 }, 11);
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

  test("pictures that a track does not take are dropped, and shown again once it does", async () => {
    const { it, plane, sockets } = scope();
    /** @type {(() => void)[]} */
    const taken = [];
    /** @type {any} */ (it).VideoTrackGenerator = class {
      track = {};
      writable = { getWriter: () => ({ closed: Promise.resolve(), write: (/** @type {any} */ picture) => new Promise((done) => taken.push(() => (picture.close(), done(undefined)))), close: async () => {} }) };
    };
    plane.handle({ t: "make-track" });
    plane.handle({ t: "socket", url: "ws://x" });
    sockets[0].opened();
    plane.handle({ t: "receive", peer: 3, index: 1, sink: 1 });
    const film = () => {
      const { message, room } = frameMessage({ peer: 3, index: 1, key: true, timestamp: 1 }, 11);
      room.set(keyData(640, 480));
      for (let n = 0; n < 50; n += 1) sockets[0].onmessage({ data: message });
    };
    film();
    assert.equal(taken.length, 4);
    for (const take of taken.splice(0)) take();
    await turns();
    film();
    assert.equal(taken.length, 4);
    plane.handle({ t: "close-peer", peer: 3 });
  });

  test("the pictures of one call together are no larger than one may be", () => {
    const { plane, sockets, seen } = scope();
    plane.handle({ t: "socket", url: "ws://x" });
    sockets[0].opened();
    for (const index of [0, 1, 2]) {
      plane.handle({ t: "make-track" });
      plane.handle({ t: "receive", peer: 3, index, sink: index + 1 });
      const { message, room } = frameMessage({ peer: 3, index, key: true, timestamp: 1 }, 11);
      room.set(keyData(4096, 1152));
      sockets[0].onmessage({ data: message });
    }
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
    socket.onclose({ code: 1006 });
    assert.deepEqual(posted.at(-1), { t: "socket-closed", replaced: false });
    plane.handle({ t: "socket", url: "ws://y" });
    sockets[1].onclose({ code: 4001 });
    assert.deepEqual(posted.at(-1), { t: "socket-closed", replaced: true });
    plane.handle({ t: "close-peer", peer: 3 });
  });

  test("shows a camera's own pictures on its track until that is dropped, and tells of a camera that is gone", () => {
    const { plane, sockets, posted, written } = scope();
    plane.handle({ t: "make-track" });
    plane.handle({ t: "socket", url: "ws://x" });
    const [socket] = sockets;
    socket.opened();
    const own = (/** @type {number} */ camera) => socket.onmessage({ data: ownPicture(camera, 4, 2) });
    own(7);
    plane.handle({ t: "preview", camera: 7, sink: 1 });
    own(7);
    own(8);
    socket.onmessage({ data: new ArrayBuffer(21) });
    assert.deepEqual(written.map((one) => [one.displayWidth, one.displayHeight, one.timestamp]), [[4, 2, 99]]);
    socket.onmessage({ data: JSON.stringify({ t: "cameraEnded", camera: 7 }) });
    assert.deepEqual(posted.at(-1), { t: "camera-ended", camera: 7 });
    plane.handle({ t: "drop-sink", sink: 1 });
    own(7);
    assert.equal(written.length, 1);
  });

  test("says so when the webview makes no tracks", () => {
    const { plane, it, posted } = scope();
    delete (/** @type {any} */ (it).VideoTrackGenerator);
    plane.handle({ t: "make-track" });
    assert.deepEqual(posted, [{ t: "no-track" }]);
  });
});

/** @param {number} camera @param {number} width @param {number} height */
function ownPicture(camera, width, height) {
  const message = new ArrayBuffer(20 + (width * height * 3) / 2);
  const view = new DataView(message);
  view.setUint8(0, 2);
  view.setUint32(4, camera);
  view.setBigUint64(8, 99n);
  view.setUint16(16, width);
  view.setUint16(18, height);
  return message;
}

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
  const canvasTracks = mediaClasses(window);
  const requests = /** @type {string[]} */ ([]);
  const sent = /** @type {any[]} */ ([]);
  const engine = {
    request: async (/** @type {string} */ op, /** @type {any} */ args) => {
      requests.push(op);
      if (op === "sendCamera") sent.push([args.camera, args.limits.muted]);
      return { url: "ws://127.0.0.1:1/?token=x" };
    },
  };
  const tracks = new Tracks(window);
  const media = new MediaPlane(window, /** @type {any} */ (engine), tracks);
  const says = (/** @type {any} */ data) => workers[0].onmessage({ data });
  const kinds = () => posted.map(({ t }) => t);
  return { window, media, posted, workers, says, kinds, tracks, requests, sent, canvasTracks };
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

  test("the engine is told what is sent of its cameras, once, and in order with what the worker sends", async () => {
    const { media, window, posted, tracks, sent } = plane();
    await media.ready(0);
    const [camera, canvas] = [new window.MediaStreamTrack("video"), new window.MediaStreamTrack("video")];
    tracks.adopt(camera, { role: "camera", camera: 4, label: "Camera" });
    const workers = () => posted.filter(({ t }) => ["send", "stop-sending"].includes(t)).map(({ t }) => t);
    media.send(1, 0, camera, LIMITS);
    media.send(1, 0, camera.clone(), LIMITS);
    media.send(1, 0, camera, { ...LIMITS, muted: true });
    await turns(2);
    assert.deepEqual(sent, [[4, false], [4, true]]);
    assert.deepEqual(workers(), []);
    media.send(1, 0, canvas, LIMITS);
    media.send(1, 0, camera, LIMITS);
    media.send(1, 0, null, LIMITS);
    await turns(2);
    assert.deepEqual(sent.slice(2), [[null, false]], "what changes while the engine is told goes in one");
    assert.deepEqual(workers(), []);
    media.send(1, 0, camera, LIMITS);
    media.closePeer(1);
    media.send(1, 0, null, LIMITS);
    await turns(2);
    assert.deepEqual(sent.slice(3), [[4, false]], "what a closed peer sends is nobody's business");
  });

  test("an own picture's track is the worker's; the page is told of a camera that is gone", async () => {
    const { media, says, window, posted, workers } = plane();
    const [spare, late] = [new window.MediaStreamTrack("video"), new window.MediaStreamTrack("video")];
    await media.ready(0);
    says({ t: "track", id: 9, track: spare });
    const own = await media.preview();
    assert.equal(own?.track, spare);
    own?.attach(4);
    assert.deepEqual(posted.at(-1), { t: "preview", camera: 4, sink: 9 });
    const waiting = [media.preview(), media.preview(), media.preview()];
    says({ t: "track", id: 10, track: late });
    assert.equal((await waiting[0])?.track, late, "the next that is made");
    const gone = /** @type {number[]} */ ([]);
    media.onCameraEnded = (camera) => gone.push(camera);
    says({ t: "camera-ended", camera: 4 });
    assert.deepEqual(gone, [4]);
    own?.end();
    assert.equal(spare.readyState, "ended");
    assert.deepEqual(posted.at(-1), { t: "drop-sink", sink: 9 });
    workers[0].onerror();
    assert.deepEqual(await Promise.all(waiting.slice(1)), [null, null], "a worker that died makes none");
  });

  test("what is no camera is sent as a clone, so that what the page shows is its own", async () => {
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

  test("a lost socket is opened again with a new token, one that another page took is not", async () => {
    const { media, says, kinds, window, requests } = plane();
    /** @type {(() => void)[]} */
    const later = [];
    window.setTimeout = (/** @type {() => void} */ callback) => later.push(callback);
    await media.ready(0);
    await turns(2);
    says({ t: "socket-closed", replaced: true });
    assert.equal(later.length, 0);
    says({ t: "socket-closed", replaced: false });
    later.shift()?.();
    await turns(2);
    assert.deepEqual(requests, ["mediaSocket", "mediaSocket"]);
    assert.equal(kinds().filter((/** @type {string} */ kind) => kind === "socket").length, 2);
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
