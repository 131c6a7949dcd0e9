// The media worker's wiring: m-lines, sinks and the socket to the engine.

import { MAX_PIXELS, readFrame, readOwnPicture } from "./framing.js";
import { Incoming } from "./incoming.js";
import { Outgoing } from "./outgoing.js";

/** @typedef {import("./worker-messages.d.ts").ToWorker} ToWorker */
/** @typedef {import("./worker-messages.d.ts").FromWorker} FromWorker */

/** Between two reports of decoder figures to the engine, in ms. */
const REPORT = 1000;
/** Pictures that a track may not have taken yet; more are dropped, each may be 14 MB large. */
const MAX_UNTAKEN = 4;
/** The same for the own picture, which is to be of now. */
const MAX_OWN_UNTAKEN = 2;
/** Of a camera's own picture, as of what is coded of it: ITU-R BT.601, which the webview would not guess. @type {VideoColorSpaceInit} */
const COLOURS = { matrix: "smpte170m", primaries: "smpte170m", transfer: "smpte170m", fullRange: false };
/** The engine closes a socket so when another page has taken its place. */
const REPLACED = 4001;

/** Where pictures of an m-line go; takes the frame over, false when it had to drop it. @typedef {(frame: VideoFrame) => boolean} Sink */

export class WorkerPlane {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<string, {outgoing: Outgoing, track: MediaStreamTrack}>} */
  #sending = new Map();
  /** @type {Map<string, {incoming: Incoming, sink: number}>} */
  #receiving = new Map();
  /** @type {Map<number, {show: Sink, untaken: () => number, end: () => void}>} */
  #sinks = new Map();
  /** The sink of each camera of the engine's. @type {Map<number, number>} */
  #previews = new Map();
  #lastTrack = 0;
  /** The engine's last word for each m-line, which may come before its track. @type {Map<string, {bps: number, scale?: number}>} */
  #rates = new Map();
  /** M-lines whose pictures the engine sends; what comes before, it has nobody to send to. @type {Set<string>} */
  #started = new Set();
  /** @type {ReturnType<typeof setInterval> | null} */
  #reporting = null;

  /** @param {import("./webkit.d.ts").MediaWorkerScope} scope */
  constructor(scope) {
    this.scope = scope;
  }

  /**
   * @param {FromWorker} message
   * @param {Transferable[]} [transfer]
   */
  #post(message, transfer = []) {
    this.scope.postMessage(message, transfer);
  }

  /** @param {ToWorker} message */
  handle(message) {
    switch (message.t) {
      case "socket":
        return this.#connect(message.url);
      case "make-track":
        return this.#makeTrack();
      case "send":
        return this.#send(message);
      case "limits":
        return this.#sending.get(`${message.peer}/${message.index}`)?.outgoing.setLimits(message.limits);
      case "stop-sending":
        return this.#stopSending(`${message.peer}/${message.index}`);
      case "receive":
        return this.#receive(message);
      case "preview":
        return void this.#previews.set(message.camera, message.sink);
      case "drop-sink":
        return this.#dropSink(message.sink);
      case "close-peer":
        return this.#closePeer(`${message.peer}/`);
      case "figures":
        return this.#post({ t: "figures", request: message.request, figures: this.#figures(message.peer) });
    }
  }

  // --- socket

  /** @param {string} url */
  #connect(url) {
    this.#socket?.close();
    const socket = this.#open(url);
    if (!socket) return this.#post({ t: "socket-closed", replaced: false });
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#handleText(data) : this.#handleFrame(data));
    socket.onopen = () => {
      // whoever decodes on either side starts anew
      for (const { outgoing } of this.#sending.values()) outgoing.wantKey();
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#post({ t: "socket-closed", replaced: code === REPLACED });
    };
    this.#socket = socket;
  }

  /** @param {string} url */
  #open(url) {
    try {
      return new this.scope.WebSocket(url);
    } catch {
      return null;
    }
  }

  /** @param {string | ArrayBuffer} data */
  #toEngine(data) {
    if (this.#socket?.readyState === 1) this.#socket.send(data);
  }

  /** @param {ArrayBuffer} data */
  #handleFrame(data) {
    const frame = readFrame(data);
    if (frame) return this.#receiving.get(`${frame.peer}/${frame.index}`)?.incoming.receive(frame);
    const picture = readOwnPicture(data);
    if (picture) this.#showOwnPicture(picture);
  }

  /** @param {string} text */
  #handleText(text) {
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    // the page drops the sink: a track that ends before it knows why would have it close the camera
    if (message?.t === "cameraEnded") return this.#post({ t: "camera-ended", camera: Number(message.camera) });
    const key = `${Number(message?.peer)}/${Number(message?.index)}`;
    const outgoing = this.#sending.get(key)?.outgoing;
    if (message?.t === "keyframe") outgoing?.wantKey();
    if (message?.t === "start") {
      this.#started.add(key);
      outgoing?.start();
    }
    if (message?.t !== "rate") return;
    this.#rates.set(key, { bps: Number(message.bps), scale: message.scale });
    outgoing?.setRate(Number(message.bps), message.scale);
  }

  // --- sending

  /** @param {Extract<ToWorker, {t: "send"}>} message */
  #send({ peer, index, track, limits }) {
    const key = `${peer}/${index}`;
    this.#stopSending(key);
    const outgoing = new Outgoing({
      peer,
      index,
      limits,
      send: (message) => this.#toEngine(message),
      // with no socket there is nobody to encode for
      backlog: () => (this.#socket?.readyState === 1 ? this.#socket.bufferedAmount : Infinity),
      codecs: this.scope,
      now: () => performance.now() * 1000,
    });
    this.#sending.set(key, { outgoing, track });
    const rate = this.#rates.get(key);
    if (rate) outgoing.setRate(rate.bps, rate.scale);
    if (this.#started.has(key)) outgoing.start();
    try {
      const { readable } = new this.scope.MediaStreamTrackProcessor({ track });
      outgoing.run(readable.getReader()).catch(() => {});
    } catch {
      // the track ended on its way here
      this.#stopSending(key);
    }
    this.#report();
  }

  /** @param {string} key */
  #stopSending(key) {
    const old = this.#sending.get(key);
    this.#sending.delete(key);
    old?.outgoing.stop();
    old?.track.stop();
  }

  // --- receiving

  #makeTrack() {
    try {
      const generator = new this.scope.VideoTrackGenerator();
      const writer = generator.writable.getWriter();
      writer.closed.catch(() => {});
      const id = ++this.#lastTrack;
      let untaken = 0;
      this.#sinks.set(id, {
        show: (frame) => {
          if (untaken >= MAX_UNTAKEN) {
            frame.close();
            return false;
          }
          untaken += 1;
          writer
            .write(frame)
            .catch(() => frame.close())
            .finally(() => (untaken -= 1));
          return true;
        },
        untaken: () => untaken,
        end: () => void writer.close().catch(() => {}),
      });
      this.#post({ t: "track", id, track: generator.track }, [/** @type {any} */ (generator.track)]);
    } catch {
      this.#post({ t: "no-track" });
    }
  }

  /** @param {Extract<ToWorker, {t: "receive"}>} message */
  #receive({ peer, index, sink }) {
    const key = `${peer}/${index}`;
    // a re-used m-line gets a new track, and a track may move to another m-line
    this.#forget(sink);
    this.#receiving.get(key)?.incoming.stop();
    const incoming = new Incoming({
      show: (frame) => this.#sinks.get(sink)?.show(frame) ?? (frame.close(), false),
      askKey: () => this.#toEngine(JSON.stringify({ t: "keyframe", peer, index })),
      room: () => this.#room(`${peer}/`, key),
      codecs: this.scope,
      now: () => performance.now(),
    });
    this.#receiving.set(key, { incoming, sink });
    this.#report();
  }

  /**
   * Pixels that a call's other m-lines leave for one: all its pictures together are no larger than one may be.
   * @param {string} prefix of the call's m-lines
   * @param {string} line
   */
  #room(prefix, line) {
    let room = MAX_PIXELS;
    for (const [key, { incoming }] of this.#receiving) {
      if (key.startsWith(prefix) && key !== line) room -= incoming.pixels;
    }
    return room;
  }

  /** @param {number} sink */
  #forget(sink) {
    for (const [key, one] of this.#receiving) {
      if (one.sink !== sink) continue;
      one.incoming.stop();
      this.#receiving.delete(key);
    }
  }

  /** @param {number} sink */
  #dropSink(sink) {
    this.#forget(sink);
    for (const [camera, shown] of this.#previews) if (shown === sink) this.#previews.delete(camera);
    this.#sinks.get(sink)?.end();
    this.#sinks.delete(sink);
  }

  // --- the engine's cameras

  /** @param {import("./framing.js").OwnPicture} picture */
  #showOwnPicture({ camera, timestamp, width, height, data }) {
    const sink = this.#sinks.get(this.#previews.get(camera) ?? -1);
    // looked at before a frame is made, which copies the picture
    if (!sink || sink.untaken() >= MAX_OWN_UNTAKEN) return;
    try {
      const format = /** @type {const} */ ("I420");
      const init = { format, codedWidth: width, codedHeight: height, timestamp, colorSpace: COLOURS };
      sink.show(new this.scope.VideoFrame(data, init));
    } catch {
      // there was no room for this one
    }
  }

  /** @param {string} prefix */
  #closePeer(prefix) {
    for (const key of [...this.#sending.keys()]) if (key.startsWith(prefix)) this.#stopSending(key);
    for (const key of [...this.#rates.keys()]) if (key.startsWith(prefix)) this.#rates.delete(key);
    for (const key of [...this.#started]) if (key.startsWith(prefix)) this.#started.delete(key);
    for (const [key, { sink }] of [...this.#receiving]) if (key.startsWith(prefix)) this.#dropSink(sink);
  }

  // --- figures

  /** @param {number} peer */
  #figures(peer) {
    /** @type {Map<number, import("./stats.js").Figures>} */
    const lines = new Map();
    const line = (/** @type {string} */ key) => {
      const index = Number(key.slice(key.indexOf("/") + 1));
      const known = lines.get(index) ?? { peer, index };
      lines.set(index, known);
      return known;
    };
    for (const [key, { incoming }] of this.#receiving) {
      if (key.startsWith(`${peer}/`)) line(key).inbound = { ...incoming.figures };
    }
    for (const [key, { outgoing }] of this.#sending) {
      if (!key.startsWith(`${peer}/`)) continue;
      const { framesDropped: _own, ...figures } = outgoing.figures;
      line(key).outbound = { ...figures, qualityLimitationReason: outgoing.qualityLimitationReason };
    }
    return [...lines.values()];
  }

  /** Once a second to the engine, while there is an m-line. */
  #report() {
    this.#reporting ??= setInterval(() => {
      const peers = new Set([...this.#sending.keys(), ...this.#receiving.keys()].map((key) => parseInt(key, 10)));
      if (peers.size === 0 && this.#reporting !== null) {
        clearInterval(this.#reporting);
        this.#reporting = null;
      }
      for (const peer of peers) {
        for (const { index, inbound, outbound } of this.#figures(peer)) {
          const { framesEncoded, keyFramesEncoded, totalEncodeTime } = outbound ?? {};
          const sent = { framesEncoded, keyFramesEncoded, totalEncodeTime };
          this.#toEngine(JSON.stringify({ t: "video", peer, index, ...inbound, ...sent }));
        }
      }
    }, REPORT);
  }
}
