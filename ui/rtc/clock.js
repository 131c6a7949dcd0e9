// Capture times of one m-line: steady as the camera's own, continuous over a change of camera, never going back.

/** A time that is further off than this, in µs, is a new beginning. */
const MAX_DRIFT = 500_000;

export class CaptureClock {
  #offset = 0;
  #last = -Infinity;
  /** Of the source, the newest seen. */
  #raw = -Infinity;
  #seen = -Infinity;

  /**
   * The source's time of a frame, mended where the source does not count: frames of a canvas are all of time 0.
   * @param {number} raw the frame's own time, in µs
   * @param {number} now in µs
   * @returns {number} in the source's time, greater than any before
   */
  mend(raw, now) {
    const mended = raw > this.#raw || !Number.isFinite(this.#raw) ? raw : this.#raw + Math.max(1, now - this.#seen);
    this.#raw = mended;
    this.#seen = now;
    return mended;
  }

  /**
   * @param {number} raw a time of the source, in µs
   * @param {number} now in µs
   * @returns {number} the same on the clock that all sources share, in µs
   */
  shared(raw, now) {
    if (this.#last === -Infinity || Math.abs(raw + this.#offset - now) > MAX_DRIFT) this.#offset = now - raw;
    this.#last = Math.max(raw + this.#offset, this.#last + 1);
    return this.#last;
  }
}
