// Errors as WebRTC-pc names them, and the translation of the engine's.

import { dictionary, enumeration, finish, integer } from "./idl.js";

const DETAILS = /** @type {const} */ ([
  "data-channel-failure",
  "dtls-failure",
  "fingerprint-failure",
  "sctp-failure",
  "sdp-syntax-error",
  "hardware-encoder-not-available",
  "hardware-encoder-error",
]);

/** https://www.w3.org/TR/webrtc/#rtcerror-interface */
export class RTCError extends DOMException {
  #detail;
  #init;

  /**
   * @param {{errorDetail: string, sdpLineNumber?: number, sctpCauseCode?: number, receivedAlert?: number, sentAlert?: number}} init
   * @param {string} [message]
   */
  constructor(init, message = "") {
    super(message, "OperationError");
    this.#init = dictionary(init, "RTCErrorInit");
    this.#detail = enumeration(this.#init.errorDetail, DETAILS, "RTCErrorDetailType");
  }

  get errorDetail() {
    return this.#detail;
  }
  /** @returns {number | null} */
  get sdpLineNumber() {
    return this.#init.sdpLineNumber ?? null;
  }
  /** @returns {number | null} */
  get sctpCauseCode() {
    return this.#init.sctpCauseCode ?? null;
  }
  /** @returns {number | null} */
  get receivedAlert() {
    return this.#init.receivedAlert === undefined ? null : integer(this.#init.receivedAlert, 0xffffffff, "receivedAlert");
  }
  /** @returns {number | null} */
  get sentAlert() {
    return this.#init.sentAlert === undefined ? null : integer(this.#init.sentAlert, 0xffffffff, "sentAlert");
  }
}
finish(RTCError);

/** @param {string} message */
export const invalidState = (message) => new DOMException(message, "InvalidStateError");
/** @param {string} message */
export const invalidAccess = (message) => new DOMException(message, "InvalidAccessError");
/** @param {string} message */
export const invalidModification = (message) => new DOMException(message, "InvalidModificationError");
/** @param {string} message */
export const operation = (message) => new DOMException(message, "OperationError");
/** @param {string} message */
export const syntax = (message) => new DOMException(message, "SyntaxError");

const NAMES = new Set([
  "InvalidStateError",
  "InvalidAccessError",
  "InvalidModificationError",
  "OperationError",
  "SyntaxError",
  "NotSupportedError",
  "NotFoundError",
  "NotReadableError",
  "NotAllowedError",
  "OverconstrainedError",
  "AbortError",
  "DataError",
  "NetworkError",
]);

/**
 * The error a page sees for one the engine answered with; the engine names it as a DOMException, `name` or `code`.
 * @param {any} error
 * @returns {Error}
 */
export function fromEngine(error) {
  if (error instanceof DOMException || error instanceof TypeError) return error;
  const message = typeof error?.message === "string" ? error.message : String(error);
  const name = [error?.name, error?.code].find((one) => typeof one === "string" && (NAMES.has(one) || one === "TypeError"));
  if (name === "TypeError") return new TypeError(message);
  return new DOMException(message, name ?? "OperationError");
}
