// The event types a peer connection fires.

import { dictionary, finish, needArguments } from "./idl.js";
import { RTCIceCandidate } from "./description.js";

/** @param {Record<string, any>} raw @param {string} member @param {string} what */
function required(raw, member, what) {
  if (raw[member] === undefined || raw[member] === null) throw new TypeError(`${what} needs ${member}`);
  return raw[member];
}

/** https://www.w3.org/TR/webrtc/#rtctrackevent */
export class RTCTrackEvent extends Event {
  #init;

  /**
   * @param {string} type
   * @param {{receiver: import("./transceiver.js").RTCRtpReceiver, track: MediaStreamTrack, streams?: MediaStream[], transceiver: import("./transceiver.js").RTCRtpTransceiver} & EventInit} init
   */
  constructor(type, init) {
    needArguments(arguments.length, 2);
    super(type, init);
    const raw = dictionary(init, "RTCTrackEventInit");
    this.#init = {
      receiver: /** @type {import("./transceiver.js").RTCRtpReceiver} */ (required(raw, "receiver", "RTCTrackEventInit")),
      track: /** @type {MediaStreamTrack} */ (required(raw, "track", "RTCTrackEventInit")),
      streams: Object.freeze(/** @type {MediaStream[]} */ ([...(raw.streams ?? [])])),
      transceiver: /** @type {import("./transceiver.js").RTCRtpTransceiver} */ (
        required(raw, "transceiver", "RTCTrackEventInit")
      ),
    };
  }
  get receiver() {
    return this.#init.receiver;
  }
  get track() {
    return this.#init.track;
  }
  get streams() {
    return this.#init.streams;
  }
  get transceiver() {
    return this.#init.transceiver;
  }
}
finish(RTCTrackEvent);

/** https://www.w3.org/TR/webrtc/#rtcpeerconnectioniceevent */
export class RTCPeerConnectionIceEvent extends Event {
  #candidate;
  #url;

  /**
   * @param {string} type
   * @param {{candidate?: RTCIceCandidate | null, url?: string | null} & EventInit} [init]
   */
  constructor(type, init = {}) {
    needArguments(arguments.length, 1);
    super(type, init);
    const candidate = init.candidate ?? null;
    if (candidate !== null && !(candidate instanceof RTCIceCandidate)) {
      throw new TypeError("candidate is no RTCIceCandidate");
    }
    this.#candidate = candidate;
    this.#url = init.url ?? null;
  }
  get candidate() {
    return this.#candidate;
  }
  get url() {
    return this.#url;
  }
}
finish(RTCPeerConnectionIceEvent);

/** https://www.w3.org/TR/webrtc/#rtcpeerconnectioniceerrorevent */
export class RTCPeerConnectionIceErrorEvent extends Event {
  #init;

  /**
   * @param {string} type
   * @param {{address?: string | null, port?: number | null, url?: string, errorCode: number, errorText?: string} & EventInit} init
   */
  constructor(type, init) {
    needArguments(arguments.length, 2);
    super(type, init);
    const raw = dictionary(init, "RTCPeerConnectionIceErrorEventInit");
    this.#init = {
      address: raw.address === undefined ? null : raw.address,
      port: raw.port === undefined ? null : raw.port,
      url: String(raw.url ?? ""),
      errorCode: Number(required(raw, "errorCode", "RTCPeerConnectionIceErrorEventInit")),
      errorText: String(raw.errorText ?? ""),
    };
  }
  get address() {
    return this.#init.address;
  }
  get port() {
    return this.#init.port;
  }
  get url() {
    return this.#init.url;
  }
  get errorCode() {
    return this.#init.errorCode;
  }
  get errorText() {
    return this.#init.errorText;
  }
}
finish(RTCPeerConnectionIceErrorEvent);

/** https://www.w3.org/TR/webrtc/#rtcdatachannelevent */
export class RTCDataChannelEvent extends Event {
  #channel;

  /**
   * @param {string} type
   * @param {{channel: import("./channel.js").RTCDataChannel} & EventInit} init
   */
  constructor(type, init) {
    needArguments(arguments.length, 2);
    super(type, init);
    this.#channel = /** @type {import("./channel.js").RTCDataChannel} */ (
      required(dictionary(init, "RTCDataChannelEventInit"), "channel", "RTCDataChannelEventInit")
    );
  }
  get channel() {
    return this.#channel;
  }
}
finish(RTCDataChannelEvent);

/** https://www.w3.org/TR/webrtc/#rtcerrorevent-interface */
export class RTCErrorEvent extends Event {
  #error;

  /**
   * @param {string} type
   * @param {{error: import("./errors.js").RTCError} & EventInit} init
   */
  constructor(type, init) {
    needArguments(arguments.length, 2);
    super(type, init);
    this.#error = /** @type {import("./errors.js").RTCError} */ (
      required(dictionary(init, "RTCErrorEventInit"), "error", "RTCErrorEventInit")
    );
  }
  get error() {
    return this.#error;
  }
}
finish(RTCErrorEvent);
