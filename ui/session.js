// What a call holds in this window: camera and microphone, the Call, the streams. Fed with the core's snapshots
// and `peer` events, it acquires, connects and lets go; views draw `view` and call the toggles.
//
//   snapshot: outgoing, or accepted ──> local media        peer start ──> Call ──> state ──> core
//   peer prepare: it rings; the Call is made ready and says nothing before peer start
//   peer start, early: the Call negotiates while it rings; what there is to send waits for peer accepted
//   peer resume: this page took the place of one that was lost; see resumption.js
//   snapshot: ended / none, peer stop ──> everything released, the camera's light goes out
import { Call } from "./call.js";
import { idle, relaysIn } from "./media-view.js";
import { Resumption } from "./resumption.js";

/** @typedef {import("./types.d.ts").CallSnapshot} CallSnapshot */
/** @typedef {import("./types.d.ts").PeerEvent} PeerEvent */
/** @typedef {import("./types.d.ts").MediaState} MediaState */
/** @typedef {import("./media.js").Media} Media */
/** @typedef {import("./media.js").DeviceState} DeviceState */
/** @typedef {import("./media-view.js").MediaView} MediaView */
/**
 * @typedef {{
 *   media: Media,
 *   createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection,
 *   sendSignal: (args: { call: string, data: string }) => Promise<void>,
 *   reportMedia: (args: { call: string, state: MediaState }) => Promise<void>,
 *   resume: (args: { call: string }) => Promise<void>,
 *   keeper: import("./resumption.js").Keeper,
 * }} SessionOptions
 */

/** @typedef {Pick<Extract<PeerEvent, { kind: "start" }>, "polite" | "initiator" | "configuration">} Beginning */

/** Events: `change` after anything in `view` changed; `error` with what went wrong. */
export class Session extends EventTarget {
  #options;
  /** The call that all below belongs to. @type {string | null} */ #id = null;
  /** A call that ended: late events about it change nothing. @type {string | null} */ #over = null;
  /** @type {Call | null} */ #call = null;
  /** @type {Promise<void> | null} */ #acquiring = null;
  /** Devices as the person left them in a page that was lost. @type {import("./resumption.js").Devices | null} */ #kept = null;
  /** Devices as the person left them when the call was put on hold. @type {import("./resumption.js").Devices | null} */ #left = null;
  /** It rings still: nothing is sent. */ #held = false;
  /** The person talks with somebody else: no device is open, and the Call lets nothing through. */ #onHold = false;
  /** Whether this side wants to be seen. */ #wantsCamera = false;
  /** What is shared, while it is. @type {MediaStream | null} */ #screen = null;
  #view = idle();
  /** @type {readonly import("./types.d.ts").IceServer[]} */ #servers = [];
  /** Of the last call: why it could not connect is said when it is over. @type {import("./call-diagnosis.js").Diagnosis | null} */ #diagnosis = null;
  #resumption;
  /** How the peer connection was begun. @type {Beginning | null} */ #beginning = null;

