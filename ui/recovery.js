// When ICE is restarted, and on whose word. Only the impolite side offers; the polite one asks it to, since one side
// can lose its network without the other noticing for long.
//
//   disconnected ──250 ms──> restart (or ask) ──6 s──> again, while it lasts        failed, other servers ──> at once
//   network changed ──150 ms──> restart, if the connection is down ──350 ms──> otherwise
//
// Where several ways are known to work, the app's connection moves to another one by itself within these 150 ms. A restart
// then only looks for a better one, which can wait a little; not longer, since it may be that nothing leaves by the way in
// use any more (a VPN is on), and that shows to the other side alone.

/** A connection that is down, which shows after seconds of silence, has so long to come back before ICE is restarted, in milliseconds. */
export const RESTART_AFTER_MS = 250;
/** While the connection stays down, ICE is restarted again this often, in milliseconds. */
export const RESTART_AGAIN_MS = 6_000;
/** So soon after the network changed the connection has moved to another way, if it knows one, in milliseconds. */
export const SETTLES_MS = 150;
/** And this long after that is soon enough to look for a better one, in milliseconds. */
export const BETTER_AFTER_MS = 350;
/** A restart this young answers the other side's wish for one, in milliseconds: both notice the same outage. */
export const FRESH_MS = 2_000;

export class Recovery {
  #polite;
  #restart;
  #ask;
  #down = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #fresh;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #moving;

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

  /** The network of this side is another one now. */
  handleChange() {
    clearTimeout(this.#moving);
    this.#moving = setTimeout(() => {
      if (this.#down) this.handleServers();
      else this.#moving = setTimeout(() => this.handleServers(), BETTER_AFTER_MS);
    }, SETTLES_MS);
  }

  /** There are other servers to find a way with. */
  handleServers() {
    clearTimeout(this.#timer);
    this.#begin(true);
  }

  /** The other side asks for a restart. */
  handleAsked() {
    if (!this.#polite && this.#fresh === undefined) this.handleServers();
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#fresh);
    clearTimeout(this.#moving);
  }

  /** @param {boolean} urgent */
  #begin(urgent) {
    clearTimeout(this.#moving);
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
