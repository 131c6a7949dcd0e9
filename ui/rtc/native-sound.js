// What the engine's sound can and no web API offers: a sound on a speaker of its own, and how loud the microphone hears.

/** Samples a second of what the engine plays. */
export const RATE = 48_000;

/**
 * @typedef {object} Recording
 * @property {Int16Array} samples one channel at {@link RATE}; 10 s at most
 * @property {number | null} every repeated after so many seconds, counted from its beginning, until it is ended; null: played once
 */

export class NativeSound {
  #engine;
  #tracks;

  /**
   * @param {Pick<import("./engine.js").Engine, "request">} engine
   * @param {Pick<import("./tracks.js").Tracks, "isMicrophone" | "watch">} tracks
   */
  constructor(engine, tracks) {
    this.#engine = engine;
    this.#tracks = tracks;
  }

  /**
   * Plays in place of what it plays already. Where the speaker is not there, the system's takes its place.
   * @param {Recording} recording
   * @param {string} speaker a `deviceId` of an `audiooutput`
   * @returns {Promise<() => void>} ends it
   * @throws {DOMException} where nothing can be played
   */
  async play({ samples, every }, speaker) {
    const { sound } = await this.#engine.request("play", {
      deviceId: speaker,
      samples: toBase64(samples),
      everyMs: every === null ? null : Math.round(every * 1000),
    });
    return () => void this.#engine.request("hush", { sound }).catch(() => {});
  }

  /**
   * @param {MediaStreamTrack} track
   * @returns {(() => number) | null} asked several times a second: the amplitude (root mean square) of what the microphone
   *   hears now, 0 to 1; until the track ends. Null where it is no track of the engine's
   */
  listen(track) {
    if (!this.#tracks.isMicrophone(track)) return null;
    let level = 0;
    /** @type {Promise<void> | null} */
    let asking = null;
    const ask = async () => {
      try {
        ({ level } = await this.#engine.request("microphoneLevel"));
      } catch {
        level = 0;
      }
      asking = null;
    };
    const unwatch = this.#tracks.watch(track, async () => {
      if (track.readyState !== "ended") return;
      unwatch();
      // a question under way would open the microphone again
      await asking;
      this.#engine.request("microphoneRest").catch(() => {});
    });
    return () => {
      if (track.readyState === "ended") return 0;
      asking ??= ask();
      return level;
    };
  }
}

/**
 * As 16-bit little-endian numbers, which are this machine's own on every system that has the engine.
 * @param {Int16Array} samples
 */
function toBase64(samples) {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  // more arguments at once than an engine takes
  const most = 0x8000;
  let text = "";
  for (let at = 0; at < bytes.length; at += most) text += String.fromCharCode(...bytes.subarray(at, at + most));
  return btoa(text);
}
