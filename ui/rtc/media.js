// The page's side of coded media: the worker, its socket, the tracks it makes, and silent stand-ins for native audio.

import { CameraLines } from "./camera-lines.js";

/** @typedef {import("./environment.d.ts").SendLimits} SendLimits */
/** @typedef {{id: number, track: MediaStreamTrack}} Made */
/** @typedef {import("./environment.d.ts").RemoteSource} RemoteSource */
/** @typedef {import("./stats.js").Figures} Figures */
/** @typedef {import("./worker-messages.d.ts").FromWorker} FromWorker */
/** @typedef {import("./worker-messages.d.ts").ToWorker} ToWorker */

/** Video tracks kept ready: making one takes a round trip to the worker. */
const SPARE_TRACKS = 2;
/** Between attempts to reach the engine's media socket again, in ms. */
const RECONNECT = 500;

export class MediaPlane {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Made[]} */
  #spare = [];
  /** Tracks asked for and not yet here. */
  #coming = 0;
  /** The worker cannot be loaded. */
  #barren = false;
  /** The worker has spoken: should it die, another may live. */
  #alive = false;
  /** @type {{tracks: number, resolve: () => void}[]} */
  #waiting = [];
  /** What the worker sends on each m-line, by `peer/index`, or is to. @type {Map<string, {track: MediaStreamTrack, limits: SendLimits, told: boolean}>} */
  #sent = new Map();
  /** Receivers whose track is still to be made. @type {((made: Made) => void)[]} */
  #placeHolders = [];
  /** Who waits for a track, and has none in its place. @type {((made: Made | null) => void)[]} */
  #takers = [];
  /** Called with a camera that the engine lost for good. @type {(camera: number) => void} */
  onCameraEnded = () => {};
  /** @type {Map<number, (figures: Figures[]) => void>} */
  #asked = new Map();
  #lastAsked = 0;
  /** @type {MediaStreamTrack | null} */
  #silence = null;
  #cameraLines;

  /**
   * @param {Window & typeof globalThis} window
   * @param {import("./engine.js").Engine} engine
   * @param {import("./tracks.js").Tracks} tracks
   */
  constructor(window, engine, tracks) {
    this.window = window;
    this.engine = engine;
    this.tracks = tracks;
    this.#cameraLines = new CameraLines(engine);
  }

  #start() {
    if (this.#worker || this.#barren) return;
    // WebKitGTK: the first media call of a page must not be WebCodecs, GStreamer is not up before
    this.window.document.createElement("video").canPlayType("video/webm");
    try {
      this.#worker = new this.window.Worker(new URL("./media-worker.js", import.meta.url), { type: "module" });
    } catch {
      this.#fail();
      return;
    }
    this.#worker.onmessage = ({ data }) => this.#handle(data);
    this.#worker.onerror = () => this.#fail();
    this.#order(SPARE_TRACKS);
    this.#connect();
  }

  /** Without a worker calls go on, without video; the next connection tries another. */
  #fail() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#barren = !this.#alive;
    this.#spare = [];
    this.#coming = 0;
    this.#sent.clear();
    this.#noTracks();
    for (const answer of this.#asked.values()) answer([]);
    this.#asked.clear();
  }

  /** Whoever waits for tracks waits in vain. */
  #noTracks() {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    for (const take of this.#takers.splice(0)) take(null);
  }

  /**
   * @param {ToWorker} message
   * @param {Transferable[]} [transfer]
   */
  #post(message, transfer = []) {
    this.#worker?.postMessage(message, transfer);
  }

  /** @param {number} count */
  #order(count) {
    this.#coming += count;
    for (let n = 0; n < count; n += 1) this.#post({ t: "make-track" });
  }

  #connect() {
    this.engine.request("mediaSocket").then(
      ({ url }) => this.#post({ t: "socket", url }),
      () => this.#reconnect(),
    );
  }

  #reconnect() {
    if (this.#worker) this.window.setTimeout(() => this.#worker && this.#connect(), RECONNECT);
  }

  /** @param {FromWorker} message */
  #handle(message) {
    this.#alive = true;
    switch (message.t) {
      case "track":
        this.#coming -= 1;
        return this.#made({ id: message.id, track: message.track });
      case "no-track":
        this.#coming -= 1;
        if (this.#coming === 0) this.#noTracks();
        return;
      case "camera-ended":
        return this.onCameraEnded(message.camera);
      case "figures":
        this.#asked.get(message.request)?.(message.figures);
        this.#asked.delete(message.request);
        return;
      case "socket-closed":
        // two pages that take it from each other in turn would both see nothing
        if (!message.replaced) this.#reconnect();
        return;
    }
  }

  /** Tracks that are there or coming, and nobody's yet. */
  get #free() {
    return this.#spare.length + this.#coming - this.#placeHolders.length - this.#takers.length;
  }

  /** @param {Made} made */
  #made(made) {
    const waiting = this.#takers.shift() ?? this.#placeHolders.shift();
    if (waiting) return waiting(made);
    this.#spare.push(made);
    const met = this.#waiting.filter(({ tracks }) => tracks <= this.#spare.length);
    this.#waiting = this.#waiting.filter((one) => !met.includes(one));
    for (const { resolve } of met) resolve();
  }

  /**
   * @param {number} tracks
   * @returns {Promise<void>}
   */
  async ready(tracks) {
    this.#start();
    if (this.#barren || tracks <= this.#spare.length) return;
    const missing = tracks - this.#free;
    if (missing > 0) this.#order(missing);
    await new Promise((resolve) => this.#waiting.push({ tracks, resolve: () => resolve(undefined) }));
  }

  /**
   * @param {"audio" | "video"} kind
   * @returns {RemoteSource}
   */
  remote(kind) {
    this.#start();
    return kind === "audio" ? silentSource(this.silence()) : this.#videoSource();
  }

  /** @returns {RemoteSource} */
  #videoSource() {
    const spare = this.#spare.shift();
    if (this.#free < SPARE_TRACKS) this.#order(1);
    return spare ? this.#shownOn(spare.track, spare) : this.#placeHolder();
  }

  /** A page may want a track before the worker made one: elements play the made one in its place. */
  #placeHolder() {
    const canvas = this.window.document.createElement("canvas");
    // without a context there is nothing to capture
    canvas.getContext("2d");
    const [track] = canvas.captureStream(0).getVideoTracks();
    if (!track) throw new DOMException("The webview makes no video track", "NotSupportedError");
    this.tracks.holdPlace(track, null);
    const source = this.#shownOn(track, null);
    this.#placeHolders.push((made) => {
      this.tracks.holdPlace(track, made.track);
      source.show(made);
    });
    return source;
  }

  /**
   * @param {MediaStreamTrack} track the page's
   * @param {Made | null} first what shows the pictures, if there already
   */
  #shownOn(track, first) {
    let made = first;
    let ended = false;
    /** @type {{peer: number, index: number} | null} */
    let line = null;
    const tell = () => {
      if (made && ended) {
        made.track.stop();
        this.#post({ t: "drop-sink", sink: made.id });
      } else if (made && line) {
        this.#post({ t: "receive", ...line, sink: made.id });
      }
    };
    return {
      track,
      /** @param {number} peer @param {number} index */
      attach: (peer, index) => {
        if (line?.peer === peer && line.index === index) return;
        line = { peer, index };
        tell();
      },
      end: () => {
        track.stop();
        ended = true;
        tell();
      },
      /** @param {Made} late */
      show: (late) => {
        made = late;
        tell();
      },
    };
  }

  /**
   * A track that shows a camera of the engine's.
   * @returns {Promise<import("./environment.d.ts").PreviewSource | null>}
   */
  async preview() {
    this.#start();
    if (!this.#worker) return null;
    const spare = this.#spare.shift();
    const taken = spare ?? new Promise((/** @type {(made: Made | null) => void} */ resolve) => this.#takers.push(resolve));
    if (this.#free < SPARE_TRACKS) this.#order(1);
    const made = await taken;
    if (!made) return null;
    return {
      track: made.track,
      attach: (camera) => this.#post({ t: "preview", camera, sink: made.id }),
      end: () => {
        made.track.stop();
        this.#post({ t: "drop-sink", sink: made.id });
      },
    };
  }

  /** A track that is silent for ever and costs nothing: its context is closed, which leaves it live. @returns {MediaStreamTrack} */
  silence() {
    if (!this.#silence) {
      const context = new this.window.AudioContext();
      this.#silence = context.createMediaStreamDestination().stream.getAudioTracks()[0] ?? null;
      context.close().catch(() => {});
    }
    if (!this.#silence) throw new DOMException("The webview makes no audio track", "NotSupportedError");
    return this.#silence.clone();
  }

  /**
   * @param {number} peer
   * @param {number} index
   * @param {MediaStreamTrack | null} track
   * @param {SendLimits} limits
   */
  send(peer, index, track, limits) {
    const camera = track && this.tracks.cameraOf(track);
    if (camera !== null) {
      this.#sendFromWorker(peer, index, null, limits, null);
      this.#cameraLines.send(peer, index, camera, limits);
    } else {
      this.#sendFromWorker(peer, index, track, limits, this.#cameraLines.send(peer, index, null, limits));
    }
  }

  /**
   * @param {number} peer
   * @param {number} index
   * @param {MediaStreamTrack | null} track
   * @param {SendLimits} limits
   * @param {Promise<void> | null} free resolves when no camera is sent on that m-line any more
   */
  #sendFromWorker(peer, index, track, limits, free) {
    const key = `${peer}/${index}`;
    const before = this.#sent.get(key);
    if (!track) {
      if (before?.told) this.#post({ t: "stop-sending", peer, index });
      this.#sent.delete(key);
      return;
    }
    if (before?.track === track) {
      const changed = JSON.stringify(before.limits) !== JSON.stringify(limits);
      before.limits = limits;
      if (changed && before.told) this.#post({ t: "limits", peer, index, limits });
      return;
    }
    const sent = { track, limits, told: false };
    this.#sent.set(key, sent);
    const start = () => {
      if (this.#sent.get(key) !== sent) return;
      sent.told = true;
      // the preview keeps its own track: encoding never holds it up
      const copy = (this.tracks.played(track) ?? track).clone();
      copy.enabled = true;
      this.#post({ t: "send", peer, index, track: copy, limits: sent.limits }, [/** @type {any} */ (copy)]);
    };
    // a key frame that came while the engine still sends the camera would be lost
    if (free) free.then(start);
    else start();
  }

  /** @param {number} peer */
  closePeer(peer) {
    for (const key of [...this.#sent.keys()]) if (key.startsWith(`${peer}/`)) this.#sent.delete(key);
    this.#cameraLines.closePeer(peer);
    this.#post({ t: "close-peer", peer });
  }

  /**
   * @param {number | null} peer
   * @returns {Promise<Figures[]>}
   */
  async figures(peer) {
    if (!this.#worker || peer === null) return [];
    const request = ++this.#lastAsked;
    return new Promise((resolve) => {
      this.#asked.set(request, resolve);
      this.#post({ t: "figures", request, peer });
    });
  }
}

/**
 * @param {MediaStreamTrack} track
 * @returns {RemoteSource}
 */
function silentSource(track) {
  return { track, attach() {}, end: () => track.stop() };
}
