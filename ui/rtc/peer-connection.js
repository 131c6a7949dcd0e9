// RTCPeerConnection as pages see it: arguments are read and checked here, the work is the peer's.
// https://www.w3.org/TR/webrtc/#rtcpeerconnection-interface

import { readChannelInit } from "./channel.js";
import { checkChange, copyConfiguration, readConfiguration } from "./configuration.js";
import { RTCIceCandidate, RTCSessionDescription, SDP_TYPES } from "./description.js";
import { invalidAccess, invalidState } from "./errors.js";
import { dictionary, enumeration, finish, integer, needArguments } from "./idl.js";
import { readSendEncodings } from "./parameters.js";
import { Peer } from "./peer.js";
import { directionOf, receives, sends } from "./sdp.js";
import { transceiverOf } from "./sender.js";
import { readDirection, RTCRtpSender, Transceiver } from "./transceiver.js";

/** @typedef {import("./peer.js").SetDescription} SetDescription */

const EVENTS = [
  "negotiationneeded",
  "icecandidate",
  "icecandidateerror",
  "signalingstatechange",
  "iceconnectionstatechange",
  "icegatheringstatechange",
  "connectionstatechange",
  "track",
  "datachannel",
];

/** What was given out for each description: the same object until a candidate joins it. @type {WeakMap<SetDescription, RTCSessionDescription>} */
const given = new WeakMap();

/** @param {SetDescription | null} description */
function shown(description) {
  if (!description) return null;
  const { type, sdp } = description;
  let object = given.get(description);
  if (object?.sdp !== sdp) given.set(description, (object = new RTCSessionDescription({ type, sdp })));
  return object;
}

/**
 * @param {import("./environment.d.ts").Environment} env
 */
