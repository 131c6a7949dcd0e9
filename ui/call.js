// One call's media: perfect negotiation over an injected peer connection and an injected `send`.
// No DOM, no IPC; written against the standard web API alone, so that it runs on a native RTCPeerConnection
// and on the polyfill alike. The roles and the collision rules are those of the WebRTC specification,
// section 10.7 "Perfect negotiation".
//
// Voice and picture are negotiated both ways once, at the start, whatever is sent at first. Microphone, camera and
// screen then come and go by `replaceTrack`, and the data channel "state" says which of them are on: no toggle needs
// another round, so toggles cannot collide. (A rollback in an established call freezes the received picture in
// Chromium 156; what remains to be negotiated is an ICE restart, which the impolite side alone offers.)
//
// Signals are JSON: `{"description"}`, `{"candidate"}`, `{"restart": true}`, the polite side's wish for a restart, and
// `{"diagnosis"}` (see call-diagnosis.js).
import { readPath, QualityMeter } from "./call-stats.js";
import { DetailsMeter } from "./call-details.js";
import { OwnMeans, readMeans } from "./call-diagnosis.js";
import { Recovery } from "./recovery.js";
import { Trust } from "./trust.js";

/** @typedef {"audio" | "video"} MediaKind */
/** @typedef {"connected" | "disconnected" | "failed" | "untrusted"} CallState */
/**
 * @typedef {{
 *   createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection,
 *   configuration: RTCConfiguration,
 *   polite: boolean,
 *   initiator: boolean,
 *   send: (data: string) => void | Promise<void>,
 *   ready?: boolean,
 * }} CallOptions `ready`: the call may be answered soon; gathers already, and sends nothing before `proceed`
 */

/** @type {readonly MediaKind[]} */
const KINDS = ["audio", "video"];

/**
 * The label of the data channel that says what each side sends: JSON `{"audio": boolean, "video": boolean, "held": boolean}`.
 * `held`: whoever says so talks with somebody else meanwhile. Nothing goes either way then, and nothing is played.
 */
const STATE_CHANNEL = "state";

/** How often a connected call reads its statistics, in milliseconds. */
export const STATS_EVERY_MS = 1_000;

