// How large the encoder's picture is: what the bit rate is worth, and what the machine can keep up with.
// Pure: figures in, a factor out.

import { MAX_PIXELS, MAX_SIDE } from "./framing.js";

/** Bits a second for each pixel of the picture below which a smaller one looks better. */
const BITS_PER_PIXEL = 0.8;
/** A larger picture has to be worth this much more than the limit. */
const HYSTERESIS = 1.3;
/**
 * A larger picture has to be worth it for so long, and a smaller one to be needed, in µs: each change of size costs a key
 * frame. The first size waits for nothing.
 */
const STEADY = { larger: 3_000_000, smaller: 500_000 };
/** By how much the picture shrinks, step by step, as the rate falls: 640×480, 480×360, 320×240, 240×180, 160×120. */
const STEPS = [1, 4 / 3, 2, 8 / 3, 4];
/** And as the machine falls behind. */
const LOAD_STEPS = [1, 2, 4];
/** The machine is too slow when more than this part of the frames was dropped in a period… */
const TOO_MANY = 0.2;
/** …of this length, in µs. */
const PERIOD = 2_000_000;
/** Good periods before a larger picture is tried; doubled each time that it fails. */
const PATIENCE = 5;
const MOST_PATIENCE = 80;
/** 640 / (4 / 3) is not quite 480. */
const ROUNDING = 1e-6;
/** Smallest side, in pixels. */
const SMALLEST = 64;

export class Adaptation {
  #rate = 1_000_000;
  /** Step by rate; unknown before the first picture. @type {number | null} */
  #byRate = null;
  /** Since when another size would be better, in µs, and whether a larger one. @type {{at: number, larger: boolean} | null} */
  #better = null;
  #now = 0;
  #byLoad = 0;
  #good = 0;
  #patience = PATIENCE;
  #periodStart = 0;
  #seen = 0;
  #dropped = 0;
  /** Asked for by the page or the engine, at least 1. */
  requested = 1;

  /**
   * @param {number} rate bits a second
   * @param {number} pixels of the captured picture
   */
  setRate(rate, pixels) {
    this.#rate = rate;
    this.#fit(pixels);
  }

  /** @param {number} pixels */
  #fit(pixels) {
    const worth = (/** @type {number} */ step) => (BITS_PER_PIXEL * pixels) / (STEPS[step] ?? 1) ** 2;
    let step = this.#byRate ?? 0;
    while (step < STEPS.length - 1 && this.#rate < worth(step)) step += 1;
    const before = (this.#byRate ??= step);
    while (step > 0 && step <= before && this.#rate >= worth(step - 1) * HYSTERESIS) step -= 1;
    if (step === before) {
      this.#better = null;
      return;
    }
    const larger = step < before;
    // time that runs backwards is another clock's
    if (this.#better?.larger !== larger || this.#now < this.#better.at) this.#better = { at: this.#now, larger };
    if (this.#now - this.#better.at < (larger ? STEADY.larger : STEADY.smaller)) return;
    this.#byRate = step;
    this.#better = null;
  }

  /**
   * One captured frame.
   * @param {number} now its time, in µs
   * @param {boolean} dropped the encoder was still busy
   */
  captured(now, dropped) {
    this.#now = now;
    this.#seen += 1;
    if (dropped) this.#dropped += 1;
    if (now - this.#periodStart < PERIOD && now >= this.#periodStart) return;
    const slow = this.#seen >= 10 && this.#dropped > this.#seen * TOO_MANY;
    if (slow && this.#byLoad < LOAD_STEPS.length - 1) {
      this.#byLoad += 1;
      this.#good = 0;
    } else if (slow) {
      this.#good = 0;
    } else if (this.#byLoad > 0 && ++this.#good >= this.#patience) {
      this.#byLoad -= 1;
      this.#good = 0;
      this.#patience = Math.min(this.#patience * 2, MOST_PATIENCE);
    }
    this.#periodStart = now;
    this.#seen = this.#dropped = 0;
  }

  /** Why the picture is smaller than captured, as getStats() names it. */
  get reason() {
    const { byRate, byLoad } = this.#factors;
    if (byLoad > byRate) return "cpu";
    return byRate > 1 ? "bandwidth" : "none";
  }

  get #factors() {
    return { byRate: STEPS[this.#byRate ?? 0] ?? 1, byLoad: LOAD_STEPS[this.#byLoad] ?? 1 };
  }

  /**
   * @param {number} width captured
   * @param {number} height captured
   * @returns {{width: number, height: number}} to encode: even, never larger than captured nor than the other side takes
   */
  size(width, height) {
    this.#fit(width * height);
    const { byRate, byLoad } = this.#factors;
    const wanted = Math.max(byRate, byLoad, this.requested);
    const least = Math.max(1, width / MAX_SIDE, height / MAX_SIDE, Math.sqrt((width * height) / MAX_PIXELS));
    const factor = Math.max(least, Math.min(wanted, Math.min(width, height) / SMALLEST));
    const even = (/** @type {number} */ side) => Math.max(2, 2 * Math.floor(side / factor / 2 + ROUNDING));
    return { width: even(width), height: even(height) };
  }
}
