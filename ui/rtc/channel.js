// RTCDataChannel: https://www.w3.org/TR/webrtc/#rtcdatachannel

import { claim, create, dictionary, enumeration, finish, integer, needArguments } from "./idl.js";
import { fromEngine, invalidState, operation, RTCError } from "./errors.js";
import { RTCErrorEvent } from "./events.js";
import { MAX_MESSAGE } from "./transports.js";

/** Most bytes that wait to be sent on one channel. */
const MAX_BUFFERED = 16 * 1024 * 1024;

/**
 * @typedef {object} ChannelInit
 * @property {string} label
 * @property {string} protocol
 * @property {boolean} ordered
 * @property {number | null} maxPacketLifeTime ms
 * @property {number | null} maxRetransmits
 * @property {boolean} negotiated
 * @property {number | null} id
 */

/**
 * @param {string} label
 * @param {unknown} options
 * @returns {ChannelInit}
 */
export function readChannelInit(label, options) {
  const raw = dictionary(options, "RTCDataChannelInit");
  const id = raw.id === undefined ? null : integer(raw.id, 65535, "id");
  const lifetime = raw.maxPacketLifeTime === undefined ? null : integer(raw.maxPacketLifeTime, 65535, "maxPacketLifeTime");
  const retransmits = raw.maxRetransmits === undefined ? null : integer(raw.maxRetransmits, 65535, "maxRetransmits");
  const init = {
    label: label.toWellFormed?.() ?? label,
    protocol: raw.protocol === undefined ? "" : String(raw.protocol),
    ordered: raw.ordered === undefined ? true : Boolean(raw.ordered),
    maxPacketLifeTime: lifetime,
    maxRetransmits: retransmits,
    negotiated: Boolean(raw.negotiated),
    id: raw.negotiated ? id : null,
  };
  if (byteLength(init.label) > 65535) throw new TypeError("A label is at most 65535 bytes long");
  if (byteLength(init.protocol) > 65535) throw new TypeError("A protocol is at most 65535 bytes long");
  if (init.negotiated && init.id === null) throw new TypeError("A negotiated channel needs an id");
  if (lifetime !== null && retransmits !== null) {
    throw new TypeError("maxPacketLifeTime and maxRetransmits exclude each other");
  }
  if (init.id === 65535) throw new TypeError("An id is at most 65534");
  return init;
}

/** @param {string} text */
const byteLength = (text) => new TextEncoder().encode(text).length;

/**
 * @param {ArrayBuffer} buffer
 * @returns {string}
 */
function toBase64(buffer) {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/**
 * @param {string} text
 * @returns {ArrayBuffer}
 */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}

/** The state behind an RTCDataChannel. */
export class Channel {
  /**
   * @param {import("./peer-channels.js").PeerChannels} owner
   * @param {ChannelInit} init
   */
  constructor(owner, init) {
    this.owner = owner;
    this.init = init;
    this.id = init.id;
    /** The engine's, once known. @type {number | null} */
    this.handle = null;
    /** @type {"connecting" | "open" | "closing" | "closed"} */
    this.state = "connecting";
    this.buffered = 0;
    this.lowThreshold = 0;
    /** @type {"arraybuffer" | "blob"} */
    this.binaryType = "arraybuffer";
    /** Sends go out in their order. */
    this.sending = Promise.resolve();
    this.facade = create(RTCDataChannel, this);
  }

  /** @param {number | null} [id] */
  opened(id) {
    if (id !== undefined && id !== null) this.id = id;
    if (this.state !== "connecting") return;
    this.state = "open";
    this.facade.dispatchEvent(new Event("open"));
  }

  /** Still open after the page was told of it. */
  readyToTell() {
    return this.state === "open";
  }

  /** @param {{text?: string, base64?: string}} message */
  received(message) {
    if (this.state !== "open" && this.state !== "closing") return;
    /** @type {string | ArrayBuffer | Blob} */
    let data = message.text ?? "";
    if (typeof message.base64 === "string") {
      const bytes = fromBase64(message.base64);
      data = this.binaryType === "blob" ? new Blob([bytes]) : bytes;
    }
    this.facade.dispatchEvent(new MessageEvent("message", { data }));
  }

