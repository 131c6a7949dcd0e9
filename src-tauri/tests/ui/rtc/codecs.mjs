// Codecs that remember what they were given, in place of WebCodecs.

import assert from "node:assert/strict";

/** Frames that were made and not closed. */
export let open = 0;

export class Frame {
  displayWidth;
  displayHeight;
  timestamp;
  closed = false;
  /** @param {any} source @param {any} [init] */
  constructor(source, init = {}) {
    this.black = source instanceof Uint8Array;
    this.displayWidth = init.codedWidth ?? source.displayWidth;
    this.displayHeight = init.codedHeight ?? source.displayHeight;
    this.timestamp = init.timestamp ?? source.timestamp;
    open += 1;
  }
  close() {
    if (!this.closed) open -= 1;
    this.closed = true;
  }
}

/** @param {number} timestamp @param {number} [width] @param {number} [height] */
export const frame = (timestamp, width = 640, height = 480) => new Frame({ displayWidth: width, displayHeight: height, timestamp });

/** A VP8 key frame that claims that size, with a first part of one byte. @param {number} width @param {number} height */
export const keyData = (width, height) => Uint8Array.from([0x30, 0, 0, 0x9d, 0x01, 0x2a, width & 255, width >> 8, height & 255, height >> 8, 0x55]);

/** A frame that changes the one before. */
export const DELTA = Uint8Array.from([0x31, 0, 0, 0x55]);

/** Codecs that remember; `queue` makes the encoder look busy. */
export function codecs() {
  const seen = { configured: /** @type {any[]} */ ([]), encoded: /** @type {any[]} */ ([]), decoders: 0, closed: 0, queue: 0, bytes: 100, decodeFails: false, decodeThrows: false };
  class VideoEncoder {
    state = "unconfigured";
    /** @param {any} callbacks */
    constructor(callbacks) {
      this.callbacks = callbacks;
    }
    get encodeQueueSize() {
      return seen.queue;
    }
    /** @param {any} config */
    configure(config) {
      this.state = "configured";
      seen.configured.push(config);
    }
    /** @param {Frame} input @param {{keyFrame: boolean}} options */
    encode(input, { keyFrame }) {
      assert.ok(!input.closed);
      seen.encoded.push({ keyFrame, timestamp: input.timestamp, black: input.black });
      const data = new Uint8Array(seen.bytes);
      this.callbacks.output({ type: keyFrame ? "key" : "delta", timestamp: input.timestamp, byteLength: data.length, copyTo: (/** @type {Uint8Array} */ room) => room.set(data) });
    }
    close() {
      this.state = "closed";
      seen.closed += 1;
    }
  }
  class VideoDecoder {
    state = "unconfigured";
    decodeQueueSize = 0;
    /** @param {any} callbacks */
    constructor(callbacks) {
      this.callbacks = callbacks;
      seen.decoders += 1;
    }
    /** @param {any} config */
    configure(config) {
      this.state = "configured";
      this.config = config;
    }
    /** @param {any} chunk */
    decode(chunk) {
      if (seen.decodeThrows) throw new DOMException("not a frame", "DataError");
      if (seen.decodeFails) {
        this.state = "closed";
        this.callbacks.error(new DOMException("broken", "EncodingError"));
        return;
      }
      this.callbacks.output(frame(chunk.timestamp, this.config.codedWidth, this.config.codedHeight));
    }
    close() {
      this.state = "closed";
    }
  }
  class EncodedVideoChunk {
    /** @param {any} init */
    constructor(init) {
      Object.assign(this, init);
    }
  }
  return { seen, classes: /** @type {any} */ ({ VideoEncoder, VideoDecoder, VideoFrame: Frame, EncodedVideoChunk }) };
}

export const LIMITS = { active: true, muted: false, maxBitrate: null };