  /** @param {SessionOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.#resumption = new Resumption(options.keeper);
  }

  /** What there is to see and hear, for the views. @returns {MediaView} */
  get view() {
    const preview = this.#screen ?? this.#view.local;
    return { ...this.#view, preview, relays: relaysIn(this.#servers), diagnosis: this.#diagnosis, canShare: this.#options.media.canShareScreen };
  }

  /** The call it is about. @returns {string | null} */
  get id() {
    return this.#id;
  }

  /** @returns {number | null} how loud the other side speaks, 0 to 1 */
  voiceLevel() {
    return this.#call?.voiceLevel() ?? null;
  }

  /**
   * The first snapshot after the page (re)loaded: a call whose peer connection went with the earlier page gets another.
   * @param {CallSnapshot | null} call
   * @param {boolean} [onHold]
   */
  adopt(call, onHold = false) {
    this.handleCall(call, onHold);
    if (!call || this.#call || call.id !== this.#id) return;
    this.#options.resume({ call: call.id }).catch((error) => this.#fail(error));
  }

  /**
   * @param {CallSnapshot | null} call the core's view of the call, after every change
   * @param {boolean} [onHold] whether the person talks with somebody else
   */
  handleCall(call, onHold = false) {
    if (!call || call.phase === "ended") {
      this.#release();
      return;
    }
    if (call.id === this.#over) return;
    if (call.id !== this.#id) this.#begin(call.id);
    this.#hold(onHold);
    const taken = call.direction === "outgoing" || !["inviting", "ringing"].includes(call.phase);
    if (taken) this.#acquire(call.video);
  }

  /** @param {PeerEvent} event */
  handlePeer(event) {
    if (event.call === this.#over) return;
    switch (event.kind) {
      case "prepare":
        if (event.call !== this.#id) this.#begin(event.call);
        this.#prepare(event);
        break;
      case "start":
        if (event.call !== this.#id) this.#begin(event.call);
        this.#connect(event);
        break;
      case "resume":
        if (event.call !== this.#id) this.#begin(event.call);
        this.#resume(event);
        break;
      case "accepted":
        if (event.call === this.#id) this.#letOut(event.video);
        break;
      case "servers":
        if (event.call !== this.#id) break;
        this.#servers = event.configuration.iceServers;
        if (this.#beginning) this.#beginning.configuration = event.configuration;
        this.#call?.setConfiguration(event.configuration);
        break;
      case "network":
        if (event.call === this.#id) this.handleNetworkChange();
        break;
      case "signal":
        if (event.call === this.#id) this.#hear(event.data);
        break;
      case "stop":
        if (event.call === this.#id) this.#release();
        break;
    }
  }

  /** The network of this machine has changed. */
  handleNetworkChange() {
    this.#call?.handleNetworkChange();
  }

  async toggleMicrophone() {
    const id = this.#id;
    const track = this.#view.local?.getAudioTracks()[0];
    if (track) {
      const muted = !this.#view.muted;
      track.enabled = !muted;
      if (!this.#held) this.#call?.setMicrophone(!muted);
      this.#update({ muted });
      return;
    }
    const opened = await this.#options.media.microphone();
    if (this.#id !== id || !this.#view.local) return opened.track?.stop();
    if (opened.track) this.#adoptTrack(opened.track);
    this.#send();
    this.#update({ microphone: opened.state, muted: false });
  }

  async toggleCamera() {
    const id = this.#id;
    const local = this.#view.local;
    if (!local) return;
    if (this.#view.camera === "ok") {
      this.#wantsCamera = false;
      this.#dropCamera(local);
      this.#send();
      this.#update({ camera: "off" });
      return;
    }
    this.#wantsCamera = true;
    const opened = await this.#options.media.camera();
    const late = this.#id !== id || this.#view.local !== local || !this.#wantsCamera || local.getVideoTracks().length > 0;
    if (late) return opened.track?.stop();
    if (opened.track) {
      this.#adoptTrack(opened.track);
      this.#send();
    }
    this.#update({ camera: opened.state });
  }

  async toggleScreen() {
    const id = this.#id;
    if (this.#screen) {
      this.#stopSharing();
      return;
    }
    try {
      const track = await this.#options.media.screen();
      if (!track) return;
      if (this.#id !== id || !this.#call || this.#held || this.#onHold || this.#screen) return track.stop();
      const screen = new MediaStream([track]);
      this.#screen = screen;
      track.addEventListener("ended", () => this.#screen === screen && this.#stopSharing());
      this.#send();
      this.#update({ sharing: true, shareFailed: false });
    } catch {
      if (this.#id === id) this.#update({ shareFailed: true });
    }
  }

  #stopSharing() {
    this.#dropScreen();
    this.#send();
    this.#update({ sharing: false });
  }

  /** @param {boolean} on */
  #hold(on) {
    if (on === this.#onHold) return;
    this.#onHold = on;
    this.#call?.setHeld(on);
    if (!on) return;
    this.#left = this.#view.local ? { muted: this.#view.muted, camera: this.#wantsCamera } : null;
    this.#dropScreen();
    for (const track of this.#view.local?.getTracks() ?? []) track.stop();
    this.#acquiring = null;
    this.#update({ local: null, sharing: false, quality: null });
  }

  /** @param {string} id */
  #begin(id) {
    this.#release();
    this.#id = id;
    this.#over = null;
    // Now, while it rings: the first look at the store waits for another process.
    this.#kept = this.#resumption.kept(id);
  }

  #release() {
    if (this.#id === null) return;
    this.#over = this.#id;
    this.#id = null;
    this.#drop();
    this.#beginning = null;
    this.#resumption.end(this.#over);
    this.#dropScreen();
    for (const track of this.#view.local?.getTracks() ?? []) track.stop();
    this.#acquiring = null;
    this.#held = false;
    this.#onHold = false;
    this.#left = null;
    this.#view = idle();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {boolean} video */
  #acquire(video) {
    if (!this.#onHold) this.#acquiring ??= this.#open(video);
  }

  /**
   * Opens the devices, each for itself: a voice does not wait for a camera.
   * @param {boolean} video
   */
  async #open(video) {
    const id = this.#id;
    const kept = this.#left ?? this.#kept;
    this.#wantsCamera = kept?.camera ?? video;
    // before any device is open: a camera may be there first, and what is kept for another page then is the whole of it
    const muted = kept?.muted ?? false;
    this.#view.muted = muted;
    const local = new MediaStream();
    const isFor = () => this.#id === id && !this.#onHold && (this.#view.local ?? local) === local;
    const { media } = this.#options;
    const openMicrophone = async () => {
      const { track, state } = await media.microphone();
      if (!isFor()) return track?.stop();
      if (track) {
        track.enabled = !muted;
        local.addTrack(track);
        this.#watch(track);
      }
      this.#update({ local, microphone: state, muted });
      this.#send();
    };
    const openCamera = async () => {
      const { track, state } = await media.camera();
      if (!isFor() || !this.#wantsCamera || local.getVideoTracks().length > 0) return track?.stop();
      if (track) {
        local.addTrack(track);
        this.#watch(track);
      }
      this.#update({ local, camera: state });
      this.#send();
    };
    await Promise.all([openMicrophone(), this.#wantsCamera && openCamera()]);
  }

  /** Gives the call what is to be sent now: nothing while it rings, the screen before the camera. */
  #send() {
    if (this.#held || !this.#call || !this.#view.local) return;
    const [microphone = null] = this.#view.local.getAudioTracks();
    const [camera = null] = (this.#screen ?? this.#view.local).getVideoTracks();
    this.#call.setMicrophone(microphone);
    this.#call.setCamera(camera);
  }

  /** The call that was started early was accepted. @param {boolean} video */
  #letOut(video) {
    this.#held = false;
    this.#send();
    this.#acquire(video);
  }

  /** @param {Extract<PeerEvent, { kind: "prepare" }>} event */
  #prepare({ polite, initiator, configuration }) {
    this.#held = true;
    this.#place({ polite, initiator, configuration }, true);
  }

  /** @param {Extract<PeerEvent, { kind: "start" }>} event */
  #connect({ polite, initiator, video, early, configuration }) {
    const beginning = { polite, initiator, configuration };
    this.#held = early;
    if (this.#call && JSON.stringify(this.#beginning) === JSON.stringify(beginning)) {
      this.#call.proceed();
      this.#send();
    } else {
      this.#place(beginning);
    }
    if (!early) this.#acquire(video);
  }

  /** The other page has to hear first that this is another one. @param {Extract<PeerEvent, { kind: "resume" }>} event */
  #resume({ call, polite, video, early, configuration }) {
    this.#drop();
    this.#held = early;
    this.#diagnosis = null;
    this.#servers = configuration.iceServers;
    this.#beginning = { polite, initiator: false, configuration };
    this.#options.sendSignal({ call, data: this.#resumption.ask() }).catch((error) => this.#fail(error));
    if (!early) this.#acquire(video);
  }

  /** @param {string} data a signal of the other page */
  #hear(data) {
    const heard = this.#resumption.hear(data);
    if (heard.kind === "signal") this.#call?.handleSignal(data);
    if (heard.kind === "signal" || heard.kind === "stale" || !this.#id || !this.#beginning) return;
    const call = this.#id;
    if (heard.kind === "resume") {
      const { sendSignal, reportMedia } = this.#options;
      sendSignal({ call, data: heard.answer }).catch((error) => this.#fail(error));
      reportMedia({ call, state: "disconnected" }).catch((error) => this.#fail(error));
    }
    this.#place({ ...this.#beginning, initiator: heard.kind === "resume" });
  }

  /**
   * Makes the peer connection; one that was there goes.
   * @param {Beginning} beginning
   * @param {boolean} [ready] as in {@link Call}
   */
  #place(beginning, ready = false) {
    this.#drop();
    this.#beginning = beginning;
    const { polite, initiator, configuration } = beginning;
    this.#servers = configuration.iceServers;
    const { createPeerConnection, sendSignal, reportMedia } = this.#options;
    const id = /** @type {string} */ (this.#id);
    const call = new Call({
      createPeerConnection,
      configuration,
      polite,
      initiator,
      send: (data) => sendSignal({ call: id, data }),
      ready,
    });
    this.#call = call;
    call.setHeld(this.#onHold);
    if (this.#view.held) this.#update({ held: false });
    /**
     * @param {string} type
     * @param {(detail: any) => void} handler
     */
    const on = (type, handler) =>
      call.addEventListener(type, (event) => {
        if (this.#call === call) handler(/** @type {CustomEvent} */ (event).detail);
      });
    on("state", (state) => reportMedia({ call: id, state }).catch((error) => this.#fail(error)));
    on("remotestream", ({ stream, audio, video: shown }) =>
      this.#update({ remote: stream, remoteVideo: shown, remoteMuted: !audio }),
    );
    on("path", (path) => this.#update({ path }));
    on("details", (details) => this.#update({ details }));
    // Of a call on hold there is nothing to measure.
    on("quality", (quality) => this.#update({ quality: this.#onHold || this.#view.held ? null : quality }));
    on("diagnosis", (diagnosis) => {
      this.#diagnosis = diagnosis;
      this.#update({});
    });
    on("held", (held) => this.#update({ held }));
    on("error", (error) => this.#fail(error));

    // While the devices are still opening, or it rings, the negotiation goes ahead; the tracks follow.
    call.start((!this.#held && this.#view.local) || new MediaStream());
    if (this.#screen) this.#send();
  }

  #drop() {
    this.#call?.close();
    this.#call = null;
  }

  /** @param {MediaStreamTrack} track */
  #adoptTrack(track) {
    this.#view.local?.addTrack(track);
    this.#watch(track);
  }

  /** A device that is pulled out ends its track. @param {MediaStreamTrack} track */
  #watch(track) {
    track.addEventListener("ended", () => {
      const local = this.#view.local;
      if (!local?.getTracks().includes(track)) return;
      local.removeTrack(track);
      if (track.kind === "audio") {
        this.#update({ microphone: "none" });
      } else {
        this.#update({ camera: "none" });
      }
      this.#send();
    });
  }

  #dropScreen() {
    for (const track of this.#screen?.getTracks() ?? []) track.stop();
    this.#screen = null;
  }

  /** @param {MediaStream} local */
  #dropCamera(local) {
    for (const track of local.getVideoTracks()) {
      local.removeTrack(track);
      track.stop();
    }
  }

  /** @param {Partial<MediaView>} changes */
  #update(changes) {
    Object.assign(this.#view, changes);
    if (this.#id && ("muted" in changes || "camera" in changes)) {
      this.#kept = { muted: this.#view.muted, camera: this.#wantsCamera };
      this.#resumption.keep(this.#id, this.#kept);
    }
    this.dispatchEvent(new Event("change"));
  }

  /** @param {unknown} error */
  #fail(error) {
    this.dispatchEvent(new CustomEvent("error", { detail: error }));
  }
}
