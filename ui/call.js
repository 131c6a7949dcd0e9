// One call's media: perfect negotiation over an injected peer connection and an injected `send`.
// No DOM, no IPC; written against the standard web API alone, so that it runs on a native RTCPeerConnection
// and on the polyfill alike. The roles and the collision rules are those of the WebRTC specification,
// section 10.7 "Perfect negotiation".
import { readPath, QualityMeter } from "./call-stats.js";

/** @typedef {"audio" | "video"} MediaKind */
/** @typedef {"connected" | "disconnected" | "failed"} CallState */
/** @typedef {{ audio: boolean, video: boolean }} Kinds */
/**
 * @typedef {{
 *   createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection,
 *   configuration: RTCConfiguration,
 *   polite: boolean,
 *   initiator: boolean,
 *   send: (data: string) => void | Promise<void>,
 * }} CallOptions
 */

/** @type {readonly MediaKind[]} */
const KINDS = ["audio", "video"];

/** How long a connection may be silent before the impolite side restarts ICE, in milliseconds. */
export const RESTART_AFTER_MS = 2_000;
/** While the connection stays down, ICE is restarted again this often, in milliseconds. */
export const RESTART_AGAIN_MS = 6_000;
/** How often a connected call reads its statistics, in milliseconds. */
export const STATS_EVERY_MS = 1_000;

/**
 * Events:
 * - `remotestream` {@link MediaStream} and which kinds the other side sends: `{stream, audio, video}`
 * - `state` the media `connected`, `disconnected` or `failed`
 * - `path` how the call travels (see call-stats.js)
 * - `quality` how well (see call-stats.js)
 * - `error` an `Error`; the call goes on if it can
 */
export class Call extends EventTarget {
  /** @type {RTCPeerConnection} */ #pc;
  /** @type {CallOptions["send"]} */ #send;
  #polite;
  #initiator;

  #makingOffer = false;
  #ignoreOffer = false;
  #answerPending = false;
  #closed = false;

  /** Signals that came before `start`. @type {string[] | null} */
  #early = [];
  /** The non-initiator's tracks wait for the first offer. */
  #placed = false;
  #local = new MediaStream();
  #remote = new MediaStream();
  /** @type {Record<MediaKind, { track: MediaStreamTrack | null, sending: boolean }>} */
  #outgoing = { audio: { track: null, sending: false }, video: { track: null, sending: false } };

  /** @type {CallState | null} */ #state = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #restartTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #statsTimer;
  #meter = new QualityMeter();
  #announced = "";
  #path = "";

