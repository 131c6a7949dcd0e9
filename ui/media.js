// Camera, microphone and screen. A call goes on with what there is: a missing device is a state, not an error.

/** @typedef {"ok" | "off" | "none" | "denied" | "busy"} DeviceState `off`: not asked for */
/** @typedef {{ stream: MediaStream, microphone: DeviceState, camera: DeviceState }} Acquired */

/** The picture a call begins with. @type {MediaTrackConstraints} */
const CAMERA = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
/** @type {MediaTrackConstraints} */
const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Media {
  #devices;
  /** Which device, where it is there; null: the system's choice. @type {{ camera: string | null, microphone: string | null }} */
  #chosen = { camera: null, microphone: null };

  /** @param {MediaDevices | undefined} devices undefined where the page is not trusted with any */
  constructor(devices) {
    this.#devices = devices;
  }

  /** From the next time one is opened on. @param {{ camera: string | null, microphone: string | null }} settings */
  choose({ camera, microphone }) {
    this.#chosen = { camera, microphone };
  }

  /** What is connected; without labels as long as none was allowed. Never rejects. @returns {Promise<MediaDeviceInfo[]>} */
  async list() {
    try {
      return (await this.#devices?.enumerateDevices?.()) ?? [];
    } catch {
      return [];
    }
  }

  /** @returns {MediaTrackConstraints} */
  get #camera() {
    const { camera } = this.#chosen;
    return camera === null ? CAMERA : { ...CAMERA, deviceId: { ideal: camera } };
  }

  /** @returns {MediaTrackConstraints} */
  get #microphone() {
    const { microphone } = this.#chosen;
    return microphone === null ? MICROPHONE : { ...MICROPHONE, deviceId: { ideal: microphone } };
  }

  /** Whether this webview can capture a screen at all. */
  get canShareScreen() {
    return typeof this.#devices?.getDisplayMedia === "function";
  }

  /**
   * Opens the microphone, and the camera if asked for, to try them; a call opens each for itself. Never rejects.
   * Both are asked for at once (one question to the person); if that fails each is tried alone,
   * so that one missing device does not take the other with it.
   * @param {{ video: boolean }} wanted
   * @returns {Promise<Acquired>}
   */
  async acquire({ video }) {
    const both = await this.#open({ audio: this.#microphone, video: video && this.#camera });
    if (both.stream) {
      return { stream: both.stream, microphone: "ok", camera: video ? "ok" : "off" };
    }
    const stream = new MediaStream();
    if (!video) return { stream, microphone: both.failure, camera: "off" };
    const microphone = await this.microphone();
    const camera = await this.camera();
    for (const { track } of [microphone, camera]) if (track) stream.addTrack(track);
    return { stream, microphone: microphone.state, camera: camera.state };
  }

  /** @returns {Promise<{ track: MediaStreamTrack | null, state: DeviceState }>} never rejects */
  async microphone() {
    const { stream, failure } = await this.#open({ audio: this.#microphone });
    return stream ? { track: stream.getAudioTracks()[0] ?? null, state: "ok" } : { track: null, state: failure };
  }

  /** @returns {Promise<{ track: MediaStreamTrack | null, state: DeviceState }>} never rejects */
  async camera() {
    const { stream, failure } = await this.#open({ video: this.#camera });
    return stream ? { track: stream.getVideoTracks()[0] ?? null, state: "ok" } : { track: null, state: failure };
  }

  /**
   * Lets the person choose a screen or window.
   * @returns {Promise<MediaStreamTrack | null>} null when they chose none
   * @throws what getDisplayMedia rejects with, unless it was the person's own choice
   */
  async screen() {
    if (!this.#devices) return null;
    try {
      const stream = await this.#devices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } } });
      return stream.getVideoTracks()[0] ?? null;
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") return null;
      throw error;
    }
  }

  /**
   * @param {MediaStreamConstraints} constraints
   * @returns {Promise<{ stream: MediaStream, failure: "ok" } | { stream: null, failure: DeviceState }>}
   */
  async #open(constraints) {
    if (!this.#devices?.getUserMedia) return { stream: null, failure: "none" };
    try {
      return { stream: await this.#devices.getUserMedia(constraints), failure: "ok" };
    } catch (error) {
      return { stream: null, failure: explain(error) };
    }
  }
}

/**
 * The names getUserMedia rejects with, in three kinds that call for different words.
 * @param {unknown} error
 * @returns {DeviceState}
 */
function explain(error) {
  switch (error instanceof Error || error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "none";
  }
}
