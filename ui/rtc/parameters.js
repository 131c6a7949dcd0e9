// Sending parameters and capabilities: VP8 and Opus, one encoding a sender.
// https://www.w3.org/TR/webrtc/#rtcrtpsendparameters

import { dictionary, double, integer, sequence } from "./idl.js";
import { invalidModification, invalidState } from "./errors.js";

/** @typedef {{active: boolean, maxBitrate?: number, maxFramerate?: number, scaleResolutionDownBy?: number, rid?: string}} Encoding */
/** @typedef {"audio" | "video"} Kind */

const CODECS = {
  audio: [{ mimeType: "audio/opus", clockRate: 48000, channels: 2, sdpFmtpLine: "minptime=10;useinbandfec=1" }],
  video: [{ mimeType: "video/VP8", clockRate: 90000 }],
};

const EXTENSIONS = {
  audio: ["urn:ietf:params:rtp-hdrext:ssrc-audio-level", "urn:ietf:params:rtp-hdrext:sdes:mid"],
  video: [
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:ietf:params:rtp-hdrext:sdes:mid",
  ],
};

/**
 * @param {string} kind
 * @returns {{codecs: object[], headerExtensions: {uri: string}[]} | null} null for what is neither audio nor video
 */
export function capabilities(kind) {
  if (kind !== "audio" && kind !== "video") return null;
  return {
    codecs: CODECS[kind].map((codec) => ({ ...codec })),
    headerExtensions: EXTENSIONS[kind].map((uri) => ({ uri })),
  };
}

/**
 * Checks a preference list: each must be a codec there is. The order means nothing with one codec a kind.
 * @param {Kind} kind
 * @param {unknown} list
 */
export function checkCodecPreferences(kind, list) {
  for (const entry of sequence(list, "codecs")) {
    const raw = dictionary(entry, "RTCRtpCodec");
    const mime = String(raw.mimeType).toLowerCase();
    const known = CODECS[kind].some(
      (codec) =>
        codec.mimeType.toLowerCase() === mime &&
        codec.clockRate === raw.clockRate &&
        ("channels" in codec ? codec.channels : undefined) === raw.channels,
    );
    if (!known) throw invalidModification("A codec is not among the capabilities");
  }
}

/**
 * One encoding, checked.
 * @param {unknown} value
 * @param {Kind} kind
 * @returns {Encoding}
 * @throws {RangeError} for a scale under 1 or a negative frame rate
 */
function readEncoding(value, kind) {
  const raw = dictionary(value, "RTCRtpEncodingParameters");
  /** @type {Encoding} */
  const encoding = { active: raw.active === undefined ? true : Boolean(raw.active) };
  if (raw.rid !== undefined) {
    if (!/^[A-Za-z0-9]{1,255}$/.test(String(raw.rid))) throw new TypeError("A rid is made of letters and digits");
    encoding.rid = String(raw.rid);
  }
  if (raw.maxBitrate !== undefined) encoding.maxBitrate = integer(raw.maxBitrate, 0xffffffff, "maxBitrate");
  const rate = raw.maxFramerate === undefined ? undefined : double(raw.maxFramerate, "maxFramerate");
  const scale =
    raw.scaleResolutionDownBy === undefined
      ? undefined
      : double(raw.scaleResolutionDownBy, "scaleResolutionDownBy");
  if (kind === "audio") return encoding;
  if (rate !== undefined && rate < 0) throw new RangeError("maxFramerate is negative");
  if (scale !== undefined && scale < 1) throw new RangeError("scaleResolutionDownBy is less than 1");
  if (rate !== undefined) encoding.maxFramerate = rate;
  if (kind === "video") encoding.scaleResolutionDownBy = scale ?? 1;
  return encoding;
}

/**
 * The `sendEncodings` of addTransceiver(). There is no simulcast: the first is kept.
 * @param {unknown} value
 * @param {Kind} kind
 * @returns {Encoding[]}
 */
export function readSendEncodings(value, kind) {
  const list = value === undefined ? [] : sequence(value, "sendEncodings").map((one) => readEncoding(one, kind));
  if (list.length > 1) {
    const rids = list.map((one) => one.rid);
    if (rids.some((rid) => rid === undefined) || new Set(rids).size < rids.length) {
      throw new TypeError("Each of several encodings needs its own rid");
    }
  }
  const [first] = list;
  if (!first) return [kind === "video" ? { active: true, scaleResolutionDownBy: 1 } : { active: true }];
  if (list.length === 1) return [first];
  const { rid: _unused, ...alone } = first;
  return [alone];
}

/** What getParameters() and setParameters() share of a sender. */
export class SendParameters {
  /** @type {string | null} the transaction setParameters() must name */
  #transaction = null;
  #count = 0;

  /**
   * @param {Kind} kind
   * @param {Encoding[]} encodings
   * @param {(callback: () => void) => void} queueTask
   */
  constructor(kind, encodings, queueTask) {
    this.queueTask = queueTask;
    this.kind = kind;
    this.encodings = encodings;
    this.cname = "";
  }

  /** @param {boolean} negotiated */
  get(negotiated) {
    if (this.#transaction === null) {
      this.#transaction = `${++this.#count}`;
      // a transaction lasts as long as the task that asked for it
      this.queueTask(() => (this.#transaction = null));
    }
    return {
      transactionId: this.#transaction,
      encodings: this.encodings.map((one) => ({ ...one })),
      ...this.#common(negotiated),
    };
  }

  /** @param {boolean} negotiated */
  #common(negotiated) {
    return {
      headerExtensions: /** @type {{uri: string, id: number}[]} */ ([]),
      rtcp: { cname: this.cname, reducedSize: false },
      codecs: negotiated ? CODECS[this.kind].map((codec) => ({ payloadType: this.kind === "audio" ? 111 : 96, ...codec })) : [],
    };
  }

  /**
   * @param {unknown} value
   * @param {boolean} negotiated
   */
  set(value, negotiated) {
    const raw = dictionary(value, "RTCRtpSendParameters");
    if (raw.encodings === undefined || raw.transactionId === undefined) {
      throw new TypeError("RTCRtpSendParameters needs transactionId and encodings");
    }
    if (raw.headerExtensions === undefined || raw.rtcp === undefined || raw.codecs === undefined) {
      throw new TypeError("RTCRtpSendParameters needs headerExtensions, rtcp and codecs");
    }
    const list = sequence(raw.encodings, "encodings");
    const transaction = this.#transaction;
    if (transaction === null) throw invalidState("getParameters() was not called in this task");
    const same = { ...this.#common(negotiated) };
    if (
      String(raw.transactionId) !== transaction ||
      list.length !== this.encodings.length ||
      JSON.stringify([raw.codecs, raw.headerExtensions]) !== JSON.stringify([same.codecs, same.headerExtensions]) ||
      raw.rtcp.cname !== same.rtcp.cname
    ) {
      throw invalidModification("Something that cannot change was changed");
    }
    const next = list.map((one) => readEncoding(one, this.kind));
    if (next.some((one, at) => one.rid !== this.encodings[at]?.rid)) throw invalidModification("rid cannot change");
    this.#transaction = null;
    this.encodings = next;
  }
}
