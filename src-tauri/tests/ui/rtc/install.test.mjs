// Installing on a window, devices, and what media elements play.

import { beforeEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { installIfMissing } from "../../../../ui/rtc/install.js";
import { FakeEngine } from "./fake-engine.mjs";
import { fakeWindow, negotiate, next, page, turns, until } from "./page.mjs";

describe("installing", () => {
  test("steps aside where the window has the native thing", () => {
    const { window } = fakeWindow();
    class Native {}
    window.RTCPeerConnection = Native;
    const before = { ...window };
    const { getUserMedia } = window.navigator.mediaDevices;
    const touched = () => assert.fail("the backend is not to be touched");
    assert.equal(installIfMissing(window, { request: touched, onEvent: touched }), null);
    assert.deepEqual({ ...window }, before);
    assert.equal(window.RTCPeerConnection, Native);
    assert.equal(window.navigator.mediaDevices.getUserMedia, getUserMedia);
  });

  test("says hello once and puts every interface into the window", async () => {
    const { window, engine } = page();
    const names = ["RTCPeerConnection", "RTCSessionDescription", "RTCIceCandidate", "RTCRtpSender", "RTCRtpReceiver", "RTCRtpTransceiver", "RTCTrackEvent", "RTCPeerConnectionIceEvent", "RTCPeerConnectionIceErrorEvent", "RTCDataChannel", "RTCDataChannelEvent", "RTCStatsReport", "RTCDtlsTransport", "RTCIceTransport", "RTCSctpTransport", "RTCError", "RTCErrorEvent"];
    for (const name of names) {
      const { value, enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(window, name) ?? {};
      assert.equal(typeof value, "function", name);
      assert.deepEqual([enumerable, writable, configurable], [false, true, true], name);
    }
    await turns();
    assert.deepEqual(engine.log, [["hello", {}]]);
  });

  test("peers are opened after hello, and one window's events stay in it", async () => {
    const engine = new FakeEngine();
    const one = page(engine);
    const other = page(engine);
    const [alice, bob] = [new one.RTCPeerConnection(), new other.RTCPeerConnection()];
    alice.createDataChannel("x");
    await negotiate(alice, bob);
    await until(() => alice.connectionState === "connected" && bob.connectionState === "connected");
    assert.deepEqual(engine.log.slice(0, 2).map(([op]) => op), ["hello", "hello"]);
    alice.close();
    await turns();
    assert.equal(bob.connectionState, "connected");
  });

  test("an engine that is not there fails the operation, by a name of its own", async () => {
    const { window } = fakeWindow();
    const request = () => Promise.reject({ code: "internal", message: "gone" });
    installIfMissing(window, { request, onEvent() {} }, { media: () => /** @type {any} */ ({ ready: async () => {}, silence() {} }) });
    await assert.rejects(new window.RTCPeerConnection().createOffer(), { name: "OperationError", message: "gone" });
  });
});

describe("setSinkId()", () => {
  /** @type {any} */ let element;
  /** @type {FakeEngine} */ let engine;
  beforeEach(() => {
    class HTMLMediaElement {}
    const { window } = fakeWindow();
    Object.assign(window, { HTMLMediaElement });
    engine = new FakeEngine();
    installIfMissing(window, engine, { media: () => /** @type {any} */ ({ ready: async () => {}, silence() {} }) });
    element = new HTMLMediaElement();
  });

  test("chooses the engine's speaker, and the system's again", async () => {
    await element.setSinkId("out");
    assert.equal(element.sinkId, "out");
    await element.setSinkId("");
    assert.equal(element.sinkId, "");
    const chosen = engine.log.filter(([op]) => op === "speaker").map(([, { deviceId }]) => deviceId);
    assert.deepEqual(chosen, ["out", null]);
  });

  test("stays where it is when that speaker is not there", async () => {
    await assert.rejects(element.setSinkId("gone"), { name: "NotFoundError" });
    assert.equal(element.sinkId, "");
  });
});

describe("getUserMedia()", () => {
  test("takes microphone and camera from the engine, and none from the webview", async () => {
    const { window, native, engine, media } = page();
    const devices = window.navigator.mediaDevices;
    const stream = await devices.getUserMedia({ audio: { echoCancellation: true }, video: { width: 640, height: { ideal: 480 } } });
    assert.deepEqual(native.asked, []);
    assert.deepEqual(engine.calls("microphone"), [{ deviceId: null }]);
    assert.deepEqual(engine.calls("camera"), [{ deviceId: null, exact: false, width: 640, height: 480, frameRate: null }]);
    const [[microphone], [camera]] = [stream.getAudioTracks(), stream.getVideoTracks()];
    assert.equal(microphone.label, "Tone");
    assert.equal(microphone.muted, false);
    assert.equal(microphone.getSettings().deviceId, "mic");
    await microphone.applyConstraints({ echoCancellation: false });
    assert.equal(camera, media.previews[0]?.track);
    assert.equal(camera.label, "Camera");
    assert.deepEqual(camera.getSettings(), { deviceId: "cam", groupId: "", width: 640, height: 480, frameRate: 30 });
    assert.deepEqual(camera.getCapabilities().width, { max: 640, min: 1 });
    await camera.applyConstraints({ width: 320 });
  });

  test("opens what was asked for and nothing else", async () => {
    const { window, engine } = page();
    const devices = window.navigator.mediaDevices;
    const voice = await devices.getUserMedia({ audio: true });
    assert.equal(voice.getTracks().length, 1);
    assert.deepEqual(engine.calls("camera"), []);
    engine.log.length = 0;
    await devices.getUserMedia({ video: true, audio: false });
    assert.deepEqual(engine.calls("microphone"), []);
    const sizes = { width: { exact: 1280 }, height: { max: 720 }, frameRate: { min: 5 } };
    await devices.getUserMedia({ video: { deviceId: { exact: "cam" }, ...sizes } });
    assert.deepEqual(engine.calls("camera").at(-1), { deviceId: "cam", exact: true, width: 1280, height: 720, frameRate: null });
  });

  test("a camera is open until the last of its tracks has ended", async () => {
    const { window, engine, media } = page();
    const open = async () => (await window.navigator.mediaDevices.getUserMedia({ video: true })).getVideoTracks()[0];
    const [first, other] = [await open(), await open()];
    const copy = first.clone();
    assert.equal(copy.label, "Camera");
    first.stop();
    await turns();
    assert.deepEqual(engine.calls("cameraEnd"), []);
    copy.stop();
    await turns();
    assert.deepEqual(engine.calls("cameraEnd"), [{ camera: 1 }]);
    assert.deepEqual(media.previews.map(({ ended }) => ended), [true, false]);
    assert.equal(other.readyState, "live");
  });

  test("the microphone is open until the last of its tracks has ended", async () => {
    const { window, engine } = page();
    const stream = await window.navigator.mediaDevices.getUserMedia({ audio: true });
    const [track] = stream.getAudioTracks();
    const copy = track.clone();
    track.stop();
    await turns();
    assert.deepEqual(engine.calls("microphoneEnd"), []);
    copy.stop();
    await turns();
    assert.equal(engine.calls("microphoneEnd").length, 1);
  });

  test("a microphone does not wait for what shows pictures", async () => {
    const { window, media } = page();
    media.ready = () => new Promise(() => {});
    const stream = await window.navigator.mediaDevices.getUserMedia({ audio: true });
    assert.equal(stream.getAudioTracks().length, 1);
  });

  test("a chosen microphone is asked for by its id", async () => {
    const { window, engine } = page();
    for (const deviceId of ["usb", { exact: "usb" }, { ideal: ["usb", "other"] }, "default"]) {
      await window.navigator.mediaDevices.getUserMedia({ audio: { deviceId } });
    }
    assert.deepEqual(engine.calls("microphone").map((one) => one.deviceId), ["usb", "usb", "usb", null]);
  });

  test("errors keep their names, and what was opened is released", async () => {
    const { window, engine } = page();
    const devices = window.navigator.mediaDevices;
    for (const name of ["NotFoundError", "NotReadableError"]) {
      engine.microphone = { name, message: "no microphone" };
      await assert.rejects(devices.getUserMedia({ audio: true, video: true }), (/** @type {any} */ error) => {
        assert.ok(error instanceof DOMException);
        assert.equal(error.name, name);
        return true;
      });
    }
    await turns();
    assert.deepEqual(engine.calls("cameraEnd"), [{ camera: 1 }, { camera: 2 }]);
    engine.microphone = { id: "mic", label: "Tone" };
    engine.failNext("camera", "NotReadableError");
    await assert.rejects(devices.getUserMedia({ audio: true, video: true }), { name: "NotReadableError" });
    await turns();
    assert.equal(engine.calls("microphoneEnd").length, 1);
    await assert.rejects(devices.getUserMedia({}), TypeError);
    await assert.rejects(devices.getUserMedia(), TypeError);
    await assert.rejects(devices.getUserMedia({ audio: false, video: false }), TypeError);
  });

  test("outlives the collection of navigator.mediaDevices", () => {
    const { window } = page();
    assert.equal(Object.hasOwn(window.navigator.mediaDevices, "getUserMedia"), false);
    assert.notEqual(Object.getPrototypeOf(window.navigator.mediaDevices).getUserMedia.name, "getUserMedia");
  });
});

test("enumerateDevices() lists the engine's devices, and never asks the webview", async () => {
  const { window, engine } = page();
  const devices = window.navigator.mediaDevices;
  const list = async () => (await devices.enumerateDevices()).map((/** @type {any} */ one) => `${one.kind} ${one.deviceId} ${one.label}`);
  assert.deepEqual(await list(), ["audioinput mic Tone", "videoinput cam Camera", "audiooutput out Null"]);
  engine.failNext("devices", "OperationError");
  assert.deepEqual(await list(), []);
});

describe("media elements", () => {
  test("never get a stand-in for native audio, and give back what they were given", async () => {
    const { window, track } = page();
    const stream = await window.navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const element = new window.HTMLMediaElement();
    element.srcObject = stream;
    assert.equal(element.srcObject, stream);
    assert.deepEqual(element.playing.getTracks(), stream.getVideoTracks());
    const screen = track("video");
    stream.addTrack(screen);
    assert.ok(element.playing.getTracks().includes(screen));
    stream.removeTrack(screen);
    assert.ok(!element.playing.getTracks().includes(screen));
    element.srcObject = null;
    assert.equal(element.playing, null);
    assert.equal(element.srcObject, null);
  });

  test("a call that begins with voice alone shows video as soon as it joins", async () => {
    const { RTCPeerConnection, window, track, stream } = page();
    const [alice, bob] = [new RTCPeerConnection(), new RTCPeerConnection()];
    const room = stream();
    alice.addTrack(track("audio"), room);
    const heard = next(bob, "track");
    await negotiate(alice, bob);
    const { streams } = await heard;
    const element = new window.HTMLMediaElement();
    element.srcObject = streams[0];
    assert.equal(element.playing, null);
    alice.addTrack(track("video"), room);
    const seen = next(bob, "track");
    await negotiate(alice, bob);
    assert.deepEqual(element.playing.getTracks(), [(await seen).track]);
    assert.equal(element.srcObject, streams[0]);
  });

  test("what the window's hiding paused goes on when it is shown; what the page paused does not", async () => {
    const { window, document, stream, track } = page();
    const [hidden, paused] = [new window.HTMLMediaElement(), new window.HTMLMediaElement()];
    hidden.srcObject = stream(track("video"));
    paused.srcObject = stream(track("video"));
    paused.dispatchEvent(new Event("pause"));
    document.hidden = true;
    document.dispatchEvent(new Event("visibilitychange"));
    hidden.dispatchEvent(new Event("pause"));
    document.hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    assert.deepEqual([hidden.plays, paused.plays], [1, 0]);
    document.dispatchEvent(new Event("visibilitychange"));
    assert.equal(hidden.plays, 1);
  });
});

test("MediaStreamTrack keeps its own behaviour for tracks that are nobody's stand-in", () => {
  const { track } = page();
  const camera = track("video");
  assert.deepEqual([camera.label, camera.muted, camera.enabled, camera.getSettings().deviceId], ["native video", false, true, "native"]);
  camera.enabled = false;
  assert.equal(camera.clone().enabled, false);
  camera.stop();
  assert.equal(camera.readyState, "ended");
});
