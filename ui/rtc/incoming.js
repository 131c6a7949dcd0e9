// One m-line coming in: coded frames from the socket, pictures to a sink.

import { readPicture } from "./framing.js";

/** Frames the decoder may hold; behind that, everything up to the next key frame is dropped. */
const MAX_QUEUE = 10;
/** Least time between two requests for a key frame, in ms. */
const ASK_INTERVAL = 300;
/** So many decoders at once, and one more in this time, in ms: each size takes one, and each picture that breaks one. */
const MAX_DECODERS = 12;
const DECODER_EVERY = 333;
/** A gap between pictures is a freeze when it is this much longer than usual (webrtc-stats), in ms. */
const FREEZE = 150;

/**
 * @typedef {object} IncomingParts
 * @property {(frame: VideoFrame) => boolean} show takes the frame over; false when it was dropped
 * @property {() => void} askKey
 * @property {() => number} room pixels that pictures of other m-lines leave
 * @property {Pick<typeof globalThis, "VideoDecoder" | "EncodedVideoChunk">} codecs
 * @property {() => number} now ms
 */

export class Incoming {
  /** @type {VideoDecoder | null} */
  #decoder = null;
  #size = { width: 0, height: 0 };
  /** Decoders that may still be made, and when that was counted. */
  #decoders = { left: MAX_DECODERS, at: -Infinity };
  /** Nothing can be decoded before a key frame. */
  #lost = true;
  #lastAsked = -Infinity;
  #lastShown = -Infinity;
  /** Usual time between pictures, in ms. */
  #usual = 33;
  #second = { start: 0, frames: 0 };
  figures = {
    framesDecoded: 0,
    keyFramesDecoded: 0,
    framesDropped: 0,
    framesPerSecond: 0,
    frameWidth: 0,
    frameHeight: 0,
    freezeCount: 0,
    totalFreezesDuration: 0,
  };

  /** @param {IncomingParts} parts */
  constructor(parts) {
    this.parts = parts;
  }

  /** Pixels of the picture that is decoded. */
  get pixels() {
    return this.#decoder ? this.#size.width * this.#size.height : 0;
  }

  /** The engine has looked at it already; nothing but what is in `data` is believed. @param {import("./framing.js").Frame} frame */
  receive({ timestamp, data }) {
    const picture = readPicture(data);
    const key = picture?.key === true;
    if (!picture) {
      // whoever sent it is to try again
      this.#lose();
    } else if (picture.key) {
      this.#lost = !this.#open(picture);
      if (!this.#lost) this.figures.keyFramesDecoded += 1;
    }
    if ((this.#decoder?.decodeQueueSize ?? 0) > MAX_QUEUE) this.#lose();
    if (this.#lost || !this.#decoder) {
      this.figures.framesDropped += 1;
      this.#ask();
      return;
    }
    try {
      this.#decoder.decode(new this.parts.codecs.EncodedVideoChunk({ type: key ? "key" : "delta", timestamp, data }));
    } catch {
      this.#lose();
      this.#ask();
    }
  }

  /**
   * WebKitGTK's decoder keeps to its first size: each size has its own.
   * @param {{width: number, height: number}} size
   * @returns {boolean} whether there is a decoder now
   */
  #open({ width, height }) {
    const same = this.#size.width === width && this.#size.height === height;
    if (this.#decoder && this.#decoder.state !== "closed" && same && !this.#lost) return true;
    this.#close();
    if (width * height > this.parts.room() || !this.#allowsDecoder()) return false;
    this.#size = { width, height };
    const decoder = new this.parts.codecs.VideoDecoder({
      output: (frame) => this.#decoded(frame),
      error: () => {
        if (this.#decoder !== decoder) return;
        this.#lose();
        this.#ask();
      },
    });
    try {
      decoder.configure({ codec: "vp8", codedWidth: width, codedHeight: height, optimizeForLatency: true });
    } catch {
      return false;
    }
    this.#decoder = decoder;
    return true;
  }

  /** Whether another decoder may be made now. */
  #allowsDecoder() {
    const now = this.parts.now();
    const back = Math.floor((now - this.#decoders.at) / DECODER_EVERY);
    if (back > 0) this.#decoders = { left: Math.min(MAX_DECODERS, this.#decoders.left + back), at: now };
    if (this.#decoders.left === 0) return false;
    this.#decoders.left -= 1;
    return true;
  }

  /** @param {VideoFrame} frame */
  #decoded(frame) {
    const { figures } = this;
    figures.framesDecoded += 1;
    figures.frameWidth = frame.displayWidth;
    figures.frameHeight = frame.displayHeight;
    this.#shown();
    if (!this.parts.show(frame)) figures.framesDropped += 1;
  }

  /** Freezes and the frame rate. */
  #shown() {
    const { figures } = this;
    const now = this.parts.now();
    const gap = now - this.#lastShown;
    this.#lastShown = now;
    if (Number.isFinite(gap)) {
      if (gap >= Math.max(3 * this.#usual, this.#usual + FREEZE)) {
        figures.freezeCount += 1;
        figures.totalFreezesDuration += gap / 1000;
      } else {
        this.#usual += (gap - this.#usual) / 30;
      }
    }
    this.#second.frames += 1;
    const passed = now - this.#second.start;
    if (passed >= 1000) {
      figures.framesPerSecond = Math.round((this.#second.frames * 1000) / passed);
      this.#second = { start: now, frames: 0 };
    }
  }

  #ask() {
    const now = this.parts.now();
    if (now - this.#lastAsked < ASK_INTERVAL) return;
    this.#lastAsked = now;
    this.parts.askKey();
  }

  /** The stream is broken until the next key frame. */
  #lose() {
    this.#lost = true;
    this.#close();
  }

  #close() {
    const decoder = this.#decoder;
    this.#decoder = null;
    if (decoder && decoder.state !== "closed") decoder.close();
  }

  stop() {
    this.#close();
  }
}