  /** @param {CallOptions} options */
  constructor({ createPeerConnection, configuration, polite, initiator, send }) {
    super();
    this.#polite = polite;
    this.#initiator = initiator;
    this.#send = send;
    const pc = createPeerConnection(configuration);
    this.#pc = pc;
    pc.addEventListener("negotiationneeded", () => this.#guard(this.#negotiate()));
    pc.addEventListener("icecandidate", ({ candidate }) =>
      this.#transmit({ candidate: candidate ? candidate.toJSON() : null }),
    );
    pc.addEventListener("track", ({ track }) => this.#handleTrack(track));
    pc.addEventListener("signalingstatechange", () => this.#announceRemote());
    pc.addEventListener("connectionstatechange", () => this.#handleConnectionState());
  }

  /**
   * Begins. The initiator offers at once; the other side answers when the offer comes.
   * @param {MediaStream} localStream what there is to send already
   * @param {Kinds} [wanted] the kinds to negotiate for sending, when their tracks follow later through
   *   `setMicrophone` and `setCamera`; by default those that `localStream` has
   */
  start(localStream, wanted) {
    this.#local = localStream;
    for (const kind of KINDS) {
      const track = localStream.getTracks().find((candidate) => candidate.kind === kind) ?? null;
      const slot = this.#outgoing[kind];
      slot.track ??= track;
      slot.sending = wanted ? wanted[kind] : slot.track !== null;
    }
    if (this.#initiator) {
      this.#placed = true;
      for (const kind of KINDS) this.#addTransceiver(kind);
    }
    const early = this.#early ?? [];
    this.#early = null;
    for (const data of early) this.handleSignal(data);
  }

  /**
   * A message of the other side's `send`. Never throws: what cannot be used is reported as an `error` event.
   * @param {string} data
   */
  handleSignal(data) {
    if (this.#closed) return;
    if (this.#early) {
      this.#early.push(data);
      return;
    }
    this.#guard(this.#receive(data));
  }

  /**
   * Mutes and unmutes (boolean), replaces (track) or takes away (null) what the microphone sends.
   * @param {boolean | MediaStreamTrack | null} on
   */
  setMicrophone(on) {
    this.#guard(this.#setOutgoing("audio", on));
  }

  /**
   * Blanks and shows (boolean), replaces (track) or takes away (null) the picture that is sent.
   * @param {boolean | MediaStreamTrack | null} on
   */
  setCamera(on) {
    this.#guard(this.#setOutgoing("video", on));
  }

  /**
   * How loud the other side is speaking right now, 0 to 1; null where the connection cannot tell.
   * @returns {number | null}
   */
  voiceLevel() {
    const receiver = this.#transceiver("audio")?.receiver;
    const sources = receiver?.getSynchronizationSources?.() ?? [];
    return sources[0]?.audioLevel ?? null;
  }

  /** Ends the connection. Local tracks are left to whoever made them. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#restartTimer);
    clearInterval(this.#statsTimer);
    this.#pc.close();
  }

  async #negotiate() {
    try {
      this.#makingOffer = true;
      await this.#pc.setLocalDescription();
      this.#transmitDescription();
    } finally {
      this.#makingOffer = false;
    }
  }

  /** @param {string} data */
  async #receive(data) {
    const { description, candidate } = JSON.parse(data);
    if (description) await this.#receiveDescription(description);
    else await this.#receiveCandidate(candidate ?? null);
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #receiveDescription(description) {
    const pc = this.#pc;
    const ready = !this.#makingOffer && (pc.signalingState === "stable" || this.#answerPending);
    const collision = description.type === "offer" && !ready;
    this.#ignoreOffer = !this.#polite && collision;
    if (this.#ignoreOffer) return;

    this.#answerPending = description.type === "answer";
    try {
      await pc.setRemoteDescription(description);
    } finally {
      this.#answerPending = false;
    }
    if (description.type !== "offer") return;
    if (!this.#placed) await this.#placeTracks();
    await pc.setLocalDescription();
    this.#transmitDescription();
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async #receiveCandidate(candidate) {
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#ignoreOffer) throw error;
    }
  }

  /** Puts the waiting tracks on the m-lines that the first offer made, so that its answer carries them. */
  async #placeTracks() {
    this.#placed = true;
    for (const kind of KINDS) {
      const { track, sending } = this.#outgoing[kind];
      const transceiver = this.#transceiver(kind);
      if (!transceiver) {
        if (sending) this.#addTransceiver(kind);
        continue;
      }
      transceiver.direction = sending ? "sendrecv" : "recvonly";
      transceiver.sender.setStreams?.(this.#local);
      if (track) await transceiver.sender.replaceTrack(track);
    }
  }

  /** @param {MediaKind} kind */
  #addTransceiver(kind) {
    const { track, sending } = this.#outgoing[kind];
    this.#pc.addTransceiver(track ?? kind, {
      direction: sending ? "sendrecv" : "recvonly",
      streams: [this.#local],
    });
  }

  /** @param {MediaKind} kind */
  #transceiver(kind) {
    return this.#pc.getTransceivers().find((one) => one.receiver.track.kind === kind);
  }

  /**
   * @param {MediaKind} kind
   * @param {boolean | MediaStreamTrack | null} value
   */
  async #setOutgoing(kind, value) {
    if (this.#closed) return;
    const slot = this.#outgoing[kind];
    if (typeof value === "boolean") {
      if (slot.track) slot.track.enabled = value;
      return;
    }
    slot.track = value;
    slot.sending = value !== null;
    if (!this.#placed) return;
    const transceiver = this.#transceiver(kind);
    if (!transceiver) {
      if (value) this.#addTransceiver(kind);
      return;
    }
    const direction = value ? "sendrecv" : "recvonly";
    if (transceiver.direction !== direction) transceiver.direction = direction;
    await transceiver.sender.replaceTrack(value);
  }

  /** @param {MediaStreamTrack} track */
  #handleTrack(track) {
    if (!this.#remote.getTracks().includes(track)) this.#remote.addTrack(track);
    this.#announceRemote();
  }

  /** Says which kinds the other side sends, as negotiated, whenever that changed. */
  #announceRemote() {
    if (this.#closed || this.#pc.signalingState !== "stable") return;
    const receives = (/** @type {MediaKind} */ kind) =>
      ["sendrecv", "recvonly"].includes(this.#transceiver(kind)?.currentDirection ?? "");
    const detail = { stream: this.#remote, audio: receives("audio"), video: receives("video") };
    const announced = [detail.audio, detail.video, ...this.#remote.getTracks().map((one) => one.id)].join();
    if (announced === this.#announced || this.#remote.getTracks().length === 0) return;
    this.#announced = announced;
    this.#dispatch("remotestream", detail);
  }

  #handleConnectionState() {
    if (this.#closed) return;
    const state = this.#pc.connectionState;
    if (state !== "connected" && state !== "disconnected" && state !== "failed") return;
    if (state === this.#state) return;
    this.#state = state;
    clearTimeout(this.#restartTimer);
    clearInterval(this.#statsTimer);
    if (state === "connected") {
      this.#statsTimer = setInterval(() => this.#guard(this.#readStats()), STATS_EVERY_MS);
      this.#guard(this.#readStats());
    } else if (!this.#polite) {
      if (state === "failed") this.#restart();
      else this.#restartTimer = setTimeout(() => this.#restart(), RESTART_AFTER_MS);
    }
    this.#dispatch("state", state);
  }

  /** Looks for a new path, and again until one is found or the call is closed. */
  #restart() {
    if (this.#pc.signalingState === "stable") this.#pc.restartIce();
    this.#restartTimer = setTimeout(() => this.#restart(), RESTART_AGAIN_MS);
  }

  async #readStats() {
    const report = await this.#pc.getStats();
    if (this.#closed) return;
    const path = readPath(report);
    if (path && JSON.stringify(path) !== this.#path) {
      this.#path = JSON.stringify(path);
      this.#dispatch("path", path);
    }
    const quality = this.#meter.read(report);
    if (quality) this.#dispatch("quality", quality);
  }

  #transmitDescription() {
    const description = this.#pc.localDescription;
    if (description) this.#transmit({ description: { type: description.type, sdp: description.sdp } });
  }

  /** @param {object} signal */
  #transmit(signal) {
    const send = async () => this.#send(JSON.stringify(signal));
    if (!this.#closed) this.#guard(send());
  }

  /** @param {Promise<unknown>} work */
  #guard(work) {
    work.catch((error) => this.#dispatch("error", error));
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  #dispatch(type, detail) {
    if (!this.#closed) this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
