// What is behind one RTCPeerConnection: its slots, its transceivers and channels, its part of the engine.

import { RTCIceCandidate } from "./description.js";
import { setLocal, setRemote } from "./descriptions.js";
import { EnginePeer } from "./engine.js";
import { invalidAccess, invalidState, operation } from "./errors.js";
import { RTCPeerConnectionIceErrorEvent, RTCPeerConnectionIceEvent } from "./events.js";
import { Negotiation } from "./negotiation.js";
import { PeerChannels } from "./peer-channels.js";
import { PeerMedia } from "./peer-media.js";
import { intersection, reversed, streamIds, withCandidate, parse } from "./sdp.js";
import { mergeFigures, report, select } from "./stats.js";
import { Transceiver } from "./transceiver.js";
import { DtlsTransport, SctpTransport } from "./transports.js";

/** @typedef {"stable" | "have-local-offer" | "have-remote-offer" | "have-local-pranswer" | "have-remote-pranswer" | "closed"} SignalingState */
/** @typedef {{type: "offer" | "pranswer" | "answer", sdp: string, parsed: import("./sdp.js").Description}} SetDescription */
/** @typedef {{sdp: string, inputs: string, mids: Map<string, Transceiver>, streams: Map<Transceiver, string[]>}} Made a description made here */
/** @typedef {"new" | "connecting" | "connected" | "disconnected" | "failed" | "closed"} ConnectionState */

export class Peer {
  closed = false;
  /** @type {SignalingState} */
  signalingState = "stable";
  /** @type {import("./transports.js").IceState} */
  iceConnectionState = "new";
  /** @type {import("./transports.js").GatheringState} */
  iceGatheringState = "new";
  /** @type {ConnectionState} */
  connectionState = "new";
  /** @type {SetDescription | null} */
  currentLocal = null;
  /** @type {SetDescription | null} */
  pendingLocal = null;
  /** @type {SetDescription | null} */
  currentRemote = null;
  /** @type {SetDescription | null} */
  pendingRemote = null;
  /** @type {Made | null} */
  lastOffer = null;
  /** @type {Made | null} */
  lastAnswer = null;
  /** What the engine was told last, where it could be told again. @type {string | null} */
  appliedOffer = null;
  /** @type {string | null} */
  appliedAnswer = null;
  /** @type {Transceiver[]} */
  transceivers = [];
  /** A data channel was asked for, here or by the other side. */
  wantsData = false;
  /** @type {SctpTransport | null} */
  sctp = null;
  channels = new PeerChannels(this);
  #media = new PeerMedia(this);
  /** @type {DtlsTransport | null} */
  #transport = null;
  /** @type {Map<string, MediaStream>} */
  #streams = new Map();
  #defaultStream = crypto.randomUUID();
  /** Engine events whose turn has not come. @type {any[]} */
  #events = [];
  #firing = false;
  /** Descriptions being set: events wait for them. */
  #holds = 0;

