// A window without RTCPeerConnection, and a page with the polyfill installed over a fake engine.

import { installIfMissing } from "../../../../ui/rtc/install.js";
import { FakeEngine } from "./fake-engine.mjs";

let lastId = 0;

/** A window's worth of media classes: each window has its own, as the polyfill changes their prototypes. */
function mediaClasses() {
  class MediaStreamTrack extends EventTarget {
    #enabled = true;
    #state = "live";
    id = `track-${++lastId}`;
    /** @param {string} kind */
    constructor(kind) {
      super();
      this.kind = kind;
    }
    get enabled() {
      return this.#enabled;
    }
    set enabled(value) {
      this.#enabled = value;
    }
    get muted() {
      return false;
    }
    get label() {
      return `native ${this.kind}`;
    }
    get readyState() {
      return this.#state;
    }
    stop() {
      this.#state = "ended";
    }
    clone() {
      const copy = new MediaStreamTrack(this.kind);
      copy.enabled = this.enabled;
      return copy;
    }
    getSettings() {
      return { deviceId: "native" };
    }
    getCapabilities() {
      return {};
    }
    async applyConstraints() {
      throw new DOMException("no such camera mode", "OverconstrainedError");
    }
  }
  class MediaStream extends EventTarget {
    id = `stream-${++lastId}`;
    /** @type {MediaStreamTrack[]} */
    #tracks;
    /** @param {MediaStreamTrack[]} [tracks] */
    constructor(tracks = []) {
      super();
      this.#tracks = [...tracks];
    }
    getTracks() {
      return [...this.#tracks];
    }
    getAudioTracks() {
      return this.#tracks.filter((track) => track.kind === "audio");
    }
    getVideoTracks() {
      return this.#tracks.filter((track) => track.kind === "video");
    }
    /** @param {MediaStreamTrack} track */
    addTrack(track) {
      if (!this.#tracks.includes(track)) this.#tracks.push(track);
    }
    /** @param {MediaStreamTrack} track */
    removeTrack(track) {
      this.#tracks = this.#tracks.filter((one) => one !== track);
    }
  }
  class MediaStreamTrackEvent extends Event {
    /** @param {string} type @param {{track: MediaStreamTrack}} init */
    constructor(type, { track }) {
      super(type);
      this.track = track;
    }
  }
  class HTMLMediaElement extends EventTarget {
    /** @type {MediaStream | null} */
    #playing = null;
    plays = 0;
    get srcObject() {
      return this.#playing;
    }
    set srcObject(value) {
      this.#playing = value;
    }
    /** What the webview itself plays. */
    get playing() {
      return this.#playing;
    }
    async play() {
      this.plays += 1;
    }
  }
  return { MediaStreamTrack, MediaStream, MediaStreamTrackEvent, HTMLMediaElement };
}

/** A window as WebKitGTK's, as far as the polyfill looks. */
export function fakeWindow() {
  const classes = mediaClasses();
  /** What the webview's own getUserMedia does, and was asked. */
  const native = {
    /** @type {DOMException | null} */
    failure: null,
    /** @type {any[]} */
    asked: [],
  };
  class MediaDevices extends EventTarget {
    /** @param {any} constraints */
    async getUserMedia(constraints) {
      native.asked.push(constraints);
      if (native.failure) throw native.failure;
      return new classes.MediaStream([new classes.MediaStreamTrack("video")]);
    }
    async enumerateDevices() {
      return [
        { kind: "videoinput", deviceId: "cam", label: "Camera", groupId: "" },
        { kind: "audioinput", deviceId: "web", label: "The webview's own", groupId: "" },
      ];
    }
  }
  const document = Object.assign(new EventTarget(), { hidden: false });
  const mediaDevices = new MediaDevices();
  const window = { ...classes, document, MediaDevices, navigator: { mediaDevices }, MessageChannel: TaskChannel, setTimeout };
  return { window: /** @type {any} */ (window), native, document };
}

/** MessageChannel enough for a task queue; Node's own would keep the process alive. */
class TaskChannel {
  port1 = { onmessage: /** @type {(() => void) | null} */ (null) };
  port2 = { postMessage: () => setImmediate(() => this.port1.onmessage?.()) };
}

/** Coded media that go nowhere, and what was asked of them. */
export class FakeMedia {
  /** @type {Map<string, {track: any, limits: any}>} */
  sent = new Map();
  /** @type {{kind: string, track: any, line: string | null, ended: boolean}[]} */
  sources = [];
  closed = /** @type {number[]} */ ([]);
  /** @type {{camera: number, track: any, ended: boolean}[]} */
  previews = [];
  onCameraEnded = (/** @type {number} */ _camera) => {};
  /** @type {any[]} */
  answer = [];

  /** @param {any} window */
  constructor(window) {
    this.window = window;
  }
  async ready() {}
  silence() {
    return new this.window.MediaStreamTrack("audio");
  }
  /** @param {"audio" | "video"} kind */
  remote(kind) {
    const track = new this.window.MediaStreamTrack(kind);
    const source = { kind, track, line: /** @type {string | null} */ (null), ended: false };
    this.sources.push(source);
    return {
      track,
      attach: (/** @type {number} */ peer, /** @type {number} */ index) => (source.line = `${peer}/${index}`),
      end: () => {
        source.ended = true;
        track.stop();
      },
    };
  }
  /** @returns {Promise<import("../../../../ui/rtc/environment.d.ts").PreviewSource | null>} */
  async preview() {
    const preview = { track: new this.window.MediaStreamTrack("video"), camera: 0, ended: false };
    this.previews.push(preview);
    return {
      track: preview.track,
      attach: (camera) => void (preview.camera = camera),
      end: () => void ((preview.ended = true), preview.track.stop()),
    };
  }
  /** @param {number} peer @param {number} index @param {any} track @param {any} limits */
  send(peer, index, track, limits) {
    if (track) this.sent.set(`${peer}/${index}`, { track, limits });
    else this.sent.delete(`${peer}/${index}`);
  }
  /** @param {number} peer */
  closePeer(peer) {
    this.closed.push(peer);
  }
  async figures() {
    return this.answer;
  }
}

/** A page with the polyfill in it. */
export function page(engine = new FakeEngine()) {
  const { window, native, document } = fakeWindow();
  const media = new FakeMedia(window);
  const backend = {
    request: (/** @type {string} */ op, /** @type {any} */ args) => engine.request(op, args),
    onEvent: (/** @type {(event: any) => void} */ handler) => engine.onEvent(handler),
  };
  const sound = installIfMissing(window, backend, { media: () => /** @type {any} */ (media) });
  const track = (/** @type {string} */ kind) => new window.MediaStreamTrack(kind);
  const stream = (/** @type {any[]} */ ...tracks) => new window.MediaStream(tracks);
  return { window, native, document, media, engine, sound, track, stream, RTCPeerConnection: window.RTCPeerConnection };
}

/**
 * The next event of a type.
 * @param {EventTarget} target
 * @param {string} type
 * @returns {Promise<any>}
 */
export function next(target, type) {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}

/**
 * Waits until something holds, turn by turn.
 * @param {() => unknown} condition
 */
export async function until(condition) {
  for (let turn = 0; turn < 2000; turn += 1) {
    if (condition()) return;
    await turns(1);
  }
  throw new Error(`it never came to be: ${condition}`);
}

/** Lets everything that is under way happen. */
export const turns = async (count = 30) => {
  for (let n = 0; n < count; n += 1) await new Promise((/** @type {(value: void) => void} */ resolve) => setImmediate(resolve));
};

/**
 * One offer and answer.
 * @param {any} from
 * @param {any} to
 */
export async function negotiate(from, to) {
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription);
}

/** @param {any} one @param {any} other */
export function trickle(one, other) {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    from.addEventListener("icecandidate", (/** @type {any} */ { candidate }) => to.addIceCandidate(candidate).catch(() => {}));
  }
}

/**
 * The names of the events a connection fires, as they come.
 * @param {EventTarget} target
 * @param {string[]} types
 */
export function record(target, types) {
  /** @type {string[]} */
  const seen = [];
  for (const type of types) target.addEventListener(type, () => seen.push(type));
  return seen;
}
