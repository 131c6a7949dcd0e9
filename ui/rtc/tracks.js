// What the polyfill has to know and change about MediaStreamTrack: who turns one off, stand-ins for native audio and
// cameras, the mute state of remote tracks.

import { wrapElements } from "./elements.js";

/**
 * @typedef {object} Adopted what a stand-in pretends to be
 * @property {"microphone" | "camera" | "remote"} role
 * @property {number} [camera] the engine's number of a camera's opening
 * @property {string} label
 * @property {boolean} [muted]
 * @property {MediaTrackSettings} [settings]
 */

export class Tracks {
  /** @type {WeakMap<MediaStreamTrack, Adopted>} */
  #adopted = new WeakMap();
  /** @type {WeakMap<MediaStreamTrack, Set<() => void>>} */
  #watchers = new WeakMap();
  /** What holds the place of a track to come, and the track once there. @type {WeakMap<MediaStreamTrack, MediaStreamTrack | null>} */
  #places = new WeakMap();

  /** Live tracks of the microphone, and of each camera by its number. @type {Map<"microphone" | number, Set<MediaStreamTrack>>} */
  #live = new Map();
  /** Called when the last track of the microphone has ended. */
  onMicrophoneEnd = () => {};
  /** Called when the last track of a camera has ended. @type {(camera: number) => void} */
  onCameraEnd = () => {};