  /**
   * @param {import("./environment.d.ts").Environment} env
   * @param {EventTarget} facade
   * @param {import("./configuration.js").Configuration} configuration
   */
  constructor(env, facade, configuration) {
    this.env = env;
    this.facade = facade;
    this.configuration = configuration;
    this.negotiation = new Negotiation(this);
    const plain = () => {
      const { certificates: _none, ...rest } = this.configuration;
      return rest;
    };
    this.engine = new EnginePeer(env.engine, plain, (event) => this.#receive(event));
    // candidates are gathered ahead: whoever answers has them by the time the offer comes. A failure shows at the first request
    if (configuration.iceCandidatePoolSize > 0) this.engine.open().catch(() => {});
  }

  /** @param {Event} event */
  fire(event) {
    this.facade.dispatchEvent(event);
  }

  /**
   * @template T
   * @param {() => Promise<T>} operation
   */
  chain(operation) {
    return this.negotiation.chain(operation);
  }

  get localDescription() {
    return this.pendingLocal ?? this.currentLocal;
  }
  get remoteDescription() {
    return this.pendingRemote ?? this.currentRemote;
  }

  // --- descriptions

  /** What a description depends on: the engine's arguments, as text to compare. @param {boolean} offer */
  inputs(offer) {
    return JSON.stringify(offer ? this.#offerInputs() : this.#answerInputs());
  }

  #offered() {
    return this.transceivers.filter((one) => !(one.stopping && one.mid === null));
  }

  #offerInputs() {
    return {
      iceRestart: this.negotiation.iceRestart,
      dataChannel: this.wantsData,
      transceivers: this.#offered().map((one, index) => ({
        index,
        mid: one.mid,
        kind: one.kind,
        direction: one.stopping ? "inactive" : one.direction,
        streams: one.sender.streamIds,
        track: one.sender.track?.id ?? null,
        stopped: one.stopping,
      })),
    };
  }

  #answerInputs() {
    const sections = this.pendingRemote?.parsed.media ?? [];
    return {
      transceivers: sections.flatMap((section, index) => {
        const one = this.transceivers.find((each) => each.mid !== null && each.index === index);
        if (!one || section.rejected) return [];
        const wish = one.stopping ? "inactive" : one.direction;
        return {
          mid: one.mid,
          direction: intersection(wish, reversed(section.direction)),
          streams: one.sender.streamIds,
          track: one.sender.track?.id ?? null,
          stopped: one.stopping,
        };
      }),
    };
  }

  /**
   * Has the engine make an offer; once more where the page changed something meanwhile.
   * @param {{iceRestart?: boolean}} [options]
   * @returns {Promise<string>}
   */
  async makeOffer({ iceRestart = false } = {}) {
    for (;;) {
      const inputs = this.inputs(true);
      const offered = this.#offered();
      const request = this.#offerInputs();
      request.iceRestart ||= iceRestart;
      const answer = await this.engine.request("createOffer", request);
      if (this.inputs(true) !== inputs) continue;
      const { sdp, mids } = /** @type {{sdp: string, mids: {index: number, mid: string}[]}} */ (answer);
      /** @type {Map<string, Transceiver>} */
      const byMid = new Map();
      for (const { index, mid } of mids) {
        const transceiver = offered[index];
        if (transceiver) byMid.set(mid, transceiver);
      }
      this.lastOffer = { sdp, inputs, mids: byMid, streams: streamsOf(offered) };
      return sdp;
    }
  }

  /** @returns {Promise<string>} */
  async makeAnswer() {
    const last = this.lastAnswer;
    if (last?.inputs === this.inputs(false)) return last.sdp;
    for (;;) {
      const inputs = this.inputs(false);
      const involved = [...this.transceivers];
      const { sdp } = await this.engine.request("createAnswer", this.#answerInputs());
      if (this.inputs(false) !== inputs) continue;
      this.lastAnswer = { sdp, inputs, mids: new Map(), streams: streamsOf(involved) };
      return sdp;
    }
  }

  /** @param {{type?: "offer" | "pranswer" | "answer" | "rollback", sdp: string}} init */
  setLocal(init) {
    return this.chain(() => this.#holdingEvents(() => setLocal(this, init)));
  }

  /** @param {{type: "offer" | "pranswer" | "answer" | "rollback", sdp: string}} init */
  setRemote(init) {
    return this.chain(() => this.#holdingEvents(() => setRemote(this, init)));
  }

  /**
   * Engine events that a description causes reach the page after its promise.
   * @template T
   * @param {() => Promise<T>} operation
   */
  async #holdingEvents(operation) {
    this.#holds += 1;
    try {
      return await operation();
    } finally {
      this.env.queueTask(() => {
        this.#holds -= 1;
        this.#fireNext();
      });
    }
  }

  /** @param {import("./sdp.js").Section} section @returns {MediaStream[]} */
  remoteStreams(section) {
    const ids = section.msids.length === 0 ? [this.#defaultStream] : streamIds(section);
    return ids.map((id) => {
      let stream = this.#streams.get(id);
      if (!stream) this.#streams.set(id, (stream = this.env.tracks.stream(id)));
      return stream;
    });
  }

  /** The transport everything is bundled on. */
  transport() {
    this.#transport ??= new DtlsTransport();
    return this.#transport;
  }

  /** @param {SetDescription} description */
  sctpFrom(description) {
    const section = description.parsed.media.find((one) => one.kind === "application");
    if (!section || section.rejected) return;
    if (description.type === "offer") this.wantsData = true;
    else this.sctp ??= new SctpTransport(this.transport());
  }

  // --- candidates

  /** @param {{candidate: string, sdpMid: string | null, sdpMLineIndex: number | null, usernameFragment: string | null}} init */
  async addCandidate({ candidate, sdpMid: mid, sdpMLineIndex: index, usernameFragment: ufrag }) {
    const remote = this.remoteDescription;
    if (!remote) throw invalidState("There is no remote description yet");
    const { media } = remote.parsed;
    if (mid !== null) {
      if (!media.some((section) => section.mid === mid)) throw operation("No section of the remote description has this mid");
    } else if (index !== null && index >= media.length) {
      throw operation("The remote description has no section at this index");
    }
    const known = [this.currentRemote, this.pendingRemote].some((one) =>
      sectionsOf(one, mid, index).some((section) => section.ufrag === ufrag),
    );
    if (ufrag !== null && !known) throw operation("The candidate is for another description");
    await this.engine.request("addCandidate", { candidate, mid, index: mid === null ? index : null, ufrag });
    if (this.closed) return;
    for (const one of [this.pendingRemote, this.currentRemote]) if (one) addTo(one, mid, index, candidate, ufrag);
  }

  // --- the engine's events

  /** @param {any} event */
  #receive(event) {
    this.#events.push(event);
    this.#fireNext();
  }

  /** One event a task, as a page may expect. */
  #fireNext() {
    if (this.#firing || this.#holds > 0 || this.closed) return;
    const event = this.#events.shift();
    if (event === undefined) return;
    this.#firing = true;
    this.env.queueTask(() => {
      this.#firing = false;
      this.#fireNext();
    });
    try {
      this.#handle(event);
    } finally {
      this.engine.handled(event);
    }
  }

  /** @param {any} event */
  #handle(event) {
    if (typeof event.event === "string" && event.event.startsWith("channel")) return this.channels.handle(event);
    switch (event.event) {
      case "candidate":
        return this.#handleCandidate(event);
      case "candidateError": {
        const { url, errorCode, errorText } = event;
        return this.fire(new RTCPeerConnectionIceErrorEvent("icecandidateerror", { url, errorCode, errorText }));
      }
      case "gathering":
        return this.#setGathering(event.state);
      case "ice":
        if (this.iceConnectionState === event.state) return;
        this.iceConnectionState = event.state;
        this.#transport?.setIce(event.state);
        return this.fire(new Event("iceconnectionstatechange"));
      case "dtls":
        return this.transport().setDtls(event.state, event.error ?? null);
      case "connection":
        if (this.connectionState === event.state) return;
        this.connectionState = event.state;
        return this.fire(new Event("connectionstatechange"));
      case "mute":
        return this.#media.handleMute(event);
      case "level":
        return this.#media.handleLevel(event);
      default:
        // `path` and `audio` are for the page's owner, not part of this interface
        return this.fire(new CustomEvent(`ringdown-${event.event}`, { detail: event }));
    }
  }

  /** @param {import("./transports.js").GatheringState} state */
  #setGathering(state) {
    if (this.iceGatheringState === state) return;
    this.iceGatheringState = state;
    this.#transport?.setGathering(state);
    this.fire(new Event("icegatheringstatechange"));
  }

  /** @param {{candidate: string | null, mid: string | null, index: number | null, ufrag: string | null, url?: string | null, relayProtocol?: string | null}} event */
  #handleCandidate({ candidate, mid, index, ufrag, url = null, relayProtocol = null }) {
    if (candidate === null) {
      this.#setGathering("complete");
      this.fire(new RTCPeerConnectionIceEvent("icecandidate", { candidate: null }));
      return;
    }
    // the credentials were replaced, or the offer rolled back, meanwhile: the other side would not know it
    if (ufrag !== null && !this.localDescription?.parsed.media.some((section) => section.ufrag === ufrag)) return;
    for (const one of [this.pendingLocal, this.currentLocal]) if (one) addTo(one, mid, index, candidate, ufrag);
    const init = { candidate, sdpMid: mid, sdpMLineIndex: index, usernameFragment: ufrag, url, relayProtocol };
    this.fire(new RTCPeerConnectionIceEvent("icecandidate", { candidate: new RTCIceCandidate(init), url }));
  }

  // --- statistics and the end

  /** @param {Transceiver} transceiver whose track, direction or settings changed */
  syncMedia(transceiver) {
    this.#media.sync(transceiver);
  }

  /** @param {MediaStreamTrack | null} selector */
  async stats(selector) {
    if (selector === null) return this.statsOf(null);
    const found = this.transceivers.flatMap(({ mid, sender, receiver }) => [
      ...(sender.track === selector ? [{ type: /** @type {const} */ ("outbound-rtp"), mid }] : []),
      ...(receiver.track === selector ? [{ type: /** @type {const} */ ("inbound-rtp"), mid }] : []),
    ]);
    if (found.length !== 1) throw invalidAccess("The track is not that of exactly one sender or receiver");
    return this.statsOf(found[0] ?? null);
  }

  /** @param {{type: "outbound-rtp" | "inbound-rtp", mid: string | null} | null} selector */
  async statsOf(selector) {
    const [entries, figures] = this.closed
      ? [[], []]
      : await Promise.all([this.engine.request("stats"), this.env.media.figures(this.engine.handle)]);
    const midOf = (/** @type {number} */ index) => this.transceivers.find((one) => one.index === index)?.mid ?? null;
    const own = {
      id: "peer-connection",
      type: "peer-connection",
      timestamp: performance.timeOrigin + performance.now(),
      dataChannelsOpened: this.channels.opened,
      dataChannelsClosed: this.channels.closed,
    };
    return report(select([...mergeFigures(entries, figures, midOf), own], selector));
  }

  close() {
    if (this.closed) return;
    for (const transceiver of this.transceivers) transceiver.stop(true);
    this.channels.end();
    this.closed = true;
    this.signalingState = this.iceConnectionState = this.connectionState = "closed";
    this.#transport?.setDtls("closed");
    this.#transport?.setIce("closed");
    this.sctp?.set("closed");
    if (this.engine.handle !== null) this.env.media.closePeer(this.engine.handle);
    this.engine.close();
  }
}

/**
 * @param {Transceiver[]} transceivers
 * @returns {Map<Transceiver, string[]>}
 */
function streamsOf(transceivers) {
  return new Map(transceivers.map((one) => [one, [...one.sender.streamIds]]));
}

/**
 * The sections a candidate is for: all, where it names none.
 * @param {SetDescription | null} description
 * @param {string | null} mid
 * @param {number | null} index
 */
function sectionsOf(description, mid, index) {
  const media = description?.parsed.media ?? [];
  if (mid === null && index === null) return media;
  return media.filter((section, at) => (mid === null ? at === index : section.mid === mid));
}

/**
 * @param {SetDescription} description
 * @param {string | null} mid
 * @param {number | null} index
 * @param {string} candidate
 * @param {string | null} ufrag
 */
function addTo(description, mid, index, candidate, ufrag) {
  if (ufrag && !description.parsed.media.some((section) => section.ufrag === ufrag)) return;
  description.sdp = withCandidate(description.sdp, mid, index, candidate);
  description.parsed = parse(description.sdp);
}
