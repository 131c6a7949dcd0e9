// A page can be lost in a call (its process crashed or hung) and another takes its place. Then both sides make a new
// peer connection, and what the old ones still say is not heard.
//
//   new page ── {"resume": token} ──> other page: closes its peer connection, makes another
//            <── {"resumed": token} ── and offers
//
// Signals of a call arrive in order, so whatever comes before "resumed" (or before a "resume": both pages may have been
// lost) was meant for the page that is gone. What was muted stays so: a crash opens no camera.

/** What the person had turned off is kept under this name, for the page to come. */
const KEPT = "ringdown.call";
/** Of so many calls, the newest: one may have been left behind by an app that was killed. */
const MOST = 2;

/** @typedef {{ muted: boolean, camera: boolean }} Devices */
/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Keeper */

export class Resumption {
  #keeper;
  /** What "resumed" has to name. @type {string | null} */ #token = null;

  /** @param {Keeper} keeper outlives the page */
  constructor(keeper) {
    this.#keeper = keeper;
  }

  /** Whether the other page still has to hear of this one. */
  get waiting() {
    return this.#token !== null;
  }

  /** @returns {string} the signal that tells the other page */
  ask() {
    this.#token = crypto.randomUUID();
    return JSON.stringify({ resume: this.#token });
  }

  /**
   * Sorts a signal of the other page.
   * @param {string} data
   * @returns {{ kind: "resume", answer: string } | { kind: "resumed" } | { kind: "stale" } | { kind: "signal" }}
   *   `resume`: make a new connection, send `answer`, offer. `resumed`: make a new one, the offer comes.
   *   `stale`: drop it. `signal`: for the connection there is.
   */
  hear(data) {
    const { resume, resumed } = read(data);
    if (typeof resume === "string") {
      this.#token = null;
      return { kind: "resume", answer: JSON.stringify({ resumed: resume }) };
    }
    if (typeof resumed === "string") {
      if (resumed !== this.#token) return { kind: "stale" };
      this.#token = null;
      return { kind: "resumed" };
    }
    return { kind: this.waiting ? "stale" : "signal" };
  }

  /** @param {string} call @param {Devices} devices as the person set them */
  keep(call, devices) {
    const others = Object.entries(this.#all()).filter(([other]) => other !== call);
    this.#write([...others.slice(1 - MOST), [call, devices]]);
  }

  /** @param {string} call @returns {Devices | null} what an earlier page kept of this call */
  kept(call) {
    const kept = this.#all()[call];
    return kept ? { muted: kept.muted === true, camera: kept.camera === true } : null;
  }

  /** The call is over. @param {string} call */
  end(call) {
    this.#token = null;
    this.#write(Object.entries(this.#all()).filter(([other]) => other !== call));
  }

  /** By call: of the one that is on, and of the one on hold. @returns {Record<string, Partial<Record<keyof Devices, unknown>>>} */
  #all() {
    const all = read(this.#try(() => this.#keeper.getItem(KEPT)) ?? "{}");
    return Object.fromEntries(Object.entries(all).map(([call, devices]) => [call, Object(devices)]));
  }

  /** @param {[string, object][]} all */
  #write(all) {
    if (all.length === 0) this.#try(() => this.#keeper.removeItem(KEPT));
    else this.#try(() => this.#keeper.setItem(KEPT, JSON.stringify(Object.fromEntries(all))));
  }

  /** Storage may be full or forbidden; a call goes on without. @template T @param {() => T} work @returns {T | undefined} */
  #try(work) {
    try {
      return work();
    } catch {
      return undefined;
    }
  }
}

/** @param {string} data @returns {Record<string, unknown>} */
function read(data) {
  try {
    return Object(JSON.parse(data));
  } catch {
    return {};
  }
}
