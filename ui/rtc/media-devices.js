// getUserMedia and enumerateDevices where devices are the engine's: it opens microphones and cameras, and lists them.

import { Cameras, wantedDevice } from "./cameras.js";
import { dictionary } from "./idl.js";

/**
 * @param {object} parts
 * @param {Window & typeof globalThis} parts.window
 * @param {import("./engine.js").Engine} parts.engine
 * @param {import("./tracks.js").Tracks} parts.tracks
 * @param {Pick<import("./environment.d.ts").Media, "ready" | "preview" | "onCameraEnded"> & {silence(): MediaStreamTrack}} parts.media
 */
export function wrapMediaDevices({ window, engine, tracks, media }) {
  const devices = window.navigator.mediaDevices;
  if (!devices) return;
  tracks.onMicrophoneEnd = () => engine.request("microphoneEnd").catch(() => {});
  const cameras = new Cameras(engine, tracks, media);

  /** @param {any} constraint */
  async function microphone(constraint) {
    const { id, label } = await engine.request("microphone", { deviceId: wantedDevice(constraint).deviceId });
    const track = media.silence();
    const settings = { deviceId: id, groupId: "", echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    tracks.adopt(track, { role: "microphone", label, muted: false, settings });
    return track;
  }

  /** @param {MediaStreamConstraints} [constraints] */
  async function getUserMediaWithEngine(constraints = {}) {
    const { audio, video } = dictionary(constraints, "MediaStreamConstraints");
    if (!audio && !video) throw new TypeError("Neither audio nor video was asked for");
    // a call follows: the worker gets going while the devices open, so that its tracks are there in time; voice does
    // not wait for them
    void media.ready(1);
    const [voice, picture] = await Promise.allSettled([audio ? microphone(audio) : null, video ? cameras.open(video) : null]);
    const failed = [picture, voice].find((one) => one.status === "rejected");
    if (failed?.status === "rejected") {
      for (const one of [voice, picture]) if (one.status === "fulfilled") one.value?.stop();
      throw failed.reason;
    }
    const opened = [voice, picture].flatMap((one) => (one.status === "fulfilled" && one.value ? one.value : []));
    return new window.MediaStream(opened);
  }

  async function enumerateWithEngine() {
    // never the webview's own list: a camera that names no frame rate ends WebKit's process there
    const { inputs, outputs, cameras } = await engine.request("devices").catch(() => ({ inputs: [], outputs: [], cameras: [] }));
    const listed = /** @type {const} */ ([
      ["audioinput", inputs],
      ["videoinput", cameras],
      ["audiooutput", outputs],
    ]);
    return listed.flatMap(([kind, list]) => list.map((/** @type {{id: string, label: string}} */ one) => deviceInfo(kind, one)));
  }

  // on the prototype: WebKit forgets what is put on `navigator.mediaDevices` itself when it collects garbage
  const prototype = Object.getPrototypeOf(devices);
  const replace = { configurable: true, enumerable: true, writable: true };
  Object.defineProperty(prototype, "getUserMedia", { ...replace, value: getUserMediaWithEngine });
  Object.defineProperty(prototype, "enumerateDevices", { ...replace, value: enumerateWithEngine });
}

/**
 * @param {MediaDeviceKind} kind
 * @param {{id: string, label: string}} device
 * @returns {MediaDeviceInfo}
 */
function deviceInfo(kind, { id, label }) {
  const fields = { deviceId: id, kind, label, groupId: "" };
  return Object.freeze({ ...fields, toJSON: () => fields });
}
