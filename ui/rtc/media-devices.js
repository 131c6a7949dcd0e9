// getUserMedia and enumerateDevices where audio is native: the microphone is the engine's, the camera the webview's.

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
 * @param {object} parts
 * @param {Window & typeof globalThis} parts.window
 * @param {import("./engine.js").Engine} parts.engine
 * @param {import("./tracks.js").Tracks} parts.tracks
 * @param {{ready(tracks: number): Promise<void>, silence(): MediaStreamTrack}} parts.media
 */
export function wrapMediaDevices({ window, engine, tracks, media }) {
  const devices = window.navigator.mediaDevices;
  if (!devices) return;
  tracks.onMicrophoneEnd = () => engine.request("microphoneEnd").catch(() => {});
  const getUserMedia = devices.getUserMedia.bind(devices);
  const enumerateDevices = devices.enumerateDevices.bind(devices);

  /** @param {any} constraint */
  async function microphone(constraint) {
    const { id, label } = await engine.request("microphone", { deviceId: deviceIdOf(constraint) });
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
    const worker = media.ready(1);
    const [voice, picture] = await Promise.allSettled([
      audio ? microphone(audio) : null,
      video ? getUserMedia({ video }) : null,
      video ? worker : null,
    ]);
    const failed = [picture, voice].find((one) => one.status === "rejected");
    if (failed?.status === "rejected") {
      if (voice.status === "fulfilled") voice.value?.stop();
      if (picture.status === "fulfilled") picture.value?.getTracks().forEach((track) => track.stop());
      throw failed.reason;
    }
    const stream = picture.status === "fulfilled" && picture.value ? picture.value : new window.MediaStream();
    if (voice.status === "fulfilled" && voice.value) stream.addTrack(voice.value);
    return stream;
  }

  async function enumerateWithEngine() {
    const [native, own] = await Promise.all([
      enumerateDevices(),
      engine.request("devices").catch(() => ({ inputs: [], outputs: [] })),
    ]);
    const audio = [
      ...own.inputs.map((/** @type {{id: string, label: string}} */ one) => deviceInfo("audioinput", one)),
      ...own.outputs.map((/** @type {{id: string, label: string}} */ one) => deviceInfo("audiooutput", one)),
    ];
    return [...audio, ...native.filter((one) => one.kind === "videoinput")];
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