export function definePeerConnection(env) {
  class RTCPeerConnection extends EventTarget {
    #peer;

    constructor(configuration = {}) {
      super();
      this.#peer = new Peer(env, this, readConfiguration(configuration));
      // the page will negotiate: the worker and its socket get ready meanwhile
      env.media.ready(0).catch(() => {});
    }

    get localDescription() {
      return shown(this.#peer.localDescription);
    }
    get currentLocalDescription() {
      return shown(this.#peer.currentLocal);
    }
    get pendingLocalDescription() {
      return shown(this.#peer.pendingLocal);
    }
    get remoteDescription() {
      return shown(this.#peer.remoteDescription);
    }
    get currentRemoteDescription() {
      return shown(this.#peer.currentRemote);
    }
    get pendingRemoteDescription() {
      return shown(this.#peer.pendingRemote);
    }
    get signalingState() {
      return this.#peer.signalingState;
    }
    get iceGatheringState() {
      return this.#peer.iceGatheringState;
    }
    get iceConnectionState() {
      return this.#peer.iceConnectionState;
    }
    get connectionState() {
      return this.#peer.connectionState;
    }
    /** @returns {boolean | null} */
    get canTrickleIceCandidates() {
      const remote = this.#peer.remoteDescription;
      return remote && /^a=ice-options:(?:.* )?trickle(?: |\r|$)/m.test(remote.sdp);
    }
    get sctp() {
      return this.#peer.sctp?.facade ?? null;
    }

    async createOffer(options = {}) {
      const peer = this.#peer;
      const raw = dictionary(options, "RTCOfferOptions");
      if (peer.closed) throw invalidState("The connection is closed");
      for (const [kind, wanted] of /** @type {const} */ ([
        ["audio", raw.offerToReceiveAudio],
        ["video", raw.offerToReceiveVideo],
      ])) {
        if (wanted !== undefined) this.#offerToReceive(kind, Boolean(wanted));
      }
      return peer.chain(async () => {
        if (!["stable", "have-local-offer"].includes(peer.signalingState)) {
          throw invalidState(`An offer cannot be made in the state ${peer.signalingState}`);
        }
        return { type: "offer", sdp: await peer.makeOffer({ iceRestart: Boolean(raw.iceRestart) }) };
      });
    }

    /**
     * https://www.w3.org/TR/webrtc/#legacy-configuration-extensions
     * @param {"audio" | "video"} kind
     * @param {boolean} wanted
     */
    #offerToReceive(kind, wanted) {
      const mine = this.#peer.transceivers.filter((one) => one.kind === kind && !one.stopping);
      if (!wanted) {
        for (const one of mine) one.direction = directionOf(sends(one.direction), false);
      } else if (!mine.some((one) => receives(one.direction))) {
        this.#add(kind, { direction: "recvonly", encodings: readSendEncodings(undefined, kind) });
      }
    }

    async createAnswer(options = {}) {
      const peer = this.#peer;
      dictionary(options, "RTCAnswerOptions");
      return peer.chain(async () => {
        if (!["have-remote-offer", "have-local-pranswer"].includes(peer.signalingState)) {
          throw invalidState(`An answer cannot be made in the state ${peer.signalingState}`);
        }
        return { type: "answer", sdp: await peer.makeAnswer() };
      });
    }

    async setLocalDescription(description = {}) {
      const raw = dictionary(description, "RTCLocalSessionDescriptionInit");
      const sdp = raw.sdp === undefined ? "" : String(raw.sdp);
      if (raw.type === undefined) await this.#peer.setLocal({ sdp });
      else await this.#peer.setLocal({ type: enumeration(raw.type, SDP_TYPES, "RTCSdpType"), sdp });
    }

    /** @param {RTCSessionDescriptionInit} description */
    async setRemoteDescription(description) {
      needArguments(arguments.length, 1);
      const raw = dictionary(description, "RTCSessionDescriptionInit");
      const sdp = raw.sdp === undefined ? "" : String(raw.sdp);
      await this.#peer.setRemote({ type: enumeration(raw.type, SDP_TYPES, "RTCSdpType"), sdp });
    }

    /** @param {RTCIceCandidateInit | RTCIceCandidate | null} [candidate] */
    async addIceCandidate(candidate = {}) {
      const raw = dictionary(candidate, "RTCIceCandidateInit");
      const init = {
        candidate: raw.candidate === undefined ? "" : String(raw.candidate),
        sdpMid: raw.sdpMid === undefined || raw.sdpMid === null ? null : String(raw.sdpMid),
        sdpMLineIndex:
          raw.sdpMLineIndex === undefined || raw.sdpMLineIndex === null
            ? null
            : integer(raw.sdpMLineIndex, 65535, "sdpMLineIndex"),
        usernameFragment:
          raw.usernameFragment === undefined || raw.usernameFragment === null ? null : String(raw.usernameFragment),
      };
      if (init.candidate !== "" && init.sdpMid === null && init.sdpMLineIndex === null) {
        throw new TypeError("A candidate needs sdpMid or sdpMLineIndex");
      }
      await this.#peer.chain(() => this.#peer.addCandidate(init));
    }

    restartIce() {
      if (!this.#peer.closed) this.#peer.negotiation.restartIce();
    }

    getConfiguration() {
      return copyConfiguration(this.#peer.configuration);
    }

    setConfiguration(configuration = {}) {
      if (this.#peer.closed) throw invalidState("The connection is closed");
      const next = readConfiguration(configuration);
      checkChange(this.#peer.configuration, next, this.#peer.localDescription !== null);
      this.#peer.configuration = next;
      this.#peer.engine.reconfigure();
    }

    close() {
      this.#peer.close();
    }

    getSenders() {
      return this.#live().map((one) => one.sender.facade);
    }
    getReceivers() {
      return this.#live().map((one) => one.receiver.facade);
    }
    getTransceivers() {
      return this.#peer.transceivers.map((one) => one.facade);
    }
    #live() {
      return this.#peer.transceivers.filter((one) => !one.stopped);
    }

    /**
     * @param {MediaStreamTrack} track
     * @param {...MediaStream} streams
     */
    addTrack(track, ...streams) {
      needArguments(arguments.length, 1);
      const peer = this.#peer;
      if (!env.tracks.isTrack(track)) throw new TypeError("addTrack() takes a MediaStreamTrack");
      const streamIds = env.tracks.streamIds(streams);
      if (peer.closed) throw invalidState("The connection is closed");
      if (this.#live().some((one) => one.sender.track === track)) throw invalidAccess("The track is being sent already");
      const kind = /** @type {"audio" | "video"} */ (track.kind);
      const free = peer.transceivers.find(
        (one) => one.kind === kind && !one.stopping && one.sender.track === null && !one.hasSent,
      );
      if (!free) {
        const encodings = readSendEncodings(undefined, kind);
        return this.#add(kind, { direction: "sendrecv", track, streamIds, encodings, byAddTrack: true }).sender.facade;
      }
      free.byAddTrack = true;
      free.sender.streamIds = streamIds;
      free.direction = directionOf(true, receives(free.direction));
      free.sender.setTrack(track);
      peer.negotiation.updateFlag();
      return free.sender.facade;
    }

    /**
     * @param {"audio" | "video"} kind
     * @param {ConstructorParameters<typeof Transceiver>[2]} init
     */
    #add(kind, init) {
      const transceiver = new Transceiver(this.#peer, kind, init);
      this.#peer.transceivers.push(transceiver);
      this.#peer.negotiation.updateFlag();
      return transceiver;
    }

    /** @param {RTCRtpSender} sender */
    removeTrack(sender) {
      needArguments(arguments.length, 1);
      const peer = this.#peer;
      if (!(sender instanceof RTCRtpSender)) throw new TypeError("removeTrack() takes an RTCRtpSender");
      if (peer.closed) throw invalidState("The connection is closed");
      const owner = transceiverOf(sender);
      if (owner?.peer !== peer) throw invalidAccess("The sender belongs to another connection");
      if (owner.stopping || !peer.transceivers.includes(owner) || owner.sender.track === null) return;
      owner.sender.setTrack(null);
      owner.direction = directionOf(false, receives(owner.direction));
      peer.negotiation.updateFlag();
    }

    /**
     * @param {MediaStreamTrack | "audio" | "video"} trackOrKind
     * @param {{direction?: string, streams?: MediaStream[], sendEncodings?: object[]}} [init]
     */
    addTransceiver(trackOrKind, init = {}) {
      needArguments(arguments.length, 1);
      const raw = dictionary(init, "RTCRtpTransceiverInit");
      const direction = readDirection(raw.direction);
      const track = env.tracks.isTrack(trackOrKind) ? trackOrKind : null;
      const kind = enumeration(track ? track.kind : trackOrKind, ["audio", "video"], "the kind of a transceiver");
      const encodings = readSendEncodings(raw.sendEncodings, kind);
      const streamIds = env.tracks.streamIds(raw.streams ?? []);
      if (this.#peer.closed) throw invalidState("The connection is closed");
      return this.#add(kind, { direction, track, streamIds, encodings }).facade;
    }

    /**
     * @param {string} label
     * @param {object} [options]
     */
    createDataChannel(label, options = {}) {
      needArguments(arguments.length, 1);
      const init = readChannelInit(`${label}`, options);
      return this.#peer.channels.create(init).facade;
    }

    /** @param {MediaStreamTrack | null} [selector] */
    async getStats(selector = null) {
      if (selector !== null && !env.tracks.isTrack(selector)) throw new TypeError("getStats() takes a MediaStreamTrack");
      return this.#peer.stats(selector);
    }

    /** @param {unknown} _algorithm */
    static async generateCertificate(_algorithm) {
      needArguments(arguments.length, 1);
      throw new DOMException("The engine makes its own certificate", "NotSupportedError");
    }
  }
  finish(RTCPeerConnection, EVENTS);
  return RTCPeerConnection;
}
