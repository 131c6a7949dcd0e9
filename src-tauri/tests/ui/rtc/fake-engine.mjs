// An engine for tests: it speaks the contract of `request` and events, writes SDP in the shape of the real one, and
// connects those of its peers whose descriptions name each other. Media do not exist in it.

/** @typedef {{kind: string, mid: string, rejected: boolean}} Line */
/**
 * @typedef {object} FakePeer
 * @property {number} handle
 * @property {Line[]} lines negotiated, or about to be
 * @property {Line[] | null} before the lines that a rollback brings back
 * @property {string} ufrag
 * @property {string | null} remoteUfrag
 * @property {{sdp: string, lines: Line[], ufrag: string} | null} offer set and not answered
 * @property {string | null} held a remote offer
 * @property {boolean} applied a remote description was applied
 * @property {boolean} connected
 * @property {boolean} localDone
 * @property {string[]} receiving mids
 * @property {{handle: number, label: string, protocol: string, ordered: boolean, open: boolean, id: number | null, negotiated: boolean, far: {peer: FakePeer, handle: number} | null}[]} channels
 */

const FINGERPRINT = Array.from({ length: 32 }, (_, at) => (at * 7).toString(16).padStart(2, "0").toUpperCase()).join(":");

/** Runs in a task of its own, without a timer's least delay. @param {() => void} callback */
const task = (callback) => (typeof setImmediate === "function" ? setImmediate(callback) : setTimeout(callback, 0));

/** @param {string} name @param {string} message */
const refusal = (name, message) => ({ name, message });

export class FakeEngine {
  /** Every request, in order: `[op, args]`. @type {[string, any][]} */
  log = [];
  /** @type {((event: any) => void)[]} */
  #handlers = [];
  /** @type {Map<number, FakePeer>} */
  peers = new Map();
  #next = 0;
  #lastPeer = 0;
  #cameras = 0;
  #ufrags = 0;
  /** Errors to answer with, by op. @type {Map<string, object>} */
  #failures = new Map();
  /** @type {Map<string, {lines: Line[], ufrag: string}>} */
  #made = new Map();
  microphone = /** @type {{id: string, label: string} | {name: string, message: string}} */ ({ id: "mic", label: "Tone" });
  /** What the microphone hears. */
  level = 0;
  stats = /** @type {any[]} */ ([]);
  mediaSocket = "ws://127.0.0.1:9/?token=none";
  /** Candidates that were added, by peer. @type {Map<number, any[]>} */
  candidates = new Map();

  /** The next request of this kind fails. @param {string} op @param {string} name */
  failNext(op, name) {
    this.#failures.set(op, refusal(name, "as the test asked"));
  }

  /** @param {(event: any) => void} handler */
  onEvent(handler) {
    this.#handlers.push(handler);
  }