  /** @param {RTCError | null} [error] */
  closed(error = null) {
    if (this.state === "closed") return;
    if (this.state !== "closing") this.facade.dispatchEvent(new Event("closing"));
    this.state = "closed";
    if (error) this.facade.dispatchEvent(new RTCErrorEvent("error", { error }));
    this.facade.dispatchEvent(new Event("close"));
  }

  close() {
    if (this.state === "closing" || this.state === "closed") return;
    this.state = "closing";
    this.sending
      .then(() => this.owner.close(this))
      .catch(() => {})
      .then(() => {
        if (this.handle === null) this.closed();
      });
  }

  /** @param {string | Blob | ArrayBuffer | ArrayBufferView} data */
  send(data) {
    if (this.state !== "open") throw invalidState("The channel is not open");
    /** @type {number} */
    let size;
    /** @type {() => Promise<{text: string} | {base64: string}>} */
    let pack;
    if (data instanceof Blob) {
      size = data.size;
      pack = async () => ({ base64: toBase64(await data.arrayBuffer()) });
    } else if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
      const bytes = ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice().buffer
        : data.slice(0);
      size = bytes.byteLength;
      pack = async () => ({ base64: toBase64(bytes) });
    } else {
      const text = `${data}`;
      size = byteLength(text);
      pack = async () => ({ text });
    }
    if (size > MAX_MESSAGE) throw new TypeError(`A message is at most ${MAX_MESSAGE} bytes long`);
    if (this.buffered + size > MAX_BUFFERED) throw operation("The channel's buffer is full");
    this.buffered += size;
    this.sending = this.sending.then(async () => {
      try {
        if (this.state === "open" || this.state === "closing") await this.owner.send(this, await pack());
      } catch (error) {
        this.closed(new RTCError({ errorDetail: "data-channel-failure" }, fromEngine(error).message));
      } finally {
        this.#sent(size);
      }
    });
  }

  /** @param {number} size */
  #sent(size) {
    const before = this.buffered;
    this.buffered -= size;
    if (before > this.lowThreshold && this.buffered <= this.lowThreshold && this.state === "open") {
      this.facade.dispatchEvent(new Event("bufferedamountlow"));
    }
  }
}

/** https://www.w3.org/TR/webrtc/#rtcdatachannel */
export class RTCDataChannel extends EventTarget {
  #state;
  constructor() {
    super();
    /** @type {Channel} */
    this.#state = claim();
  }
  get label() {
    return this.#state.init.label;
  }
  get ordered() {
    return this.#state.init.ordered;
  }
  get maxPacketLifeTime() {
    return this.#state.init.maxPacketLifeTime;
  }
  get maxRetransmits() {
    return this.#state.init.maxRetransmits;
  }
  get protocol() {
    return this.#state.init.protocol;
  }
  get negotiated() {
    return this.#state.init.negotiated;
  }
  get id() {
    return this.#state.id;
  }
  get readyState() {
    return this.#state.state;
  }
  get bufferedAmount() {
    return this.#state.buffered;
  }
  get bufferedAmountLowThreshold() {
    return this.#state.lowThreshold;
  }
  set bufferedAmountLowThreshold(value) {
    this.#state.lowThreshold = Number(value) >>> 0;
  }
  get binaryType() {
    return this.#state.binaryType;
  }
  set binaryType(value) {
    try {
      this.#state.binaryType = enumeration(value, ["arraybuffer", "blob"], "BinaryType");
    } catch {
      // Web IDL: an enumeration attribute ignores what is no value of it
    }
  }
  close() {
    this.#state.close();
  }
  /** @param {string | Blob | ArrayBuffer | ArrayBufferView} data */
  send(data) {
    needArguments(arguments.length, 1);
    this.#state.send(data);
  }
}
finish(RTCDataChannel, ["open", "bufferedamountlow", "error", "closing", "close", "message"]);
