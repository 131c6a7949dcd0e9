// The page's side of coded media: the worker, its socket, the tracks it makes, and silent stand-ins for native audio.

/** @typedef {import("./environment.d.ts").SendLimits} SendLimits */
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
  /** @type {{id: number, track: MediaStreamTrack}[]} */
  #spare = [];
  /** Tracks asked for and not yet here. */
  #coming = 0;
  /** The worker cannot be loaded. */
  #barren = false;
  /** The worker has spoken: should it die, another may live. */
  #alive = false;
  /** @type {{tracks: number, resolve: () => void}[]} */
  #waiting = [];
  /** What each m-line sends, by `peer/index`. @type {Map<string, {track: MediaStreamTrack, limits: string}>} */
  #sent = new Map();
  /** What of a camera each m-line was last told to send, by `peer/index`. @type {Map<string, string>} */
  #cameras = new Map();
  /** Requests about cameras are carried out in their order. @type {Promise<unknown>} */
  #requests = Promise.resolve();
  /** Receivers whose track is still to be made. @type {((made: {id: number, track: MediaStreamTrack}) => void)[]} */
  #placeHolders = [];
  /** @type {Map<number, (figures: Figures[]) => void>} */
  #asked = new Map();
  #lastAsked = 0;
  /** @type {MediaStreamTrack | null} */
  #silence = null;

  /**
   * @param {Window & typeof globalThis} window
   * @param {import("./engine.js").Engine} engine
   * @param {import("./tracks.js").Tracks} tracks
   */
  constructor(window, engine, tracks) {
    this.window = window;
    this.engine = engine;
    this.tracks = tracks;
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
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    for (const answer of this.#asked.values()) answer([]);
    this.#asked.clear();
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
        if (this.#coming === 0) for (const { resolve } of this.#waiting.splice(0)) resolve();
        return;
      case "figures":
        this.#asked.get(message.request)?.(message.figures);
        this.#asked.delete(message.request);
        return;
      case "camera-ended":
        return this.tracks.endCamera(message.camera);
      case "socket-closed":
        // two pages that take it from each other in turn would both see nothing
        if (!message.replaced) this.#reconnect();
        return;
    }
  }

  /** @param {{id: number, track: MediaStreamTrack}} made */
  #made(made) {
    const waiting = this.#placeHolders.shift();
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
    const missing = tracks - this.#spare.length - this.#coming;
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

  /**
   * A track of a camera's own picture, as long as it lives.
   * @param {number} camera
   * @returns {{track: MediaStreamTrack, end: () => void}}
   */
  preview(camera) {
    this.#start();
    const source = this.#videoSource();
    source.preview(camera);
    return source;
  }

  #videoSource() {
    const spare = this.#spare.shift();
    if (this.#spare.length + this.#coming - this.#placeHolders.length < SPARE_TRACKS) this.#order(1);
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
   * @param {{id: number, track: MediaStreamTrack} | null} first what shows the pictures, if there already
   */
  #shownOn(track, first) {
    let made = first;
    let ended = false;
    /** Which pictures. @type {{t: "receive", peer: number, index: number} | {t: "preview", camera: number} | null} */
    let pictures = null;
    const tell = () => {
      if (made && ended) {
        made.track.stop();
        this.#post({ t: "drop-sink", sink: made.id });
      } else if (made && pictures) {
        this.#post({ ...pictures, sink: made.id });
      }
    };
    return {
      track,
      /** @param {number} peer @param {number} index */
      attach: (peer, index) => {
        if (pictures?.t === "receive" && pictures.peer === peer && pictures.index === index) return;
        pictures = { t: "receive", peer, index };
        tell();
      },
      /** @param {number} camera whose own pictures are shown */
      preview: (camera) => {
        pictures = { t: "preview", camera };
        tell();
      },
      end: () => {
        track.stop();
        ended = true;
        tell();
      },
      /** @param {{id: number, track: MediaStreamTrack}} late */
      show: (late) => {
        made = late;
        tell();
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
    this.#sendCamera(peer, index, camera, limits);
    this.#sendByWorker(peer, index, camera === null ? track : null, limits);
  }

  /**
   * The engine codes what is sent of its cameras.
   * @param {number} peer
   * @param {number} index
   * @param {number | null} camera
   * @param {SendLimits} limits
   */
  #sendCamera(peer, index, camera, limits) {
    const key = `${peer}/${index}`;
    const text = camera === null ? undefined : JSON.stringify({ camera, limits });
    if (this.#cameras.get(key) === text) return;
    if (text === undefined) this.#cameras.delete(key);
    else this.#cameras.set(key, text);
    const ask = () => this.engine.request("sendCamera", { peer, index, camera, limits });
    // a camera or a peer that is gone meanwhile is told of by an event of its own
    this.#requests = this.#requests.then(ask).catch(() => {});
  }

  /**
   * @param {number} peer
   * @param {number} index
   * @param {MediaStreamTrack | null} track
   * @param {SendLimits} limits
   */
  #sendByWorker(peer, index, track, limits) {
    const key = `${peer}/${index}`;
    const before = this.#sent.get(key);
    if (!track) {
      if (before) this.#post({ t: "stop-sending", peer, index });
      this.#sent.delete(key);
      return;
    }
    const text = JSON.stringify(limits);
    if (before?.track === track) {
      if (before.limits !== text) this.#post({ t: "limits", peer, index, limits });
    } else {
      // the preview keeps its own track: encoding never holds it up
      const copy = (this.tracks.played(track) ?? track).clone();
      copy.enabled = true;
      this.#post({ t: "send", peer, index, track: copy, limits }, [/** @type {any} */ (copy)]);
    }
    this.#sent.set(key, { track, limits: text });
  }

  /** @param {number} peer */
  closePeer(peer) {
    for (const told of [this.#sent, this.#cameras]) {
      for (const key of [...told.keys()]) if (key.startsWith(`${peer}/`)) told.delete(key);
    }
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