  /** Sends an event as the engine would: in a task of its own. @param {any} event */
  emit(event) {
    task(() => this.#handlers.forEach((handler) => handler(structuredClone(event))));
  }

  /** @param {string} op @returns {any[]} the arguments of each such request */
  calls(op) {
    return this.log.filter(([one]) => one === op).map(([, args]) => args);
  }

  /**
   * @param {string} op
   * @param {any} args
   */
  async request(op, args) {
    const copy = structuredClone(args);
    this.log.push([op, copy]);
    await new Promise((/** @type {(value: void) => void} */ resolve) => task(resolve));
    const failure = this.#failures.get(op);
    if (failure) {
      this.#failures.delete(op);
      throw failure;
    }
    const peer = this.peers.get(copy.peer);
    const known = /** @type {any} */ (this)[`_${op}`];
    if (!known) throw refusal("NotSupportedError", `no such request: ${op}`);
    if ("peer" in copy && !peer) throw refusal("InvalidStateError", "no such peer");
    return structuredClone(await known.call(this, copy, peer));
  }

  _hello() {
    this.peers.clear();
    return {};
  }
  _mediaSocket() {
    return { url: this.mediaSocket };
  }
  _devices() {
    return { inputs: [{ id: "mic", label: "Tone" }], outputs: [{ id: "out", label: "Null" }], cameras: [{ id: "cam", label: "Camera" }] };
  }
  _microphone() {
    if ("name" in this.microphone) throw this.microphone;
    return this.microphone;
  }
  _camera() {
    return { camera: ++this.#cameras, id: "cam", label: "Camera", width: 640, height: 480, frameRate: 30 };
  }
  _cameraEnd() {
    return {};
  }
  _sendCamera() {
    return {};
  }
  /** @param {{ deviceId: string | null }} request */
  _speaker({ deviceId }) {
    if (deviceId !== null && deviceId !== "out") throw refusal("NotFoundError", "no such speaker");
    return {};
  }
  _play() {
    return { sound: ++this.#next };
  }
  _hush() {
    return {};
  }
  _microphoneEnd() {
    return {};
  }
  _microphoneLevel() {
    return { level: this.level };
  }
  _microphoneRest() {
    return {};
  }
  _open() {
    const handle = ++this.#lastPeer;
    this.peers.set(handle, {
      handle,
      lines: [],
      before: null,
      ufrag: this.#newUfrag(),
      remoteUfrag: null,
      offer: null,
      held: null,
      applied: false,
      connected: false,
      localDone: false,
      receiving: [],
      channels: [],
    });
    return { peer: handle };
  }
  /** @param {any} _args @param {FakePeer} peer */
  _close(_args, peer) {
    this.peers.delete(peer.handle);
    return {};
  }
  _sender() {
    return {};
  }
  _setConfiguration() {
    return {};
  }
  _receiver() {
    return {};
  }
  _acknowledge() {
    return {};
  }
  _level() {
    return {};
  }
  _stats() {
    return this.stats;
  }

  #newUfrag() {
    this.#ufrags += 1;
    return `u${this.#ufrags}`;
  }

  /** @param {any} args @param {FakePeer} peer */
  _createOffer({ iceRestart, dataChannel, transceivers }, peer) {
    const lines = peer.lines.map((line) => ({ ...line }));
    /** @type {{index: number, mid: string}[]} */
    const mids = [];
    /** @type {Map<string, any>} */
    const byMid = new Map();
    let fresh = Math.max(-1, ...lines.map((line) => (/^\d+$/.test(line.mid) ? Number(line.mid) : -1)));
    for (const one of transceivers) {
      let mid = one.mid;
      if (mid === null) {
        mid = `${++fresh}`;
        const free = lines.findIndex((line) => line.rejected);
        const line = { kind: one.kind, mid, rejected: false };
        if (free >= 0) lines[free] = line;
        else lines.push(line);
      }
      const line = lines.find((each) => each.mid === mid);
      if (line && one.stopped) line.rejected = true;
      mids.push({ index: one.index, mid });
      byMid.set(mid, one);
    }
    if (dataChannel && !lines.some((line) => line.kind === "application")) {
      lines.push({ kind: "application", mid: `${++fresh}`, rejected: false });
    }
    const ufrag = iceRestart ? this.#newUfrag() : peer.ufrag;
    const sdp = this.#write("actpass", ufrag, lines, (mid) => byMid.get(mid) ?? { direction: "inactive", streams: [], track: null });
    this.#made.set(sdp, { lines, ufrag });
    return { sdp, mids };
  }

  /** @param {any} args @param {FakePeer} peer */
  _setLocalOffer({ sdp }, peer) {
    const made = this.#made.get(sdp);
    if (!made) throw refusal("InvalidModificationError", "not an offer of this peer");
    if (peer.offer || peer.held) throw refusal("InvalidStateError", "another description is pending");
    peer.offer = { sdp, ...made };
    this.#gather(peer, made.lines, made.ufrag);
    return {};
  }

  /** @param {any} _args @param {FakePeer} peer */
  _rollback(_args, peer) {
    if (!peer.offer && !peer.held) throw refusal("InvalidStateError", "nothing to roll back");
    peer.offer = null;
    peer.held = null;
    return {};
  }

  /** @param {any} args @param {FakePeer} peer */
  _setRemoteOffer({ sdp }, peer) {
    if (peer.offer) throw refusal("InvalidStateError", "an offer of one's own is pending");
    if (!/a=fingerprint:/.test(sdp) && /\nm=/.test(sdp)) throw refusal("OperationError", "no fingerprint");
    peer.held = sdp;
    return {};
  }

  /** @param {any} args @param {FakePeer} peer */
  _createAnswer({ transceivers }, peer) {
    if (!peer.held) throw refusal("InvalidStateError", "no offer is held");
    const offered = readLines(peer.held);
    peer.lines = offered.map(({ kind, mid, rejected }) => ({ kind, mid, rejected }));
    const ufrag = ufragOf(peer.held);
    if (peer.remoteUfrag !== null && ufrag !== peer.remoteUfrag) peer.ufrag = this.#newUfrag();
    peer.remoteUfrag = ufrag;
    peer.applied = true;
    const byMid = new Map(transceivers.map((/** @type {any} */ one) => [one.mid, one]));
    for (const line of peer.lines) line.rejected ||= byMid.get(line.mid)?.stopped === true;
    const sdp = this.#write("passive", peer.ufrag, peer.lines, (mid) => byMid.get(mid) ?? { direction: "inactive", streams: [], track: null });
    this.#made.set(sdp, { lines: peer.lines, ufrag: peer.ufrag });
    return { sdp };
  }

  /** @param {any} args @param {FakePeer} peer */
  _setLocalAnswer({ sdp }, peer) {
    if (!peer.held || !this.#made.has(sdp)) throw refusal("InvalidStateError", "no answer was made");
    this.#gather(peer, peer.lines, peer.ufrag);
    peer.held = null;
    this.#done(peer, sdp, false);
    return {};
  }

  /** @param {any} args @param {FakePeer} peer */
  _setRemoteAnswer({ sdp }, peer) {
    const { offer } = peer;
    if (!offer) throw refusal("InvalidStateError", "no offer is pending");
    const answered = readLines(sdp);
    if (answered.length !== offer.lines.length) throw refusal("InvalidAccessError", "the answer does not fit");
    peer.lines = offer.lines.map((line, at) => ({ ...line, rejected: line.rejected || answered[at]?.rejected === true }));
    peer.ufrag = offer.ufrag;
    peer.offer = null;
    peer.applied = true;
    peer.remoteUfrag = ufragOf(sdp);
    this.#done(peer, sdp, true);
    return {};
  }

  /** @param {any} args @param {FakePeer} peer */
  _addCandidate(args, peer) {
    this.candidates.set(peer.handle, [...(this.candidates.get(peer.handle) ?? []), args]);
    if (args.candidate !== "" && !/^candidate:\S+ 1 udp \d+ \S+ \d+ typ host/.test(args.candidate)) {
      throw refusal("OperationError", "not a candidate");
    }
    return {};
  }

  // --- data channels

  /** @param {any} args @param {FakePeer} peer */
  _channelOpen({ label, protocol, ordered, negotiated, id }, peer) {
    const handle = ++this.#next;
    peer.channels.push({ handle, label, protocol, ordered, negotiated, id, open: false, far: null });
    this.#openChannels(peer);
    return { channel: handle };
  }

  /** @param {FakePeer} peer */
  #openChannels(peer) {
    const other = this.#other(peer);
    if (!peer.connected || !other || !peer.lines.some((line) => line.kind === "application" && !line.rejected)) return;
    for (const channel of peer.channels.filter((one) => !one.open)) {
      channel.open = true;
      channel.id ??= channel.handle;
      let handle;
      if (channel.negotiated) {
        const twin = other.channels.find((one) => one.negotiated && one.id === channel.id);
        if (!twin) {
          channel.open = false;
          continue;
        }
        handle = twin.handle;
        if (!twin.open) this.emit({ event: "channelOpen", peer: other.handle, channel: handle });
        twin.open = true;
        twin.far = { peer, handle: channel.handle };
      } else {
        handle = ++this.#next;
        const { label, protocol, ordered, id } = channel;
        other.channels.push({ ...channel, handle, open: true, far: { peer, handle: channel.handle } });
        this.emit({ event: "channel", peer: other.handle, channel: handle, label, protocol, ordered, id });
      }
      channel.far = { peer: other, handle };
      this.emit({ event: "channelOpen", peer: peer.handle, channel: channel.handle, id: channel.id });
    }
  }

  /** @param {any} args @param {FakePeer} peer */
  _channelSend({ channel, text, base64 }, peer) {
    const far = peer.channels.find((one) => one.handle === channel)?.far;
    if (!far) throw refusal("InvalidStateError", "the channel is not open");
    const body = text === undefined ? { base64 } : { text };
    this.emit({ event: "channelMessage", peer: far.peer.handle, channel: far.handle, ...body });
    return {};
  }

  /** @param {any} args @param {FakePeer} peer */
  _channelClose({ channel }, peer) {
    const far = peer.channels.find((one) => one.handle === channel)?.far;
    this.emit({ event: "channelClose", peer: peer.handle, channel });
    if (far) this.emit({ event: "channelClose", peer: far.peer.handle, channel: far.handle });
    return {};
  }

  // --- connecting

  /** @param {FakePeer} peer @param {Line[]} lines @param {string} ufrag */
  #gather(peer, lines, ufrag) {
    const { handle } = peer;
    const [first] = lines;
    this.emit({ event: "gathering", peer: handle, state: "gathering" });
    if (first) {
      const candidate = `candidate:${handle} 1 udp 2130706431 127.0.0.1 ${40000 + handle} typ host ufrag ${ufrag}`;
      this.emit({ event: "candidate", peer: handle, candidate, mid: first.mid, index: 0, ufrag });
    }
    this.emit({ event: "candidate", peer: handle, candidate: null, mid: null, index: null, ufrag: null });
    this.emit({ event: "gathering", peer: handle, state: "complete" });
  }

  /** @param {FakePeer} peer */
  #other(peer) {
    return [...this.peers.values()].find((one) => one !== peer && one.ufrag === peer.remoteUfrag && one.remoteUfrag === peer.ufrag);
  }

