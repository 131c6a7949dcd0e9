// getUserMedia and enumerateDevices where microphones and cameras are the engine's: the webview opens none.

import { dictionary } from "./idl.js";

/**
 * @param {any} constraint `audio` of the constraints
 * @returns {string | null} the device asked for
 */
function deviceIdOf(constraint) {
  const wanted = constraint?.deviceId;
  const id = typeof wanted === "object" && wanted !== null ? (wanted.exact ?? wanted.ideal) : wanted;
  const first = Array.isArray(id) ? id[0] : id;
  return typeof first === "string" && first !== "" && first !== "default" ? first : null;
}

/**
 * A number that a constraint asks for.
 * @param {any} constraint `width` of the constraints, say
 * @returns {number | null}
 */
function numberOf(constraint) {
  const { exact, ideal, max } = typeof constraint === "object" && constraint !== null ? constraint : { exact: constraint };
  const wanted = Number(exact ?? ideal ?? max ?? NaN);
  return Number.isFinite(wanted) && wanted > 0 ? Math.round(wanted) : null;
}

/**
 * What is used of the media plane.
 * @typedef {object} Devices
 * @property {(tracks: number) => Promise<void>} ready
 * @property {() => MediaStreamTrack} silence
 * @property {(camera: number) => {track: MediaStreamTrack, end: () => void}} preview
 */

/**
 * @param {object} parts
 * @param {Window & typeof globalThis} parts.window
 * @param {import("./engine.js").Engine} parts.engine
 * @param {import("./tracks.js").Tracks} parts.tracks
 * @param {Devices} parts.media
 */
export function wrapMediaDevices({ window, engine, tracks, media }) {
  const devices = window.navigator.mediaDevices;
  if (!devices) return;
  tracks.onMicrophoneEnd = () => engine.request("microphoneEnd").catch(() => {});
  /** What shows each open camera's own picture. @type {Map<number, {end: () => void}>} */
  const previews = new Map();
  tracks.onCameraEnd = (camera) => {
    previews.get(camera)?.end();
    previews.delete(camera);
    engine.request("cameraEnd", { camera }).catch(() => {});
  };

  /** @param {any} constraint */
  async function microphone(constraint) {
    const { id, label } = await engine.request("microphone", { deviceId: deviceIdOf(constraint) });
    const track = media.silence();
    const settings = { deviceId: id, groupId: "", echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    tracks.adopt(track, { role: "microphone", label, muted: false, settings });
    return track;
  }

  /** @param {any} constraint */
  async function camera(constraint) {
    // the worker gets going while the camera opens, so that its track is there in time
    const worker = media.ready(1);
    const { camera, id, label, width, height, frameRate } = await engine.request("camera", {
      deviceId: deviceIdOf(constraint),
      exact: constraint?.deviceId?.exact !== undefined,
      width: numberOf(constraint?.width),
      height: numberOf(constraint?.height),
      frameRate: numberOf(constraint?.frameRate),
    });
    await worker;
    const preview = media.preview(camera);
    previews.set(camera, preview);
    const settings = { deviceId: id, groupId: "", width, height, frameRate };
    tracks.adopt(preview.track, { role: "camera", camera, label, muted: false, settings });
    return preview.track;
  }

  /** @param {MediaStreamConstraints} [constraints] */
  async function getUserMediaWithEngine(constraints = {}) {
    const { audio, video } = dictionary(constraints, "MediaStreamConstraints");
    if (!audio && !video) throw new TypeError("Neither audio nor video was asked for");
    // a call follows: its tracks are to be there in time
    media.ready(1).catch(() => {});
    const opened = await Promise.allSettled([audio ? microphone(audio) : null, video ? camera(video) : null]);
    const made = opened.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
    const failed = opened.findLast((one) => one.status === "rejected");
    if (failed?.status === "rejected") {
      for (const track of made) track.stop();
      throw failed.reason;
    }
    return new window.MediaStream(made);
  }

  async function enumerateWithEngine() {
    const { inputs, cameras, outputs } = await engine
      .request("devices")
      .catch(() => ({ inputs: [], cameras: [], outputs: [] }));
    const infos = (/** @type {MediaDeviceKind} */ kind, /** @type {{id: string, label: string}[]} */ list) =>
      list.map((one) => deviceInfo(kind, one));
    return [...infos("audioinput", inputs), ...infos("videoinput", cameras), ...infos("audiooutput", outputs)];
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
