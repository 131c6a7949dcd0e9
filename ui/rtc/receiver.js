// RTCRtpReceiver: what comes in on one m-line, and the track it is heard or seen by.

import { claim, create, finish, needArguments } from "./idl.js";
import { capabilities } from "./parameters.js";
import { VoiceLevel } from "./peer-media.js";
import { receives } from "./sdp.js";

/** @typedef {import("./transceiver.js").Transceiver} Transceiver */

/** The state behind an RTCRtpReceiver. */
export class Receiver {
  /** @param {Transceiver} transceiver */
  constructor(transceiver) {
    this.transceiver = transceiver;
    const { env } = transceiver.peer;
    /** Where the track's media come from. */
    this.source = env.media.remote(transceiver.kind);
    this.track = this.source.track;
    env.tracks.adopt(this.track, { role: "remote", label: `remote ${transceiver.kind}`, muted: true });
    this.unwatch = env.tracks.watch(this.track, () => transceiver.peer.syncMedia(transceiver));
    /** Remote streams the track is in, by [[AssociatedRemoteMediaStreams]]. @type {MediaStream[]} */
    this.streams = [];
    /** @type {import("./transports.js").DtlsTransport | null} */
    this.transport = null;
    /** @type {number | null} in ms; kept for the page, playout decides by itself */
    this.jitterBufferTarget = null;
    this.level = new VoiceLevel(this);
    this.facade = create(RTCRtpReceiver, this);
  }

  /** Whether media may arrive on its m-line. */
  get receiving() {
    const { transceiver } = this;
    return !transceiver.stopping && (receives(transceiver.currentDirection) || transceiver.receptive);
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    const { env } = this.transceiver.peer;
    if (this.track.readyState === "ended" || this.track.muted === muted) return;
    env.tracks.setMuted(this.track, muted);
  }

  /** Ends the track; `quietly` when the whole connection goes. @param {boolean} quietly */
  end(quietly) {
    this.unwatch();
    const live = this.track.readyState === "live";
    this.source.end();
    if (live && !quietly) this.track.dispatchEvent(new Event("ended"));
  }
}

/** https://www.w3.org/TR/webrtc/#rtcrtpreceiver-interface */
export class RTCRtpReceiver {
  /** @type {Receiver} */
  #state = claim();

  get track() {
    return this.#state.track;
  }
  get transport() {
    return this.#state.transport?.facade ?? null;
  }
  get jitterBufferTarget() {
    return this.#state.jitterBufferTarget;
  }
  set jitterBufferTarget(value) {
    const target = value === null || value === undefined ? null : Number(value);
    if (target !== null && !Number.isFinite(target)) throw new TypeError("jitterBufferTarget is not a number");
    if (target !== null && (target < 0 || target > 4000)) throw new RangeError("jitterBufferTarget is 0 to 4000 ms");
    this.#state.jitterBufferTarget = target;
  }
  /** @param {string} kind */
  static getCapabilities(kind) {
    needArguments(arguments.length, 1);
    return capabilities(`${kind}`);
  }
  getParameters() {
    const { transceiver } = this.#state;
    const negotiated = receives(transceiver.currentDirection);
    return {
      codecs: negotiated ? (capabilities(transceiver.kind)?.codecs ?? []) : [],
      headerExtensions: /** @type {{uri: string, id: number}[]} */ ([]),
      rtcp: { reducedSize: false },
    };
  }
  /** @returns {{source: number, timestamp: number}[]} */
  getContributingSources() {
    return [];
  }
  getSynchronizationSources() {
    return this.#state.level.read();
  }
  async getStats() {
    const { transceiver } = this.#state;
    return transceiver.peer.statsOf({ type: "inbound-rtp", mid: transceiver.mid });
  }
}
finish(RTCRtpReceiver);
