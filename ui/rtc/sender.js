// RTCRtpSender: what goes out on one m-line.

import { claim, create, finish, needArguments } from "./idl.js";
import { invalidState } from "./errors.js";
import { capabilities, SendParameters } from "./parameters.js";
import { sends } from "./sdp.js";

/** @typedef {import("./transceiver.js").Transceiver} Transceiver */

/** @type {WeakMap<RTCRtpSender, Transceiver>} */
const owners = new WeakMap();

/** @param {RTCRtpSender} sender */
export const transceiverOf = (sender) => owners.get(sender);

/** The state behind an RTCRtpSender. */
export class Sender {
  /**
   * @param {Transceiver} transceiver
   * @param {MediaStreamTrack | null} track
   * @param {string[]} streamIds of the streams the track is announced with
   * @param {import("./parameters.js").Encoding[]} encodings
   */
  constructor(transceiver, track, streamIds, encodings) {
    this.transceiver = transceiver;
    this.track = track;
    this.streamIds = streamIds;
    this.parameters = new SendParameters(transceiver.kind, encodings, transceiver.peer.env.queueTask);
    /** @type {import("./transports.js").DtlsTransport | null} */
    this.transport = null;
    /** Ends the watch on the track. */
    this.unwatch = () => {};
    this.facade = create(RTCRtpSender, this);
    owners.set(this.facade, transceiver);
    this.watch();
  }

  /** Follows `enabled`, `stop()` and the end of the track. */
  watch() {
    this.unwatch();
    const { peer } = this.transceiver;
    this.unwatch = this.track ? peer.env.tracks.watch(this.track, () => peer.syncMedia(this.transceiver)) : () => {};
  }

  /** @param {MediaStreamTrack | null} track */
  setTrack(track) {
    this.track = track;
    this.watch();
    this.transceiver.peer.syncMedia(this.transceiver);
  }

  /** Whether its m-line was negotiated to send, and the page wants it to. */
  get sending() {
    const { transceiver } = this;
    return !transceiver.stopping && sends(transceiver.currentDirection) && this.parameters.encodings[0]?.active !== false;
  }

  /** @param {MediaStreamTrack | null} track */
  async replaceTrack(track) {
    const { transceiver } = this;
    const { peer } = transceiver;
    if (track !== null && !peer.env.tracks.isTrack(track)) throw new TypeError("replaceTrack() takes a MediaStreamTrack or null");
    if (track !== null && track.kind !== transceiver.kind) throw new TypeError("The track is of the other kind");
    await peer.chain(async () => {
      if (transceiver.stopping) throw invalidState("The transceiver is stopped");
      await peer.env.nextTask();
      if (!peer.closed) this.setTrack(track);
    });
  }
}

/** https://www.w3.org/TR/webrtc/#rtcrtpsender-interface */
export class RTCRtpSender {
  /** @type {Sender} */
  #state = claim();

  get track() {
    return this.#state.track;
  }
  get transport() {
    return this.#state.transport?.facade ?? null;
  }
  get dtmf() {
    return null;
  }
  /** @param {string} kind */
  static getCapabilities(kind) {
    needArguments(arguments.length, 1);
    return capabilities(`${kind}`);
  }
  /** @param {object} parameters */
  async setParameters(parameters) {
    needArguments(arguments.length, 1);
    const { transceiver } = this.#state;
    const negotiated = transceiver.currentDirection !== null;
    if (transceiver.stopping) throw invalidState("The transceiver is stopped");
    this.#state.parameters.set(parameters, negotiated);
    await transceiver.peer.env.nextTask();
    transceiver.peer.syncMedia(transceiver);
  }
  getParameters() {
    return this.#state.parameters.get(this.#state.transceiver.currentDirection !== null);
  }
  /** @param {MediaStreamTrack | null} withTrack */
  async replaceTrack(withTrack) {
    needArguments(arguments.length, 1);
    await this.#state.replaceTrack(withTrack ?? null);
  }
  /** @param {...MediaStream} streams */
  setStreams(...streams) {
    const { transceiver } = this.#state;
    const { peer } = transceiver;
    const ids = peer.env.tracks.streamIds(streams);
    if (peer.closed) throw invalidState("The connection is closed");
    this.#state.streamIds = ids;
    peer.negotiation.updateFlag();
  }
  async getStats() {
    const { transceiver } = this.#state;
    return transceiver.peer.statsOf({ type: "outbound-rtp", mid: transceiver.mid });
  }
}
finish(RTCRtpSender);
