// RTCRtpTransceiver: a sender and a receiver that share an m-line.

import { claim, create, enumeration, finish, needArguments } from "./idl.js";
import { invalidState } from "./errors.js";
import { checkCodecPreferences } from "./parameters.js";
import { Receiver } from "./receiver.js";
import { receives, sends } from "./sdp.js";
import { Sender } from "./sender.js";

export { RTCRtpReceiver } from "./receiver.js";
export { RTCRtpSender } from "./sender.js";

/** @typedef {import("./sdp.js").Direction} Direction */
/** @typedef {import("./parameters.js").Kind} Kind */

/** @type {readonly Direction[]} */
export const DIRECTIONS = ["sendrecv", "sendonly", "recvonly", "inactive"];

/** The state behind an RTCRtpTransceiver; the names of its slots are the specification's. */
export class Transceiver {
  /**
   * @param {import("./peer.js").Peer} peer
   * @param {Kind} kind
   * @param {{direction: Direction, track?: MediaStreamTrack | null, streamIds?: string[], encodings: import("./parameters.js").Encoding[], byAddTrack?: boolean}} init
   */
  constructor(peer, kind, init) {
    this.peer = peer;
    this.kind = kind;
    /** @type {string | null} */
    this.mid = null;
    /** Its m-line in the newest description that was applied. @type {number | null} */
    this.index = null;
    /** @type {Direction} */
    this.direction = init.direction;
    /** @type {Direction | null} */
    this.currentDirection = null;
    /** @type {Direction | null} */
    this.firedDirection = null;
    this.stopping = false;
    this.stopped = false;
    /** Media may arrive before the answer is applied. */
    this.receptive = false;
    /** Sent at least once: addTrack() may then not take it over. */
    this.hasSent = false;
    /** Made by addTrack(): a remote offer's m-line may take it. */
    this.byAddTrack = init.byAddTrack === true;
    /** Made by applying a remote offer that may still be rolled back. */
    this.byPendingOffer = false;
    /** The stream ids the newest local description announced; null where it does not send. @type {string[] | null} */
    this.announced = null;
    this.sender = new Sender(this, init.track ?? null, init.streamIds ?? [], init.encodings);
    this.receiver = new Receiver(this);
    this.facade = create(RTCRtpTransceiver, this);
    this.stable = this.#snapshot();
  }

  #snapshot() {
    const { mid, index, firedDirection, receptive, announced } = this;
    return {
      mid,
      index,
      firedDirection,
      receptive,
      announced,
      streams: this.receiver.streams,
      senderTransport: this.sender.transport,
      receiverTransport: this.receiver.transport,
    };
  }

  /** Remembers what a rollback goes back to. */
  rememberStable() {
    this.stable = this.#snapshot();
    this.byPendingOffer = false;
  }

  /** All but the remote streams, whose change is the caller's to fire. */
  restoreStable() {
    const { streams: _streams, senderTransport, receiverTransport, ...slots } = this.stable;
    Object.assign(this, slots);
    this.sender.transport = senderTransport;
    this.receiver.transport = receiverTransport;
  }

  /** @param {Direction} direction */
  setCurrentDirection(direction) {
    this.currentDirection = direction;
    if (sends(direction)) this.hasSent = true;
    if (!receives(direction)) this.receptive = false;
  }

  /** "Stop sending and receiving". @param {boolean} quietly */
  stopMedia(quietly) {
    if (this.stopping) return;
    this.stopping = true;
    this.direction = "inactive";
    this.sender.unwatch();
    this.receiver.end(quietly);
    this.peer.syncMedia(this);
  }

  /** "Stop the RTCRtpTransceiver". @param {boolean} quietly */
  stop(quietly) {
    this.stopMedia(quietly);
    this.stopped = true;
    this.receptive = false;
    this.currentDirection = null;
  }
}

/** https://www.w3.org/TR/webrtc/#rtcrtptransceiver-interface */
export class RTCRtpTransceiver {
  /** @type {Transceiver} */
  #state = claim();

  get mid() {
    return this.#state.mid;
  }
  get sender() {
    return this.#state.sender.facade;
  }
  get receiver() {
    return this.#state.receiver.facade;
  }
  /** @returns {Direction | "stopped"} */
  get direction() {
    return this.#state.stopping ? "stopped" : this.#state.direction;
  }
  set direction(value) {
    const state = this.#state;
    // Web IDL: an enumeration attribute ignores what is no value of it
    if (`${value}` === "stopped") throw new TypeError("A direction cannot be set to stopped");
    const wanted = DIRECTIONS.find((one) => one === `${value}`);
    if (!wanted) return;
    if (state.stopping) throw invalidState("The transceiver is stopped");
    if (wanted === state.direction) return;
    state.direction = wanted;
    state.peer.negotiation.updateFlag();
  }
  /** @returns {Direction | "stopped" | null} */
  get currentDirection() {
    return this.#state.stopped ? "stopped" : this.#state.currentDirection;
  }
  stop() {
    const { peer } = this.#state;
    if (peer.closed) throw invalidState("The connection is closed");
    if (this.#state.stopping) return;
    this.#state.stopMedia(false);
    peer.negotiation.updateFlag();
  }
  /** @param {object[]} codecs */
  setCodecPreferences(codecs) {
    needArguments(arguments.length, 1);
    checkCodecPreferences(this.#state.kind, codecs);
  }
}
finish(RTCRtpTransceiver);

/**
 * @param {unknown} value
 * @returns {Direction}
 */
export function readDirection(value) {
  return value === undefined ? "sendrecv" : enumeration(value, DIRECTIONS, "RTCRtpTransceiverDirection");
}
