// One m-line going out: captured frames in, coded frames to the socket.

import { Adaptation } from "./adaptation.js";
import { CaptureClock } from "./clock.js";
import { frameMessage, HEADER, MAX_FRAME } from "./framing.js";

/** Frames the encoder may hold; more would only add delay. */
const MAX_QUEUE = 2;
/** What may wait on the socket, in seconds at the current rate, and at least in bytes. */
const MAX_BACKLOG_SECONDS = 0.25;
const MIN_BACKLOG = 65536;
/** Least time between two key frames that were asked for, in µs. */
const KEY_INTERVAL = 300_000;
/** While muted, one black frame in this time, in µs. */
const BLACK_INTERVAL = 1_000_000;
/** Bits a second until the engine says better. */
const START_RATE = 600_000;
/** Part by which the rate must change before the encoder is told. */
const RATE_CHANGE = 0.05;

/** @typedef {import("./environment.d.ts").SendLimits} SendLimits */
/**
 * @typedef {object} OutgoingParts
 * @property {number} peer
 * @property {number} index
 * @property {SendLimits} limits
 * @property {(message: ArrayBuffer) => void} send
 * @property {() => number} backlog bytes waiting on the socket
 * @property {Pick<typeof globalThis, "VideoEncoder" | "VideoFrame">} codecs
 * @property {() => number} now µs
 */

export class Outgoing {
  #adaptation = new Adaptation();
  #clock = new CaptureClock();
  #rate = START_RATE;
  /** @type {VideoEncoder | null} */
  #encoder = null;
  /** What the encoder is set to. @type {{width: number, height: number, rate: number} | null} */
  #set = null;
  #keyWanted = true;
  #lastKey = -Infinity;
  #lastFrame = -Infinity;
  #lastBlack = -Infinity;
  #stopped = false;
  /** The engine sends what is coded. Before, one picture is coded and thrown away: an encoder takes its time to begin. */
  #started = false;
  /** When frames went in and what time the other side is told, by timestamp. @type {Map<number, {started: number, shared: number, sent: boolean}>} */
  #times = new Map();
  figures = { framesEncoded: 0, keyFramesEncoded: 0, framesDropped: 0, frameWidth: 0, frameHeight: 0, totalEncodeTime: 0 };

  /** @param {OutgoingParts} parts */
  constructor(parts) {
    this.parts = parts;
    this.limits = parts.limits;
    this.setLimits(parts.limits);
  }

  /** @param {SendLimits} limits */
  setLimits(limits) {
    if (limits.muted !== this.limits.muted) this.#keyWanted = true;
    this.limits = limits;
    this.#adaptation.requested = Math.max(1, limits.scale ?? 1);
  }

  /** @param {number} bps @param {number} [scale] at least this factor smaller */
  setRate(bps, scale) {
    if (Number.isFinite(bps) && bps > 0) this.#rate = bps;
    this.#adaptation.requested = Math.max(1, this.limits.scale ?? 1, Number(scale) || 1);
  }

  /** What is coded from now on is sent, and begins with a key frame whenever the last one was. */
  start() {
    this.#started = true;
    this.#keyWanted = true;
    this.#lastKey = -Infinity;
    this.#lastBlack = -Infinity;
  }

  wantKey() {
    this.#keyWanted = true;
  }

  get qualityLimitationReason() {
    return this.#adaptation.reason;
  }

  /** Encodes what the reader gives until it ends or `stop()`. @param {ReadableStreamDefaultReader<VideoFrame>} reader */
  async run(reader) {
    while (!this.#stopped) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      try {
        if (!this.#stopped) this.captured(frame);
      } catch {
        this.#dropEncoder();
      } finally {
        frame.close();
      }
    }
    await reader.cancel();
  }

  /** One captured frame; the caller closes it. @param {VideoFrame} frame */
  captured(frame) {
    const timestamp = this.#clock.mend(frame.timestamp, this.parts.now());
    if (timestamp === frame.timestamp) return this.#frame(frame);
    const mended = new this.parts.codecs.VideoFrame(frame, { timestamp });
    try {
      this.#frame(mended);
    } finally {
      mended.close();
    }
  }

