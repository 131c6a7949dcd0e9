// One call's media: perfect negotiation over an injected peer connection and an injected `send`.
// No DOM, no IPC; written against the standard web API alone, so that it runs on a native RTCPeerConnection
// and on the polyfill alike. The roles and the collision rules are those of the WebRTC specification,
// section 10.7 "Perfect negotiation".
//
// What goes each way is negotiated once, at the start (see call-media.js). What remains to be negotiated is an ICE restart,
// which the impolite side alone offers.
//
// Signals are JSON: `{"description"}`, `{"candidate"}`, `{"restart": true}`, the polite side's wish for a restart, and
// `{"diagnosis"}` (see call-diagnosis.js).
import { readPath, QualityMeter } from "./call-stats.js";
import { DetailsMeter } from "./call-details.js";
import { OwnMeans, readMeans } from "./call-diagnosis.js";
import { CallMedia } from "./call-media.js";
import { Recovery } from "./recovery.js";
import { Trust } from "./trust.js";

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

/** The longest signal, in characters, and how many may be under way at once: no call comes near, and the other side decides. */
const MAX_SIGNAL = 24 * 1024;
const MAX_UNDER_WAY = 256;

/** How often a connected call reads its statistics, in milliseconds. */
export const STATS_EVERY_MS = 1_000;

/**
 * Events:
 * - `remotestream` what is received (see call-media.js)
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
  /** Signals that came and are not dealt with. */ #underWay = 0;
  #media;

  /** @type {CallState | null} */ #state = null;
  #recovery;
  #trust = new Trust();
  #means;
  /** @type {import("./call-diagnosis.js").Diagnosis} */ #diagnosis = { mine: null, theirs: null };
  /** A restart waits for the round that is under way. */ #restartNext = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #statsTimer;
  #meter = new QualityMeter();
  #details = new DetailsMeter();
  /** What was said last of path, details and quality, as text. @type {Map<string, string>} */
  #said = new Map();

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
    this.#media = new CallMedia(pc, {
      guard: (work) => this.#guard(work),
      received: (what) => this.#dispatch("remotestream", what),
      held: (held) => {
        this.#said.delete("quality");
        this.#dispatch("held", held);
      },
    });
    pc.addEventListener("negotiationneeded", () => this.#guard(this.#negotiate()));
    pc.addEventListener("icecandidate", ({ candidate }) => {
      this.#transmit({ candidate: candidate ? candidate.toJSON() : null });
      this.#examine(candidate);
    });
    pc.addEventListener("signalingstatechange", () => this.#handleSignalingState());
    pc.addEventListener("connectionstatechange", () => this.#handleConnectionState());
  }

  /**
   * Begins. The initiator offers at once; the other side answers when the offer comes.
   * @param {MediaStream} localStream what there is to send already; the rest may follow through `setMicrophone`
   *   and `setCamera`: all of it, where the call is not accepted yet
   */
  start(localStream) {
    this.#media.start(localStream, this.#initiator);
    const early = this.#early ?? [];
    this.#early = null;
    this.#underWay -= early.length;
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
    if (data.length > MAX_SIGNAL || this.#underWay >= MAX_UNDER_WAY) {
      this.#dispatch("error", new Error("a signal was dropped: it is too long, or one too many"));
      return;
    }
    this.#underWay += 1;
    if (this.#early) this.#early.push(data);
    else this.#guard(this.#receive(data).finally(() => (this.#underWay -= 1)));
  }

  /**
   * Mutes and unmutes (boolean), replaces (track) or takes away (null) what the microphone sends.
   * @param {boolean | MediaStreamTrack | null} on
   */
  setMicrophone(on) {
    this.#guard(this.#media.set("audio", on));
  }

  /**
   * Blanks and shows (boolean), replaces (track) or takes away (null) the picture that is sent.
   * @param {boolean | MediaStreamTrack | null} on
   */
  setCamera(on) {
    this.#guard(this.#media.set("video", on));
  }

  /**
   * Puts the call on hold, or takes it back. What is set meanwhile is sent after that.
   * @param {boolean} held
   */
  setHeld(held) {
    // What is measured on hold counts for nothing: afterwards it is news, whatever it is.
    this.#said.delete("quality");
    this.#guard(this.#media.setHeld(held));
  }

  /**
   * How loud the other side is speaking right now, 0 to 1; null where the connection cannot tell.
   * @returns {number | null}
   */
  voiceLevel() {
    return this.#media.voiceLevel();
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
    this.#media.close();
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
    await this.#media.place();
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
    this.#media.announce();
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
    this.#say("path", readPath(report));
    this.#say("details", this.#details.read(report));
    this.#say("quality", this.#meter.read(report));
  }

  /**
   * Tells what changed since it was told last: whatever is told is drawn.
   * @param {"path" | "details" | "quality"} type
   * @param {object | null} now null: not known, and nothing new
   */
  #say(type, now) {
    const text = JSON.stringify(now);
    if (now === null || this.#said.get(type) === text) return;
    this.#said.set(type, text);
    this.#dispatch(type, now);
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
