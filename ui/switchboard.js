// The call that is on and the one on hold: a Session each. Snapshots say which is which; `peer` events find theirs by the
// call they name. Views are drawn from the one that is on.
import { Session } from "./session.js";

/** @typedef {import("./types.d.ts").CallSnapshot} CallSnapshot */
/** @typedef {import("./types.d.ts").PeerEvent} PeerEvent */

/** Events: those of {@link Session}. */
export class Switchboard extends EventTarget {
  #on;
  #held;

  /** @param {import("./session.js").SessionOptions} options */
  constructor(options) {
    super();
    this.#on = this.#session(options);
    this.#held = this.#session(options);
  }

  /** What there is to see and hear of the call that is on. */
  get view() {
    return this.#on.view;
  }

  /** @returns {number | null} how loud the other side speaks, 0 to 1 */
  voiceLevel() {
    return this.#on.voiceLevel();
  }

  /**
   * The first snapshot after the page (re)loaded.
   * @param {CallSnapshot | null} call
   * @param {CallSnapshot | null} held
   */
  adopt(call, held) {
    this.#sort(call, held);
    this.#held.adopt(held, true);
    this.#on.adopt(call);
  }

  /**
   * After every change.
   * @param {CallSnapshot | null} call
   * @param {CallSnapshot | null} held
   */
  handleCalls(call, held) {
    this.#sort(call, held);
    // First this: a camera is there for one at a time.
    this.#held.handleCall(held, true);
    this.#on.handleCall(call);
  }

  /** @param {PeerEvent} event */
  handlePeer(event) {
    const known = [this.#on, this.#held].find(({ id }) => id === event.call);
    // One that begins while another is on: the snapshot that puts that one on hold comes next.
    const free = this.#on.id !== null && this.#held.id === null ? this.#held : this.#on;
    (known ?? free).handlePeer(event);
  }

  /** The network of this machine has changed. */
  handleNetworkChange() {
    this.#on.handleNetworkChange();
    this.#held.handleNetworkChange();
  }

  toggleMicrophone() {
    return this.#on.toggleMicrophone();
  }

  toggleCamera() {
    return this.#on.toggleCamera();
  }

  toggleScreen() {
    return this.#on.toggleScreen();
  }

  /**
   * @param {CallSnapshot | null} call
   * @param {CallSnapshot | null} held
   */
  #sort(call, held) {
    const crossed = (held !== null && this.#on.id === held.id) || (call !== null && this.#held.id === call.id);
    if (crossed) [this.#on, this.#held] = [this.#held, this.#on];
  }

  /** @param {import("./session.js").SessionOptions} options */
  #session(options) {
    const session = new Session(options);
    session.addEventListener("change", () => this.dispatchEvent(new Event("change")));
    session.addEventListener("error", (event) => {
      this.dispatchEvent(new CustomEvent("error", { detail: /** @type {CustomEvent} */ (event).detail }));
    });
    return session;
  }
}
