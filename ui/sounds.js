// What a call sounds like besides the voices: ringing, ring-back, a second caller, connected, ended, dropped.
// Synthesised; no samples.

import { Player } from "./player.js";

/** @typedef {import("./types.d.ts").CallSnapshot} CallSnapshot */
/** @typedef {import("./types.d.ts").Ringtone} Ringtone */
/** @typedef {import("./synthesis.js").Note} Note */
/** @typedef {import("./synthesis.js").Sound} Sound */

/** How a ringtone may sound, at full volume no louder than speech. @type {Record<Ringtone, Sound>} */
const RINGTONES = {
  classic: { notes: ringing([659.26, 523.25]), every: 5, gain: 0.35 },
  chime: { notes: [[0, 0.5, 783.99], [0.28, 0.5, 659.26], [0.56, 0.5, 987.77], [0.84, 1.1, 783.99]], every: 5, gain: 0.35 },
  pulse: { notes: beating(329.63), every: 4, gain: 0.4 },
};
/** @type {Record<"ringBack" | "waiting" | "connected" | "ended" | "dropped", Sound>} */
const SOUNDS = {
  ringBack: { notes: [[0, 1, 440]], every: 4, gain: 0.05 },
  waiting: { notes: [[0, 0.12, 587.33], [0.2, 0.12, 587.33]], every: 6, gain: 0.06 },
  connected: { notes: [[0, 0.12, 523.25], [0.13, 0.18, 659.26]], every: null, gain: 0.1 },
  ended: { notes: [[0, 0.12, 659.26], [0.13, 0.18, 523.25]], every: null, gain: 0.1 },
  dropped: { notes: [[0, 0.16, 220], [0.24, 0.16, 220]], every: null, gain: 0.15 },
};

/**
 * Two notes in turn for two seconds.
 * @param {[number, number]} pair
 * @returns {Note[]}
 */
function ringing([high, low]) {
  const step = 0.25;
  return Array.from({ length: 8 }, (_, index) => [index * step, step * 0.9, index % 2 ? low : high]);
}

/**
 * Two beats like a heart's, four times over.
 * @param {number} hz
 * @returns {Note[]}
 */
function beating(hz) {
  return Array.from({ length: 8 }, (_, index) => [Math.floor(index / 2) * 0.6 + (index % 2) * 0.18, 0.14, index % 2 ? hz * 1.5 : hz]);
}

/**
 * How loud a volume is. Ears hear ratios: half of the way is a quarter of the amplitude.
 * @param {number} percent
 */
export const loudness = (percent) => (Math.max(0, Math.min(100, percent)) / 100) ** 2;

/**
 * Which sound a change of the call calls for; null: silence.
 * @param {CallSnapshot | null} before
 * @param {CallSnapshot | null} now
 * @returns {"ring" | keyof typeof SOUNDS | null}
 */
export function soundFor(before, now) {
  switch (now?.phase) {
    case "ringing":
      return now.direction === "incoming" ? "ring" : "ringBack";
    case "connected":
      return before?.phase === "reconnecting" ? null : "connected";
    case "ended":
      if (now.reason === "lost" || now.reason === "not_connected") return "dropped";
      return before && before.phase !== "inviting" ? "ended" : null;
    default:
      return null;
  }
}

/** @typedef {{ ringtone: Ringtone, ringtone_volume: number, ring_device: string | null }} RingSettings */

export class Sounds {
  #createPlayer;
  /** Those that ring, and those that accompany a call, may come out at different places. */
  #ring;
  #call;
  /** @type {RingSettings} */ #settings = { ringtone: "classic", ringtone_volume: 70, ring_device: null };
  /** @type {CallSnapshot | null} */ #now = null;
  #waits = false;
  /** A ringtone that is tried. @type {Player | null} */ #sample = null;

  /**
   * @param {() => AudioContext} createContext called when the first sound is due
   * @param {import("./player.js").Elsewhere | null} [elsewhere] rings on the chosen device where a context can't
   */
  constructor(createContext, elsewhere = null) {
    this.#createPlayer = () => new Player(createContext, elsewhere);
    this.#ring = this.#createPlayer();
    this.#call = this.#createPlayer();
  }

  /** @param {RingSettings} settings */
  handleSettings(settings) {
    this.#settings = settings;
    this.#ring.comeOutAt(settings.ring_device);
  }

  /**
   * @param {CallSnapshot | null} call after every change
   * @param {{ silent?: boolean, waits?: boolean }} [besides] `silent`: it does not ring; `waits`: somebody else calls
   */
  handleCall(call, { silent = false, waits = false } = {}) {
    const last = this.#now;
    const before = last?.id === call?.id ? last : null;
    this.#now = call;
    const changed = last?.id !== call?.id || last?.phase !== call?.phase;
    if (!changed && waits === this.#waits) return;
    this.#waits = waits;
    this.#ring.hush();
    this.#call.hush();
    const name = changed ? soundFor(before, call) : null;
    if (name === "ring") {
      if (silent) return;
      this.#sample?.close();
      this.#ring.play(this.#ringtone());
    } else if (name !== null) {
      this.#call.play(SOUNDS[name]);
    } else if (waits) {
      this.#call.play(SOUNDS.waiting);
    }
  }

  /**
   * Plays a ringtone once, to choose it.
   * @param {Ringtone} ringtone
   * @param {number} volume in percent
   * @returns {() => void} ends it
   */
  sample(ringtone, volume) {
    this.#sample?.close();
    const player = (this.#sample = this.#createPlayer());
    player.comeOutAt(this.#settings.ring_device);
    const { notes, gain } = RINGTONES[ringtone];
    player.play({ notes, gain: gain * loudness(volume), every: null });
    return () => player.close();
  }

  #ringtone() {
    const { ringtone, ringtone_volume } = this.#settings;
    const sound = RINGTONES[ringtone];
    return { ...sound, gain: sound.gain * loudness(ringtone_volume) };
  }
}
