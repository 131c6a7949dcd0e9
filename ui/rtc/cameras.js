// The engine's cameras: it captures, codes and sends them itself. The page has a track of each with the own picture.

/**
 * @typedef {object} CameraRequest
 * @property {string | null} deviceId
 * @property {boolean} exact no other camera will do
 * @property {number | null} width
 * @property {number | null} height
 * @property {number | null} frameRate
 */

/**
 * The device that constraints ask for.
 * @param {any} constraint `audio` or `video` of the constraints
 * @returns {{deviceId: string | null, exact: boolean}} null: the system's choice
 */
export function wantedDevice(constraint) {
  const wanted = constraint?.deviceId;
  const named = typeof wanted === "object" && wanted !== null && !Array.isArray(wanted);
  const id = named ? (wanted.exact ?? wanted.ideal) : wanted;
  const first = Array.isArray(id) ? id[0] : id;
  const deviceId = typeof first === "string" && first !== "" && first !== "default" ? first : null;
  return { deviceId, exact: deviceId !== null && named && wanted.exact !== undefined };
}

/**
 * @param {any} constraint a ConstrainULong or ConstrainDouble
 * @returns {number | null}
 */
function wantedNumber(constraint) {
  const ranged = typeof constraint === "object" && constraint !== null;
  const wanted = Number(ranged ? (constraint.exact ?? constraint.ideal ?? constraint.max) : constraint);
  const most = Number((ranged ? constraint.max : undefined) ?? Infinity);
  const value = Math.min(wanted, most);
  return Number.isFinite(value) && value > 0 ? value : null;
}

/** @param {any} constraint `video` of the constraints @returns {CameraRequest} */
export function wantedCamera(constraint) {
  const [width = null, height = null] = [constraint?.width, constraint?.height].map((side) => {
    const wanted = wantedNumber(side);
    return wanted === null ? null : Math.max(1, Math.round(wanted));
  });
  return { ...wantedDevice(constraint), width, height, frameRate: wantedNumber(constraint?.frameRate) };
}

export class Cameras {
  /** What shows each opened camera. @type {Map<number, import("./environment.d.ts").PreviewSource>} */
  #shown = new Map();
  /** Requests under way. */
  #opening = 0;
  /** Cameras that were gone before the answer that names them was here: it comes another way. @type {Set<number>} */
  #lost = new Set();

  /**
   * @param {import("./engine.js").Engine} engine
   * @param {import("./tracks.js").Tracks} tracks
   * @param {Pick<import("./environment.d.ts").Media, "preview" | "onCameraEnded">} media
   */
  constructor(engine, tracks, media) {
    this.engine = engine;
    this.tracks = tracks;
    this.media = media;
    media.onCameraEnded = (camera) => this.#ended(camera);
    tracks.onCameraEnd = (camera) => {
      this.#drop(camera);
      this.#close(camera);
    };
  }

  /**
   * @param {any} constraint `video` of the constraints
   * @returns {Promise<MediaStreamTrack>}
   * @throws {DOMException}
   */
  async open(constraint) {
    this.#opening += 1;
    // at once: a camera takes its time, and so does the worker that makes the track
    const [answer, made] = await Promise.allSettled([this.engine.request("camera", wantedCamera(constraint)), this.media.preview()]);
    this.#opening -= 1;
    const opened = answer.status === "fulfilled" ? answer.value : null;
    const preview = made.status === "fulfilled" ? made.value : null;
    const gone = opened !== null && this.#lost.delete(opened.camera);
    if (this.#opening === 0) this.#lost.clear();
    if (opened !== null && !gone && preview) return this.#adopt(opened, preview);
    preview?.end();
    if (answer.status === "rejected") throw answer.reason;
    if (!gone) this.#close(opened.camera);
    throw new DOMException(gone ? "The camera is gone" : "The webview makes no video track", "NotReadableError");
  }

  /**
   * @param {{camera: number, id: string, label: string, width: number, height: number, frameRate: number}} opened
   * @param {import("./environment.d.ts").PreviewSource} preview
   */
  #adopt({ camera, id, label, width, height, frameRate }, preview) {
    this.#shown.set(camera, preview);
    preview.attach(camera);
    const settings = { deviceId: id, groupId: "", width, height, frameRate };
    this.tracks.adopt(preview.track, { role: "camera", camera, label, muted: false, settings });
    return preview.track;
  }

  /** @param {number} camera */
  #close(camera) {
    this.engine.request("cameraEnd", { camera }).catch(() => {});
  }

  /** @param {number} camera */
  #drop(camera) {
    const preview = this.#shown.get(camera);
    this.#shown.delete(camera);
    preview?.end();
  }

  /** The engine lost it. @param {number} camera */
  #ended(camera) {
    if (this.#shown.has(camera)) {
      this.tracks.endCamera(camera);
      this.#drop(camera);
    } else if (this.#opening > 0) {
      this.#lost.add(camera);
    }
  }
}
