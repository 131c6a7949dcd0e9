// RTCIceTransport, RTCDtlsTransport, RTCSctpTransport: one of each a connection, since everything is bundled.

import { RTCError } from "./errors.js";
import { RTCErrorEvent } from "./events.js";
import { claim, create, finish } from "./idl.js";

/** What a page's developer reads of a failure. */
const FAILURES = new Map([
  ["fingerprint-failure", "The other side's certificate is not the one its description names"],
  ["dtls-failure", "The DTLS handshake failed"],
]);

/** @typedef {"new" | "checking" | "connected" | "completed" | "disconnected" | "failed" | "closed"} IceState */
/** @typedef {"new" | "connecting" | "connected" | "closed" | "failed"} DtlsState */
/** @typedef {"new" | "gathering" | "complete"} GatheringState */

/** The state behind the three transports of a connection. */
export class DtlsTransport {
  constructor() {
    /** @type {DtlsState} */
    this.state = "new";
    this.ice = {
      /** @type {IceState} */
      state: "new",
      /** @type {GatheringState} */
      gathering: "new",
      role: /** @type {"controlling" | "controlled" | null} */ (null),
      facade: /** @type {RTCIceTransport | null} */ (null),
    };
    this.ice.facade = create(RTCIceTransport, this.ice);
    this.facade = create(RTCDtlsTransport, this);
  }

  /** @param {IceState} state */
  setIce(state) {
    if (this.ice.state === state) return;
    this.ice.state = state;
    this.ice.facade?.dispatchEvent(new Event("statechange"));
  }

  /** @param {GatheringState} state */
  setGathering(state) {
    if (this.ice.gathering === state) return;
    this.ice.gathering = state;
    this.ice.facade?.dispatchEvent(new Event("gatheringstatechange"));
  }

  /**
   * @param {DtlsState} state
   * @param {string | null} [error] why it failed, as an RTCErrorDetailType
   */
  setDtls(state, error = null) {
    if (this.state === state) return;
    this.state = state;
    if (error) this.facade.dispatchEvent(new RTCErrorEvent("error", { error: new RTCError({ errorDetail: error }, FAILURES.get(error)) }));
    this.facade.dispatchEvent(new Event("statechange"));
  }
}

/** https://www.w3.org/TR/webrtc/#rtcicetransport */
export class RTCIceTransport extends EventTarget {
  #state;
  constructor() {
    super();
    /** @type {DtlsTransport["ice"]} */
    this.#state = claim();
  }
  get role() {
    return this.#state.role;
  }
  get component() {
    return "rtp";
  }
  get state() {
    return this.#state.state;
  }
  get gatheringState() {
    return this.#state.gathering;
  }
  getLocalCandidates() {
    return [];
  }
  getRemoteCandidates() {
    return [];
  }
  getSelectedCandidatePair() {
    return null;
  }
  getLocalParameters() {
    return null;
  }
  getRemoteParameters() {
    return null;
  }
}
finish(RTCIceTransport, ["statechange", "gatheringstatechange", "selectedcandidatepairchange"]);

/** https://www.w3.org/TR/webrtc/#rtcdtlstransport-interface */
export class RTCDtlsTransport extends EventTarget {
  #state;
  constructor() {
    super();
    /** @type {DtlsTransport} */
    this.#state = claim();
  }
  get iceTransport() {
    return this.#state.ice.facade;
  }
  get state() {
    return this.#state.state;
  }
  /** @returns {ArrayBuffer[]} */
  getRemoteCertificates() {
    return [];
  }
}
finish(RTCDtlsTransport, ["statechange", "error"]);

/** Largest message a channel may send, in bytes: what the engine's SCTP takes as one. */
export const MAX_MESSAGE = 256 * 1024;

/** The state behind an RTCSctpTransport. */
export class SctpTransport {
  /** @param {DtlsTransport} transport */
  constructor(transport) {
    this.transport = transport;
    /** @type {"connecting" | "connected" | "closed"} */
    this.state = "connecting";
    this.facade = create(RTCSctpTransport, this);
  }

  /** @param {"connected" | "closed"} state */
  set(state) {
    if (this.state === state || this.state === "closed") return;
    this.state = state;
    this.facade.dispatchEvent(new Event("statechange"));
  }
}

/** https://www.w3.org/TR/webrtc/#rtcsctptransport-interface */
export class RTCSctpTransport extends EventTarget {
  #state;
  constructor() {
    super();
    /** @type {SctpTransport} */
    this.#state = claim();
  }
  get transport() {
    return this.#state.transport.facade;
  }
  get state() {
    return this.#state.state;
  }
  get maxMessageSize() {
    return MAX_MESSAGE;
  }
  get maxChannels() {
    return this.#state.state === "connected" ? 65535 : null;
  }
}
finish(RTCSctpTransport, ["statechange"]);
