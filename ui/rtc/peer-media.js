// Tells the engine and the worker what each m-line of a connection carries. Only changes are told.

import { receives } from "./sdp.js";

/** @typedef {import("./transceiver.js").Transceiver} Transceiver */
/** @typedef {{sender: string, receiver: string}} Told */

/** The engine tells how loud a voice is for 5 s after it was asked to: it is asked again before that, in ms. */
const LISTEN_AGAIN = 4000;

export class PeerMedia {
  /** @type {WeakMap<Transceiver, Told>} */
  #told = new WeakMap();

  /** @param {import("./peer.js").Peer} peer */
  constructor(peer) {
    this.peer = peer;
  }

  /** @param {Transceiver} transceiver */
  sync(transceiver) {
    const { mid, index, kind, sender, receiver } = transceiver;
    const { peer } = this;
    const { handle } = peer.engine;
    if (peer.closed || mid === null || index === null || handle === null) return;
    const told = this.#told.get(transceiver) ?? { sender: "", receiver: "" };
    this.#told.set(transceiver, told);
    const { track } = sender;
    const encoding = sender.parameters.encodings[0];
    // some other audio track must never open the microphone
    const carried = track?.readyState === "live" && (kind === "video" || peer.env.tracks.isMicrophone(track));
    const active = sender.sending && carried;
    const settings = { active, muted: track !== null && !track.enabled, maxBitrate: encoding?.maxBitrate ?? null };
    if (kind === "video") {
      const limits = { maxFramerate: encoding?.maxFramerate, scale: encoding?.scaleResolutionDownBy, ...settings };
      peer.env.media.send(handle, index, active ? track : null, limits);
      if (!transceiver.stopping) receiver.source.attach(handle, index);
    }
    if (active || told.sender !== "") this.#tell(told, "sender", { mid, kind, ...settings });
    if (transceiver.currentDirection !== null || told.receiver !== "") {
      const enabled = receiver.receiving && receiver.track.enabled;
      this.#tell(told, "receiver", { mid, kind, enabled });
    }
  }

  /**
   * @param {Told} told
   * @param {"sender" | "receiver"} op
   * @param {Record<string, unknown>} settings
   */
  #tell(told, op, settings) {
    const text = JSON.stringify(settings);
    if (told[op] === text) return;
    told[op] = text;
    // the engine reports a device it cannot open by an `audio` event
    this.peer.engine.request(op, settings).catch(() => {});
  }

  /** A voice became louder or less loud. @param {{mid: string, level: number}} event */
  handleLevel({ mid, level }) {
    this.peer.transceivers.find((one) => one.mid === mid)?.receiver.level.take(level);
  }

  /** The engine saw media arrive, or stay away. @param {{mid: string, muted: boolean}} event */
  handleMute({ mid, muted }) {
    const transceiver = this.peer.transceivers.find((one) => one.mid === mid);
    if (!transceiver || (!muted && !receives(transceiver.firedDirection))) return;
    transceiver.receiver.setMuted(muted);
  }
}

/** How loud a received voice is: the engine tells, while a page wants to know. */
export class VoiceLevel {
  #asked = -Infinity;
  /** @type {{source: number, timestamp: number, rtpTimestamp: number, audioLevel: number} | null} */
  #last = null;

  /** @param {import("./receiver.js").Receiver} receiver */
  constructor(receiver) {
    this.receiver = receiver;
  }

  /** What is known by now; what changes is told from now on. */
  read() {
    const { peer, kind, mid } = this.receiver.transceiver;
    const now = performance.now();
    if (kind !== "audio" || mid === null || peer.closed || !this.receiver.receiving) return [];
    const ago = now - this.#asked;
    if (ago >= LISTEN_AGAIN) {
      // Nobody looked for a while, so nothing was told.
      if (ago >= 2 * LISTEN_AGAIN) this.#last = null;
      this.#asked = now;
      peer.engine.request("level", { mid }).catch(() => {});
    }
    return this.#last ? [{ ...this.#last }] : [];
  }

  /** @param {number} audioLevel */
  take(audioLevel) {
    if (typeof audioLevel !== "number") return;
    this.#last = { source: 0, timestamp: performance.timeOrigin + performance.now(), rtpTimestamp: 0, audioLevel };
  }
}