/**
 * Events:
 * - `remotestream` a {@link MediaStream} and whether the other side's microphone and picture are on:
 *   `{stream, audio, video}`
 * - `state` the media `connected`, `disconnected` or `failed`; `untrusted`: somebody else answered, and that is final
 * - `path` how the call travels (see call-stats.js)
 * - `details` what is behind it, every second (see call-details.js)
 * - `quality` how well (see call-stats.js)
 * - `diagnosis` what both sides have to connect with (see call-diagnosis.js)
 * - `held` whether the other side has put this call on hold
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

  /** What waits for `proceed`. @type {Record<string, unknown>[] | null} */
  #withheld;
  /** Signals that came before `start`. @type {string[] | null} */
  #early = [];
  /** The non-initiator's tracks wait for the first offer. */
  #placed = false;
  #local = new MediaStream();
  #remote = new MediaStream();
  /** What is to be sent. @type {Record<MediaKind, MediaStreamTrack | null>} */
  #outgoing = { audio: null, video: null };
  /** @type {RTCDataChannel | null} */ #channel = null;
  /** What the other side said it sends; until then, what was negotiated counts. @type {Record<MediaKind, boolean>} */
  #told = { audio: true, video: true };

  /** This side has put the call on hold. */ #held = false;
  /** The other side has. */ #heldThere = false;

  /** @type {CallState | null} */ #state = null;
  #recovery;
  #trust = new Trust();
  #means;
  /** @type {import("./call-diagnosis.js").Diagnosis} */ #diagnosis = { mine: null, theirs: null };
  /** A restart waits for the round that is under way. */ #restartNext = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #statsTimer;
  #meter = new QualityMeter();
  #details = new DetailsMeter();
  #announced = "";
  #path = "";

  /** @param {CallOptions} options */
  constructor({ createPeerConnection, configuration, polite, initiator, send, ready = false }) {
    super();
    this.#polite = polite;
    this.#initiator = initiator;
    this.#send = send;
    this.#withheld = ready ? [] : null;
    this.#recovery = new Recovery({
      polite,
      restart: (urgent) => this.#restart(urgent),
      ask: () => this.#transmit({ restart: true }),
    });
    this.#means = new OwnMeans(configuration);
    const pc = createPeerConnection(ready ? { ...configuration, iceCandidatePoolSize: 1 } : configuration);
    this.#pc = pc;
    pc.addEventListener("negotiationneeded", () => this.#guard(this.#negotiate()));
    pc.addEventListener("icecandidate", ({ candidate }) => {
      this.#transmit({ candidate: candidate ? candidate.toJSON() : null });
      this.#examine(candidate);
    });
    pc.addEventListener("track", ({ track }) => this.#handleTrack(track));
    pc.addEventListener("datachannel", ({ channel }) => this.#adopt(channel));
    pc.addEventListener("signalingstatechange", () => this.#handleSignalingState());
    pc.addEventListener("connectionstatechange", () => this.#handleConnectionState());
  }

  /**
   * Begins. The initiator offers at once; the other side answers when the offer comes.
   * @param {MediaStream} localStream what there is to send already; the rest may follow through `setMicrophone`
   *   and `setCamera`: all of it, where the call is not accepted yet
   */
  start(localStream) {
    this.#local = localStream;
    for (const track of localStream.getTracks()) {
      if (track.kind === "audio" || track.kind === "video") this.#outgoing[track.kind] ??= track;
    }
    if (this.#initiator) {
      this.#placed = true;
      for (const kind of KINDS) this.#addTransceiver(kind);
      this.#adopt(this.#pc.createDataChannel(STATE_CHANNEL));
    }
    const early = this.#early ?? [];
    this.#early = null;
    for (const data of early) this.handleSignal(data);
  }

  /** The call was answered: the other side may hear of what was made ready, all of it at once. */
  proceed() {
    const withheld = this.#withheld ?? [];
    this.#withheld = null;
    for (const signal of withheld) {
      // The description has come to hold them.
      if (signal.candidate) continue;
      if (signal.description) this.#transmitDescription();
      else this.#transmit(signal);
    }
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
   * Puts the call on hold, or takes it back. What is set meanwhile is sent after that.
   * @param {boolean} held
   */
  setHeld(held) {
    if (this.#closed || held === this.#held) return;
    this.#held = held;
    for (const { receiver } of this.#pc.getTransceivers()) receiver.track.enabled = !held;
    this.#guard(this.#change());
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

  /** The network of this machine has changed: looks for a path, at once if there is none. */
  handleNetworkChange() {
    if (!this.#closed && this.#state !== null) this.#recovery.handleChange();
  }

  /**
   * New servers or credentials: used from the next restart on, which is now if the connection is lost.
   * @param {RTCConfiguration} configuration
   */
  setConfiguration(configuration) {
    if (this.#closed) return;
    try {
      this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), ...configuration });
    } catch (error) {
      this.#dispatch("error", error);
      return;
    }
    if (this.#recovery.down) this.#recovery.handleServers();
  }

  /** Ends the connection. Local tracks are left to whoever made them. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#recovery.close();
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
    const { description, candidate, restart, diagnosis } = JSON.parse(data);
    if (description) await this.#receiveDescription(description);
    else if (diagnosis) this.#diagnose({ theirs: readMeans(diagnosis) });
    else if (restart === true) this.#recovery.handleAsked();
    else await this.#receiveCandidate(candidate ?? null);
  }

  /** @param {RTCIceCandidate | null} candidate of one's own; an empty one only ends a generation */
  #examine(candidate) {
    if (candidate?.candidate === "") return;
    const mine = this.#means.take(candidate);
    if (!mine) return;
    this.#transmit({ diagnosis: mine });
    this.#diagnose({ mine });
  }

  /** @param {Partial<import("./call-diagnosis.js").Diagnosis>} known */
  #diagnose(known) {
    this.#diagnosis = { ...this.#diagnosis, ...known };
    this.#dispatch("diagnosis", this.#diagnosis);
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
      const transceiver = this.#transceiver(kind);
      if (transceiver) {
        transceiver.direction = "sendrecv";
        transceiver.sender.setStreams?.(this.#local);
        await transceiver.sender.replaceTrack(this.#sent(kind));
      } else {
        this.#addTransceiver(kind);
      }
    }
  }

  /** @param {MediaKind} kind */
  #addTransceiver(kind) {
    this.#pc.addTransceiver(this.#sent(kind) ?? kind, { direction: "sendrecv", streams: [this.#local] });
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
    if (typeof value === "boolean") {
      const track = this.#outgoing[kind];
      if (track) track.enabled = value;
    } else if (value !== this.#outgoing[kind]) {
      this.#outgoing[kind] = value;
      if (this.#placed) await this.#transceiver(kind)?.sender.replaceTrack(this.#sent(kind));
    }
    this.#tell();
  }

  /** What goes out now: nothing while either side holds. @param {MediaKind} kind */
  #sent(kind) {
    return this.#held || this.#heldThere ? null : this.#outgoing[kind];
  }

  /** Either side holds, or does so no more. The word is out before the last picture and after the first. */
  async #change() {
    if (this.#held) this.#tell();
    if (this.#placed) {
      await Promise.all(KINDS.map((kind) => this.#transceiver(kind)?.sender.replaceTrack(this.#sent(kind))));
    }
    if (!this.#closed) this.#tell();
  }

  /** @param {RTCDataChannel} channel */
  #adopt(channel) {
    if (channel.label !== STATE_CHANNEL) return;
    this.#channel = channel;
    channel.addEventListener("open", () => this.#tell());
    channel.addEventListener("message", ({ data }) => this.#guard(this.#hear(data)));
    this.#tell();
  }

  /** Says what is sent from here, as soon as there is a way to. */
  #tell() {
    if (this.#channel?.readyState !== "open") return;
    const on = (/** @type {MediaKind} */ kind) => Boolean(this.#sent(kind)?.enabled);
    this.#channel.send(JSON.stringify({ audio: on("audio"), video: on("video"), held: this.#held }));
  }

  /** @param {string} data */
  async #hear(data) {
    const { audio, video, held } = JSON.parse(data);
    this.#told = { audio: audio === true, video: video === true };
    this.#announceRemote();
    if ((held === true) === this.#heldThere) return;
    this.#heldThere = held === true;
    this.#dispatch("held", this.#heldThere);
    await this.#change();
  }

  /** @param {MediaStreamTrack} track */
  #handleTrack(track) {
    track.enabled = !this.#held;
    if (!this.#remote.getTracks().includes(track)) this.#remote.addTrack(track);
    this.#announceRemote();
  }

  /** Says what the other side sends, whenever that changed. */
  #announceRemote() {
    if (this.#closed || this.#pc.signalingState !== "stable") return;
    const receives = (/** @type {MediaKind} */ kind) =>
      this.#told[kind] && ["sendrecv", "recvonly"].includes(this.#transceiver(kind)?.currentDirection ?? "");
    const detail = { stream: this.#remote, audio: receives("audio"), video: receives("video") };
    const announced = [detail.audio, detail.video, ...this.#remote.getTracks().map((one) => one.id)].join();
    if (announced === this.#announced || this.#remote.getTracks().length === 0) return;
    this.#announced = announced;
    this.#dispatch("remotestream", detail);
  }

  #handleConnectionState() {
    if (this.#closed) return;
    const now = this.#pc.connectionState;
    if (now !== "connected" && now !== "disconnected" && now !== "failed") return;
    const state = now === "failed" && this.#trust.isBroken(this.#pc) ? "untrusted" : now;
    if (state === this.#state || this.#state === "untrusted") return;
    this.#state = state;
    clearInterval(this.#statsTimer);
    if (state === "connected") {
      this.#statsTimer = setInterval(() => this.#guard(this.#readStats()), STATS_EVERY_MS);
      this.#guard(this.#readStats());
    }
    if (state === "untrusted") this.#recovery.close();
    else this.#recovery.handleState(state);
    this.#dispatch("state", state);
  }

  #handleSignalingState() {
    this.#trust.watch(this.#pc);
    this.#announceRemote();
    if (this.#restartNext && this.#pc.signalingState === "stable") this.#restart(false);
  }

  /** Looks for a new path. @param {boolean} urgent as in {@link Recovery} */
  #restart(urgent) {
    const free = this.#pc.signalingState === "stable";
    this.#restartNext = urgent && !free;
    if (free) this.#pc.restartIce();
  }

  async #readStats() {
    const report = await this.#pc.getStats();
    if (this.#closed) return;
    const path = readPath(report);
    if (path && JSON.stringify(path) !== this.#path) {
      this.#path = JSON.stringify(path);
      this.#dispatch("path", path);
    }
    const details = this.#details.read(report);
    if (details) this.#dispatch("details", details);
    const quality = this.#meter.read(report);
    if (quality) this.#dispatch("quality", quality);
  }

  #transmitDescription() {
    const description = this.#pc.localDescription;
    if (description) this.#transmit({ description: { type: description.type, sdp: description.sdp } });
  }

  /** @param {Record<string, unknown>} signal */
  #transmit(signal) {
    if (this.#withheld) {
      this.#withheld.push(signal);
      return;
    }
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