  /** @param {VideoFrame} frame */
  #frame(frame) {
    if (!this.#started && this.#encoder) return;
    const { timestamp } = frame;
    const { maxFramerate } = this.limits;
    if (maxFramerate && timestamp - this.#lastFrame < 900_000 / maxFramerate) return;
    this.#lastFrame = timestamp;
    if (this.limits.muted) {
      if (timestamp - this.#lastBlack < BLACK_INTERVAL && !this.#keyWanted) return;
      this.#lastBlack = timestamp;
      const black = this.#black(frame);
      this.#encode(black);
      black.close();
      return;
    }
    const busy = (this.#encoder?.encodeQueueSize ?? 0) > MAX_QUEUE;
    this.#adaptation.captured(timestamp, busy);
    if (busy || this.parts.backlog() > Math.max(MIN_BACKLOG, (this.#rate / 8) * MAX_BACKLOG_SECONDS)) {
      this.figures.framesDropped += 1;
      return;
    }
    this.#encode(frame);
  }

  /** @param {VideoFrame} frame */
  #encode(frame) {
    const encoder = this.#ready(frame);
    const keyFrame = this.#keyWanted && frame.timestamp - this.#lastKey >= KEY_INTERVAL;
    if (keyFrame) {
      this.#keyWanted = false;
      this.#lastKey = frame.timestamp;
    }
    const now = this.parts.now();
    const shared = this.#clock.shared(frame.timestamp, now);
    this.#times.set(frame.timestamp, { started: now, shared, sent: this.#started });
    encoder.encode(frame, { keyFrame });
  }

  /** The encoder, set to what is wanted now. @param {VideoFrame} frame @returns {VideoEncoder} */
  #ready(frame) {
    const rate = Math.min(this.#rate, this.limits.maxBitrate ?? Infinity);
    this.#adaptation.setRate(rate, frame.displayWidth * frame.displayHeight);
    const { width, height } = this.#adaptation.size(frame.displayWidth, frame.displayHeight);
    if (this.#encoder?.state === "closed") this.#dropEncoder();
    const set = this.#set;
    const changed =
      !set || set.width !== width || set.height !== height || Math.abs(set.rate - rate) > set.rate * RATE_CHANGE;
    this.#encoder ??= new this.parts.codecs.VideoEncoder({
      output: (chunk) => this.#coded(chunk),
      error: () => this.#dropEncoder(),
    });
    if (changed) {
      this.#set = { width, height, rate };
      this.figures.frameWidth = width;
      this.figures.frameHeight = height;
      this.#encoder.configure({ codec: "vp8", width, height, bitrate: rate, framerate: 30, latencyMode: "realtime" });
    }
    return this.#encoder;
  }

  /** A new one is made for the next frame. */
  #dropEncoder() {
    if (this.#encoder && this.#encoder.state !== "closed") this.#encoder.close();
    this.#encoder = null;
    this.#set = null;
    this.#times.clear();
    this.#keyWanted = true;
  }

  /** @param {EncodedVideoChunk} chunk */
  #coded(chunk) {
    const times = this.#times.get(chunk.timestamp);
    this.#times.delete(chunk.timestamp);
    if (this.#stopped || !times?.sent) return;
    const { peer, index, send } = this.parts;
    const key = chunk.type === "key";
    if (chunk.byteLength + HEADER > MAX_FRAME) {
      this.#keyWanted = true;
      return;
    }
    const { message, room } = frameMessage({ peer, index, key, timestamp: times.shared }, chunk.byteLength);
    chunk.copyTo(room);
    send(message);
    this.figures.framesEncoded += 1;
    if (key) this.figures.keyFramesEncoded += 1;
    this.figures.totalEncodeTime += (this.parts.now() - times.started) / 1e6;
  }

  /** @param {VideoFrame} like gives the size and the time */
  #black({ displayWidth, displayHeight, timestamp }) {
    const width = 2 * Math.max(1, displayWidth >> 1);
    const height = 2 * Math.max(1, displayHeight >> 1);
    const luma = width * height;
    const data = new Uint8Array(luma * 1.5).fill(16, 0, luma).fill(128, luma);
    return new this.parts.codecs.VideoFrame(data, { format: "I420", codedWidth: width, codedHeight: height, timestamp });
  }

  stop() {
    this.#stopped = true;
    this.#dropEncoder();
  }
}