  /**
   * Wraps the accessors of the window's MediaStreamTrack.
   * @param {Window & typeof globalThis} window
   */
  constructor(window) {
    this.window = window;
    const tracks = this;
    this.refreshElements = wrapElements(window, (track) => this.played(track));
    const prototype = window.MediaStreamTrack.prototype;
    wrapAccessor(prototype, "enabled", {
      set(original, value) {
        original.call(this, value);
        tracks.#changed(this);
      },
    });
    wrapAccessor(prototype, "muted", {
      get(original) {
        return tracks.#adopted.get(this)?.muted ?? original.call(this);
      },
    });
    wrapAccessor(prototype, "label", {
      get(original) {
        return tracks.#adopted.get(this)?.label ?? original.call(this);
      },
    });
    wrapMethod(prototype, "stop", function (original) {
      original.call(this);
      tracks.#changed(this);
    });
    wrapMethod(prototype, "clone", function (original) {
      const copy = original.call(this);
      const adopted = tracks.#adopted.get(this);
      if (adopted) tracks.adopt(copy, { ...adopted });
      return copy;
    });
    wrapMethod(prototype, "getSettings", function (original) {
      return { ...(tracks.#adopted.get(this)?.settings ?? original.call(this)) };
    });
    wrapMethod(prototype, "getCapabilities", function (original) {
      const settings = tracks.#adopted.get(this)?.settings;
      if (!settings) return original.call(this);
      const { deviceId, groupId, width, height, frameRate } = settings;
      const upTo = (/** @type {number | undefined} */ max) => max !== undefined && { max, min: 1 };
      const ranges = Object.entries({ width: upTo(width), height: upTo(height), frameRate: upTo(frameRate) });
      return { deviceId, groupId, ...Object.fromEntries(ranges.filter(([, range]) => range)) };
    });
    wrapMethod(prototype, "applyConstraints", function (original, constraints) {
      // the engine's processing is always on, and a stand-in has nothing to constrain
      return tracks.#adopted.has(this) ? Promise.resolve() : original.call(this, constraints);
    });
  }

  /** @param {MediaStreamTrack} track */
  #changed(track) {
    for (const watcher of [...(this.#watchers.get(track) ?? [])]) watcher();
  }

  /**
   * @param {unknown} value
   * @returns {value is MediaStreamTrack}
   */
  isTrack(value) {
    return value instanceof this.window.MediaStreamTrack;
  }

  /**
   * Calls back when the page turns the track on or off or stops it, and when it ends by itself.
   * @param {MediaStreamTrack} track
   * @param {() => void} watcher
   * @returns {() => void} ends the watch
   */
  watch(track, watcher) {
    const mine = this.#watchers.get(track) ?? new Set();
    this.#watchers.set(track, mine);
    mine.add(watcher);
    track.addEventListener("ended", watcher);
    return () => {
      mine.delete(watcher);
      track.removeEventListener("ended", watcher);
    };
  }

  /**
   * @param {MediaStreamTrack} track
   * @param {Adopted} adopted
   */
  adopt(track, adopted) {
    this.#adopted.set(track, adopted);
    const device = adopted.role === "microphone" ? adopted.role : adopted.camera;
    if (device === undefined || track.readyState !== "live") return;
    const live = this.#live.get(device) ?? new Set();
    this.#live.set(device, live.add(track));
    const unwatch = this.watch(track, () => {
      if (track.readyState !== "ended") return;
      unwatch();
      live.delete(track);
      if (live.size > 0 || this.#live.get(device) !== live) return;
      this.#live.delete(device);
      if (device === "microphone") this.onMicrophoneEnd();
      else this.onCameraEnd(device);
    });
  }

  /** A camera is gone: so are its tracks. @param {number} camera */
  endCamera(camera) {
    const live = [...(this.#live.get(camera) ?? [])];
    // what the engine said itself, it is not to be told
    this.#live.delete(camera);
    for (const track of live) {
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }
  }

  /** The camera that a track is of, by the engine's number. @param {MediaStreamTrack} track @returns {number | null} */
  cameraOf(track) {
    return this.#adopted.get(track)?.camera ?? null;
  }

  /**
   * What is to be played, or sent, for a track: nothing for a stand-in of native audio.
   * @param {MediaStreamTrack} track
   * @returns {MediaStreamTrack | null}
   */
  played(track) {
    if (track.kind === "audio" && this.#adopted.has(track)) return null;
    const real = this.#places.get(track);
    return real === undefined ? track : real;
  }

  /**
   * Says that a track only holds the place of another, which may be still to come.
   * @param {MediaStreamTrack} place
   * @param {MediaStreamTrack | null} real
   */
  holdPlace(place, real) {
    this.#places.set(place, real);
    if (real) this.refreshElements();
  }

  /** Whether the track stands for the engine's microphone. @param {MediaStreamTrack} track */
  isMicrophone(track) {
    return this.#adopted.get(track)?.role === "microphone";
  }

  /**
   * @param {MediaStreamTrack} track an adopted one
   * @param {boolean} muted
   */
  setMuted(track, muted) {
    const adopted = this.#adopted.get(track);
    if (!adopted || adopted.muted === muted) return;
    adopted.muted = muted;
    track.dispatchEvent(new Event(muted ? "mute" : "unmute"));
  }

  /**
   * @param {Iterable<unknown>} streams
   * @returns {string[]} each id once
   * @throws {TypeError} for what is no MediaStream
   */
  streamIds(streams) {
    const ids = [...streams].map((stream) => {
      if (!(stream instanceof this.window.MediaStream)) throw new TypeError("A stream is no MediaStream");
      return stream.id;
    });
    return [...new Set(ids)];
  }

  /** @param {string} id @returns {MediaStream} */
  stream(id) {
    const stream = new this.window.MediaStream();
    Object.defineProperty(stream, "id", { value: id, enumerable: true });
    return stream;
  }

  /**
   * Adds as the user agent does, with an event.
   * @param {MediaStream} stream
   * @param {MediaStreamTrack} track
   */
  join(stream, track) {
    if (stream.getTracks().includes(track)) return;
    stream.addTrack(track);
    stream.dispatchEvent(new this.window.MediaStreamTrackEvent("addtrack", { track }));
  }

  /**
   * @param {MediaStream} stream
   * @param {MediaStreamTrack} track
   */
  leave(stream, track) {
    if (!stream.getTracks().includes(track)) return;
    stream.removeTrack(track);
    stream.dispatchEvent(new this.window.MediaStreamTrackEvent("removetrack", { track }));
  }
}

/**
 * @param {any} prototype
 * @param {string} name
 * @param {{get?: (this: any, original: () => any) => any, set?: (this: any, original: (value: any) => void, value: any) => void}} wrappers
 */
function wrapAccessor(prototype, name, { get, set }) {
  const original = Object.getOwnPropertyDescriptor(prototype, name);
  const { get: read, set: write } = original ?? {};
  if (!read) return;
  Object.defineProperty(prototype, name, {
    ...original,
    get() {
      return get ? get.call(this, read) : read.call(this);
    },
    ...(write && {
      /** @param {any} value */
      set(value) {
        if (set) set.call(this, write, value);
        else write.call(this, value);
      },
    }),
  });
}

/**
 * @param {any} prototype
 * @param {string} name
 * @param {(this: any, original: Function, ...args: any[]) => any} wrapper
 */
function wrapMethod(prototype, name, wrapper) {
  const original = prototype[name];
  if (typeof original !== "function") return;
  Object.defineProperty(prototype, name, {
    ...Object.getOwnPropertyDescriptor(prototype, name),
    /** @param {...any} args */
    value(...args) {
      return wrapper.call(this, original, ...args);
    },
  });
}
