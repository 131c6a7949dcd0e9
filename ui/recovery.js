// When ICE is restarted, and on whose word. Only the impolite side offers; the polite one asks it to, since one side
// can lose its network without the other noticing for long.
//
//   disconnected ──2 s──> restart (or ask) ──6 s──> again, while it lasts        failed, network changed ──> at once

/** How long a connection may be silent before ICE is restarted, in milliseconds. */
export const RESTART_AFTER_MS = 2_000;
/** While the connection stays down, ICE is restarted again this often, in milliseconds. */
export const RESTART_AGAIN_MS = 6_000;
/** A restart this young answers the other side's wish for one, in milliseconds: both notice the same outage. */
export const FRESH_MS = 2_000;

export class Recovery {
  #polite;
  #restart;
  #ask;
  #down = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #fresh;

  /**
   * @param {{ polite: boolean, restart: (urgent: boolean) => void, ask: () => void }} options `restart` with
   *   `urgent` may not be dropped: where a round of negotiation is under way, it follows that round
   */
  constructor({ polite, restart, ask }) {
    this.#polite = polite;
    this.#restart = restart;
    this.#ask = ask;
  }

  /** Whether the connection was lost and is not back. */
  get down() {
    return this.#down;
  }

  /** @param {"connected" | "disconnected" | "failed"} state of the connection */
  handleState(state) {
    clearTimeout(this.#timer);
    this.#down = state !== "connected";
    if (state === "failed") this.#begin(false);
    else if (state === "disconnected") this.#timer = setTimeout(() => this.#begin(false), RESTART_AFTER_MS);
  }

  /** The network of this side, or the servers, are others now. */
  handleChange() {
    clearTimeout(this.#timer);
    this.#begin(true);
  }

  /** The other side asks for a restart. */
  handleAsked() {
    if (this.#polite || this.#fresh !== undefined) return;
    clearTimeout(this.#timer);
    this.#begin(true);
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#fresh);
  }

  /** @param {boolean} urgent */
  #begin(urgent) {
    if (this.#polite) {
      this.#ask();
    } else {
      clearTimeout(this.#fresh);
      this.#fresh = setTimeout(() => (this.#fresh = undefined), FRESH_MS);
      this.#restart(urgent);
    }
    this.#timer = setTimeout(() => this.#down && this.#begin(false), RESTART_AGAIN_MS);
  }
}