  /** @param {FakePeer} peer @param {string} answer @param {boolean} remote */
  #done(peer, answer, remote) {
    const hears = remote ? ["sendrecv", "sendonly"] : ["sendrecv", "recvonly"];
    peer.receiving = readLines(answer)
      .filter((line) => !line.rejected && hears.includes(line.direction) && line.kind !== "application")
      .map((line) => line.mid);
    peer.localDone = true;
    const other = this.#other(peer);
    if (!other?.localDone) return;
    for (const one of [other, peer]) {
      if (!one.connected) {
        one.connected = true;
        for (const state of ["checking", "connected"]) this.emit({ event: "ice", peer: one.handle, state });
        for (const state of ["connecting", "connected"]) this.emit({ event: "dtls", peer: one.handle, state, error: null });
        for (const state of ["connecting", "connected"]) this.emit({ event: "connection", peer: one.handle, state });
      }
      for (const mid of one.receiving) this.emit({ event: "mute", peer: one.handle, mid, muted: false });
      this.#openChannels(one);
    }
  }

  /**
   * @param {"actpass" | "passive"} setup
   * @param {string} ufrag
   * @param {Line[]} lines
   * @param {(mid: string) => {direction: string, streams: string[], track: string | null}} what
   */
  #write(setup, ufrag, lines, what) {
    const bundled = lines.filter((line) => !line.rejected).map((line) => line.mid);
    const out = ["v=0", "o=- 1 2 IN IP4 0.0.0.0", "s=-", "t=0 0"];
    out.push(`a=group:BUNDLE${bundled.map((mid) => ` ${mid}`).join("")}`, "a=msid-semantic:WMS *", "a=ice-options:trickle");
    for (const { kind, mid, rejected } of lines) {
      const port = rejected ? 0 : 9;
      const formats = { audio: "UDP/TLS/RTP/SAVPF 111", video: "UDP/TLS/RTP/SAVPF 96 97" };
      out.push(kind === "application" ? `m=application ${port} UDP/DTLS/SCTP webrtc-datachannel` : `m=${kind} ${port} ${kind === "audio" ? formats.audio : formats.video}`);
      out.push("c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", `a=ice-ufrag:${ufrag}`, `a=ice-pwd:password-of-${ufrag}`);
      out.push(`a=fingerprint:sha-256 ${FINGERPRINT}`, `a=setup:${setup}`, `a=mid:${mid}`);
      if (kind === "application") {
        out.push("a=sctp-port:5000", "a=max-message-size:262144");
        continue;
      }
      const { direction, streams, track } = what(mid);
      out.push(`a=${rejected ? "inactive" : direction}`, "a=rtcp-mux", "a=rtcp-rsize");
      if (["sendrecv", "sendonly"].includes(direction) && !rejected) {
        for (const stream of streams.length ? streams : ["-"]) out.push(`a=msid:${stream} ${track ?? `track-${mid}`}`);
      }
      out.push(kind === "audio" ? "a=rtpmap:111 opus/48000/2" : "a=rtpmap:96 VP8/90000");
    }
    // real engines never write the same offer twice
    out[1] = `o=- ${++this.#next} 2 IN IP4 0.0.0.0`;
    return `${out.join("\r\n")}\r\n`;
  }
}

/** @param {string} sdp @returns {(Line & {direction: string})[]} */
function readLines(sdp) {
  return sdp
    .split(/^m=/m)
    .slice(1)
    .map((part) => ({
      kind: String(part.split(" ", 1)[0]),
      mid: /^a=mid:(.*?)\r?$/m.exec(part)?.[1] ?? "",
      rejected: / 0 /.test(part.split(" UDP", 1)[0] + " "),
      direction: /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(part)?.[1] ?? "sendrecv",
    }));
}

/** @param {string} sdp */
const ufragOf = (sdp) => /^a=ice-ufrag:(.*?)\r?$/m.exec(sdp)?.[1] ?? null;
