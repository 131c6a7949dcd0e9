// Plays one sound at a time, where it shall come out.

import { RATE } from "./rtc/native-sound.js";
import { lengthOf, render, sing } from "./synthesis.js";

/** @typedef {import("./synthesis.js").Sound} Sound */
/** What plays where this webview can't. @typedef {Pick<import("./rtc/native-sound.js").NativeSound, "play">} Elsewhere */

/** How long everything takes to fall silent, in seconds. */
const HUSH = 0.04;

export class Player {
  #createContext;
  #elsewhere;
  /** @type {AudioContext | null} */ #context = null;
  /** What sounds now, here. @type {GainNode | null} */ #playing = null;
  /** What sounds now, or is about to, elsewhere. @type {{ sound: Sound, over: boolean, end: (() => void) | null } | null} */ #away = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** Null: where the system plays. @type {string | null} */ #device = null;

  /**
   * @param {() => AudioContext} createContext called when the first sound is due
   * @param {Elsewhere | null} elsewhere null where a context's device can be chosen, or nothing else plays
   */
  constructor(createContext, elsewhere) {
    this.#createContext = createContext;
    this.#elsewhere = elsewhere;
  }

  /** @param {string | null} device */
  comeOutAt(device) {
    const other = device !== this.#device;
    this.#device = device;
    if (this.#context) moveTo(this.#context, device);
    if (!other || !this.#away) return;
    const { sound } = this.#away;
    this.hush();
    this.play(sound);
  }

  /** @param {Sound} sound */
  play(sound) {
    if (this.#elsewhere === null || this.#device === null) this.#playHere(sound);
    else this.#playAt(this.#device, this.#elsewhere, sound);
  }

  hush() {
    clearTimeout(this.#timer);
    const away = this.#away;
    this.#away = null;
    if (away) {
      away.over = true;
      away.end?.();
    }
    const playing = this.#playing;
    const context = this.#context;
    this.#playing = null;
    if (!playing || !context) return;
    playing.gain.setTargetAtTime(0, context.currentTime, HUSH / 4);
    setTimeout(() => {
      playing.disconnect();
      // An idle context would keep the speaker open and a thread busy.
      if (!this.#playing && context.state !== "closed") context.suspend().catch(() => {});
    }, HUSH * 1000);
  }

  /** It plays nothing any more. */
  close() {
    this.hush();
    const context = this.#context;
    this.#context = null;
    if (context) setTimeout(() => context.close().catch(() => {}), HUSH * 1000);
  }

  /** @param {Sound} sound */
  #playHere(sound) {
    const context = (this.#context ??= this.#open());
    // A machine without a speaker keeps the context suspended: then there is nothing to hear anyway.
    context.resume().catch(() => {});
    this.#playing = sing(context, sound);
    this.#timer = setTimeout(
      () => (this.hush(), sound.every !== null && this.#playHere(sound)),
      (sound.every ?? lengthOf(sound.notes)) * 1000,
    );
  }

  /**
   * @param {string} device
   * @param {Elsewhere} elsewhere
   * @param {Sound} sound
   */
  async #playAt(device, elsewhere, sound) {
    const mine = { sound, over: false, end: /** @type {(() => void) | null} */ (null) };
    this.#away = mine;
    try {
      const samples = await render(sound, RATE);
      if (mine.over) return;
      mine.end = await elsewhere.play({ samples, every: sound.every }, device);
      if (mine.over) mine.end();
    } catch {
      if (mine.over) return;
      // Better heard at the wrong place than not at all.
      this.#away = null;
      this.#playHere(sound);
    }
  }

  #open() {
    const context = this.#createContext();
    moveTo(context, this.#device);
    return context;
  }
}

/** Whether a page can choose where a context sounds. Chromium's can; a device that is gone leaves the system's choice. */
const moveTo = (/** @type {AudioContext & { setSinkId?: (id: string) => Promise<void>, sinkId?: unknown }} */ context, /** @type {string | null} */ device) => {
  if (typeof context.setSinkId !== "function" || context.sinkId === (device ?? "")) return;
  context.setSinkId(device ?? "").catch(() => {});
};
