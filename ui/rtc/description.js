// RTCSessionDescription and RTCIceCandidate.

import { dictionary, enumeration, finish, integer, needArguments } from "./idl.js";

/** @typedef {"offer" | "pranswer" | "answer" | "rollback"} SdpType */
/** @type {readonly SdpType[]} */
export const SDP_TYPES = ["offer", "pranswer", "answer", "rollback"];

/** https://www.w3.org/TR/webrtc/#rtcsessiondescription-class */
export class RTCSessionDescription {
  #type;
  #sdp;

  /** @param {{type: SdpType, sdp?: string}} init */
  constructor(init) {
    needArguments(arguments.length, 1);
    const raw = dictionary(init, "RTCSessionDescriptionInit");
    this.#sdp = raw.sdp === undefined ? "" : String(raw.sdp);
    this.#type = enumeration(raw.type, SDP_TYPES, "RTCSdpType");
  }

  get type() {
    return this.#type;
  }
  get sdp() {
    return this.#sdp;
  }
  toJSON() {
    return { type: this.#type, sdp: this.#sdp };
  }
}
finish(RTCSessionDescription);

/**
 * The fields of a candidate attribute (RFC 8839, section 5.1), or null where it cannot be read.
 * @param {string} text
 */
export function parseCandidate(text) {
  const words = text.replace(/^a=/, "").replace(/^candidate:/, "").trim().split(/ +/);
  const [foundation, component, protocol, priority, address, port, typ, type] = words;
  if (!foundation || !protocol || !address || typ !== "typ" || !type) return null;
  if (!["1", "2"].includes(component ?? "") || !/^\d{1,10}$/.test(priority ?? "") || !/^\d{1,5}$/.test(port ?? "")) {
    return null;
  }
  /** @type {Map<string, string>} */
  const extra = new Map();
  for (let at = 8; at + 1 < words.length; at += 2) extra.set(String(words[at]), String(words[at + 1]));
  const related = extra.get("rport");
  return {
    foundation,
    component: component === "1" ? "rtp" : "rtcp",
    protocol: protocol.toLowerCase(),
    priority: Number(priority),
    address,
    port: Number(port),
    type,
    tcpType: extra.get("tcptype") ?? null,
    relatedAddress: extra.get("raddr") ?? null,
    relatedPort: related === undefined ? null : Number(related),
    usernameFragment: extra.get("ufrag") ?? null,
  };
}

/** @param {any} value */
const textOrNull = (value) => (value === undefined || value === null ? null : String(value));

/** https://www.w3.org/TR/webrtc/#rtcicecandidate-interface */
export class RTCIceCandidate {
  #candidate;
  #mid;
  #index;
  #ufrag;
  #fields;
  #url;
  #relayProtocol;

  /** @param {{candidate?: string, sdpMid?: string | null, sdpMLineIndex?: number | null, usernameFragment?: string | null, url?: string | null, relayProtocol?: string | null}} [init] */
  constructor(init = {}) {
    const raw = dictionary(init, "RTCLocalIceCandidateInit");
    this.#candidate = raw.candidate === undefined ? "" : String(raw.candidate);
    this.#mid = textOrNull(raw.sdpMid);
    this.#index =
      raw.sdpMLineIndex === undefined || raw.sdpMLineIndex === null
        ? null
        : integer(raw.sdpMLineIndex, 65535, "sdpMLineIndex");
    if (this.#mid === null && this.#index === null) {
      throw new TypeError("An RTCIceCandidate needs sdpMid or sdpMLineIndex");
    }
    this.#fields = this.#candidate === "" ? null : parseCandidate(this.#candidate);
    this.#ufrag = textOrNull(raw.usernameFragment) ?? this.#fields?.usernameFragment ?? null;
    this.#url = textOrNull(raw.url);
    this.#relayProtocol = textOrNull(raw.relayProtocol);
  }

  get candidate() {
    return this.#candidate;
  }
  get sdpMid() {
    return this.#mid;
  }
  get sdpMLineIndex() {
    return this.#index;
  }
  get foundation() {
    return this.#fields?.foundation ?? null;
  }
  get component() {
    return this.#fields?.component ?? null;
  }
  get priority() {
    return this.#fields?.priority ?? null;
  }
  get address() {
    return this.#fields?.address ?? null;
  }
  get protocol() {
    return this.#fields?.protocol ?? null;
  }
  get port() {
    return this.#fields?.port ?? null;
  }
  get type() {
    return this.#fields?.type ?? null;
  }
  get tcpType() {
    return this.#fields?.tcpType ?? null;
  }
  get relatedAddress() {
    return this.#fields?.relatedAddress ?? null;
  }
  get relatedPort() {
    return this.#fields?.relatedPort ?? null;
  }
  get usernameFragment() {
    return this.#ufrag;
  }
  get relayProtocol() {
    return this.#relayProtocol;
  }
  get url() {
    return this.#url;
  }
  toJSON() {
    return {
      candidate: this.#candidate,
      sdpMid: this.#mid,
      sdpMLineIndex: this.#index,
      usernameFragment: this.#ufrag,
    };
  }
}
finish(RTCIceCandidate);
