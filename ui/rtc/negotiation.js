// The operations chain and the negotiation-needed flag.
// https://www.w3.org/TR/webrtc/#operations-chain, #updating-the-negotiation-needed-flag

import { invalidState } from "./errors.js";
import { intersection, reversed, sends } from "./sdp.js";

/** @typedef {import("./transceiver.js").Transceiver} Transceiver */
/** @typedef {import("./sdp.js").Section} Section */

export class Negotiation {
  /** @type {(() => Promise<any>)[]} */
  #operations = [];
  #updateOnEmptyChain = false;
  #needed = false;
  /** [[LocalIceCredentialsToReplace]]: what restartIce() wants to be rid of. @type {Set<string>} */
  #credentials = new Set();

  /** @param {import("./peer.js").Peer} peer */
  constructor(peer) {
    this.peer = peer;
  }

  /**
   * Runs an operation after those before it.
   * @template T
   * @param {() => Promise<T>} operation
   * @returns {Promise<T>} never settles when the connection is closed meanwhile
   */
  chain(operation) {
    if (this.peer.closed) return Promise.reject(invalidState("The connection is closed"));
    return new Promise((resolve, reject) => {
      const run = async () => {
        /** @type {() => void} */
        let settle;
        try {
          const value = await operation();
          settle = () => resolve(value);
        } catch (error) {
          settle = () => reject(error);
        }
        if (this.peer.closed) return;
        settle();
        await null;
        this.#operations.shift();
        const next = this.#operations[0];
        if (next) {
          next();
        } else if (this.#updateOnEmptyChain) {
          this.#updateOnEmptyChain = false;
          this.updateFlag();
        }
      };
      this.#operations.push(run);
      if (this.#operations.length === 1) run();
    });
  }

  /** Whether the next offer restarts ICE. */
  get iceRestart() {
    return this.#credentials.size > 0;
  }

  /** restartIce(): the credentials in use are to be replaced. */
  restartIce() {
    for (const description of [this.peer.currentLocal, this.peer.pendingLocal]) {
      for (const one of description?.parsed.media ?? []) this.#credentials.add(`${one.ufrag} ${one.pwd}`);
    }
    this.updateFlag();
  }

  /** Fires `negotiationneeded` in a task, if something is to be negotiated then. */
  updateFlag() {
    if (this.#operations.length > 0) {
      this.#updateOnEmptyChain = true;
      return;
    }
    this.peer.env.queueTask(() => {
      if (this.peer.closed) return;
      if (this.#operations.length > 0) {
        this.#updateOnEmptyChain = true;
        return;
      }
      if (this.peer.signalingState !== "stable") return;
      if (!this.#check()) {
        this.#needed = false;
        return;
      }
      if (this.#needed) return;
      this.#needed = true;
      this.peer.fire(new Event("negotiationneeded"));
    });
  }

  /** Stable again: what was negotiated no longer counts. */
  settled() {
    const media = this.peer.currentLocal?.parsed.media ?? [];
    if (!media.some((one) => this.#credentials.has(`${one.ufrag} ${one.pwd}`))) this.#credentials.clear();
    this.#needed = false;
    this.updateFlag();
  }

  /** "Check if negotiation is needed". */
  #check() {
    const { peer } = this;
    if (this.iceRestart) return true;
    const local = peer.currentLocal;
    if (peer.wantsData && !local?.parsed.media.some((section) => section.kind === "application" && !section.rejected)) {
      return true;
    }
    return peer.transceivers.some((transceiver) => this.#needs(transceiver));
  }

  /** @param {Transceiver} transceiver */
  #needs(transceiver) {
    const { currentLocal: local, currentRemote: remote } = this.peer;
    const mine = section(local, transceiver.mid);
    const theirs = section(remote, transceiver.mid);
    if (transceiver.stopping && !transceiver.stopped) return true;
    if (transceiver.stopped) return mine !== null && theirs !== null && !mine.rejected && !theirs.rejected;
    if (!mine || !theirs || !local) return true;
    const { direction } = transceiver;
    if (sends(direction) && transceiver.announced?.join(" ") !== transceiver.sender.streamIds.join(" ")) return true;
    if (local.type === "offer") {
      return mine.direction !== direction && reversed(theirs.direction) !== direction;
    }
    return mine.direction !== intersection(direction, reversed(theirs.direction));
  }
}

/**
 * @param {{parsed: import("./sdp.js").Description} | null} description
 * @param {string | null} mid
 * @returns {Section | null}
 */
function section(description, mid) {
  if (mid === null) return null;
  return description?.parsed.media.find((one) => one.mid === mid) ?? null;
}
