// How large the encoder's picture is: what the bit rate is worth, and what the machine can keep up with.
// Pure: figures in, a factor out.

import { MAX_PIXELS, MAX_SIDE } from "./framing.js";

/** Bits a second for each pixel of the picture below which half the size looks better. */
const BITS_PER_PIXEL = 0.8;
/** A larger picture has to be worth this much more than the limit, so that the size does not flap. */
const HYSTERESIS = 1.3;
/** Steps by which the picture shrinks. */
const STEPS = [1, 2, 4];
/** The machine is too slow when more than this part of the frames was dropped in a period… */
const TOO_MANY = 0.2;
/** …of this length, in µs. */
const PERIOD = 2_000_000;
/** Good periods before a larger picture is tried; doubled each time that it fails. */
const PATIENCE = 5;
const MOST_PATIENCE = 80;
/** Smallest side, in pixels. */
const SMALLEST = 64;

export class Adaptation {
  #rate = 1_000_000;
  #byRate = 0;
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
    while (this.#byRate < STEPS.length - 1 && this.#rate < worth(this.#byRate)) this.#byRate += 1;
    while (this.#byRate > 0 && this.#rate >= worth(this.#byRate - 1) * HYSTERESIS) this.#byRate -= 1;
  }

  /**
   * One captured frame.
   * @param {number} now its time, in µs
   * @param {boolean} dropped the encoder was still busy
   */
  captured(now, dropped) {
    this.#seen += 1;
    if (dropped) this.#dropped += 1;
    if (now - this.#periodStart < PERIOD && now >= this.#periodStart) return;
    const slow = this.#seen >= 10 && this.#dropped > this.#seen * TOO_MANY;
    if (slow && this.#byLoad < STEPS.length - 1) {
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
    if (this.#byLoad > this.#byRate) return "cpu";
    return this.#byRate > 0 ? "bandwidth" : "none";
  }

  /**
   * @param {number} width captured
   * @param {number} height captured
   * @returns {{width: number, height: number}} to encode: even, never larger than captured nor than the other side takes
   */
  size(width, height) {
    this.#fit(width * height);
    const step = STEPS[Math.max(this.#byRate, this.#byLoad)] ?? 1;
    const wanted = Math.max(step, this.requested);
    const least = Math.max(1, width / MAX_SIDE, height / MAX_SIDE, Math.sqrt((width * height) / MAX_PIXELS));
    const factor = Math.max(least, Math.min(wanted, Math.min(width, height) / SMALLEST));
    const even = (/** @type {number} */ side) => Math.max(2, 2 * Math.floor(side / factor / 2));
    return { width: even(width), height: even(height) };
  }
}
