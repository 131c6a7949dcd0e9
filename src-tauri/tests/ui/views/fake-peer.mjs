// A peer connection in memory: signaling states, directions, implicit descriptions and rollback as in the WebRTC
// specification, with JSON in place of SDP. What `call.js` may rely on, and no more.

/** A track that was never plugged in. */
export class FakeTrack extends EventTarget {
  static #count = 0;
  constructor(kind) {
    super();
    this.kind = kind;
    this.id = `${kind}-${(FakeTrack.#count += 1)}`;
    this.enabled = true;
    this.readyState = "live";
  }
  stop() {
    this.readyState = "ended";
  }
}

export class FakeStream {
  #tracks;
  constructor(tracks = []) {
    this.#tracks = [...tracks];
  }
  getTracks() {
    return [...this.#tracks];
  }
  getAudioTracks() {
    return this.#tracks.filter((track) => track.kind === "audio");
  }
  getVideoTracks() {
    return this.#tracks.filter((track) => track.kind === "video");
  }
  addTrack(track) {
    if (!this.#tracks.includes(track)) this.#tracks.push(track);
  }
  removeTrack(track) {
    this.#tracks = this.#tracks.filter((other) => other !== track);
  }
}

/** One end of a data channel; both ends open once the descriptions are agreed. */
class FakeChannel extends EventTarget {
  static #count = 0;
  static byName = new Map();
  readyState = "connecting";
  other = null;
  constructor(label, other = null) {
    super();
    this.label = label;
    this.other = other;
    this.name = `channel-${(FakeChannel.#count += 1)}`;
    FakeChannel.byName.set(this.name, this);
  }
  open() {
    if (this.readyState === "open") return;
    this.readyState = "open";
    this.dispatchEvent(new Event("open"));
  }
  send(data) {
    if (this.readyState !== "open") throw new DOMException("not open", "InvalidStateError");
    queueMicrotask(() => this.other?.dispatchEvent(Object.assign(new Event("message"), { data })));
  }
}

const REVERSED = { sendrecv: "sendrecv", sendonly: "recvonly", recvonly: "sendonly", inactive: "inactive" };
const sends = (direction) => direction.startsWith("send");
const receives = (direction) => direction.endsWith("recv") || direction === "recvonly";
const directionOf = (send, receive) => (send ? (receive ? "sendrecv" : "sendonly") : receive ? "recvonly" : "inactive");

/** The one DTLS transport of a bundled connection, over one ICE transport. */
class FakeTransport extends EventTarget {
  state = "new";
  iceTransport = { state: "new" };
  /** @param {string} errorDetail of RTCError */
  report(errorDetail) {
    this.dispatchEvent(Object.assign(new Event("error"), { error: { errorDetail } }));
  }
}

class Transceiver {
  #direction;
  #changed;
  constructor(kind, track, direction, changed, transport) {
    this.mid = null;
    this.currentDirection = null;
    this.#direction = direction;
    this.#changed = changed;
    this.sender = {
      track,
      transport,
      replaced: 0,
      replaceTrack: async (next) => {
        this.sender.track = next;
        this.sender.replaced += 1;
      },
      setStreams: () => {},
    };
    this.receiver = { track: new FakeTrack(kind), level: null };
    this.receiver.getSynchronizationSources = () =>
      this.receiver.level === null ? [] : [{ audioLevel: this.receiver.level }];
  }
  get kind() {
    return this.receiver.track.kind;
  }
  get direction() {
    return this.#direction;
  }
  set direction(next) {
    this.#direction = next;
    this.#changed();
  }
}

export class FakePeerConnection extends EventTarget {
  static #ufrags = 0;
  transport = new FakeTransport();
  signalingState = "stable";
  connectionState = "new";
  localDescription = null;
  remoteDescription = null;
  restarts = 0;
  stats = new Map();
  candidates = [];
  #transceivers = [];
  #channel = null;
  #agreedChannel = false;
  #chain = Promise.resolve();
  #restart = false;
  #needed = false;
  #ufrag = `u${(FakePeerConnection.#ufrags += 1)}`;
  #offered = [];

  constructor(configuration) {
    super();
    this.configuration = configuration;
  }
  addTransceiver(trackOrKind, { direction }) {
    const track = typeof trackOrKind === "string" ? null : trackOrKind;
    const transceiver = new Transceiver(track?.kind ?? trackOrKind, track, direction, () => this.#check(), this.transport);
    this.#transceivers.push(transceiver);
    this.#check();
    return transceiver;
  }
  createDataChannel(label) {
    this.#channel = new FakeChannel(label);
    this.#check();
    return this.#channel;
  }
  getTransceivers() {
    return [...this.#transceivers];
  }
  getSenders() {
    return this.#transceivers.map((one) => one.sender);
  }
  getConfiguration() {
    return this.configuration;
  }
  setConfiguration(next) {
    this.configuration = next;
  }
  restartIce() {
    this.restarts += 1;
    this.#restart = true;
    this.#check();
  }
  close() {
    this.signalingState = "closed";
  }
  async getStats() {
    return this.stats;
  }
  /** For tests: this side's end of the data channel. */
  channelForTest() {
    return this.#channel;
  }
  /** For tests: the connection comes, goes, fails. */
  become(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
  /** For tests: a candidate of this side's current ICE session is found. */
  gather() {
    const found = { candidate: "candidate:1", usernameFragment: this.#ufrag };
    this.#fire("icecandidate", { candidate: { ...found, toJSON: () => found } });
  }

  setLocalDescription() {
    return this.#enqueue(() => {
      if (this.signalingState === "have-remote-offer") this.#answer();
      else this.#offer();
    });
  }
  setRemoteDescription(description) {
    return this.#enqueue(() => {
      const remote = JSON.parse(description.sdp);
      if (description.type === "offer") {
        if (this.signalingState === "have-local-offer") this.#rollback();
        this.#applySections(remote.sections);
        this.#accept(remote.channel);
        this.#become("have-remote-offer");
      } else {
        if (this.signalingState !== "have-local-offer") throw new DOMException("no offer", "InvalidStateError");
        for (const { mid, direction } of remote.sections) {
          const transceiver = this.#transceivers.find((one) => one.mid === mid);
          transceiver.currentDirection = REVERSED[direction];
          if (receives(transceiver.currentDirection)) this.#fire("track", { track: transceiver.receiver.track });
        }
        if (this.#channel) this.#agreedChannel = true;
        this.#become("stable");
      }
      this.remoteDescription = { ...description, ufrag: remote.ufrag };
    });
  }
  addIceCandidate(candidate) {
    return this.#enqueue(() => {
      if (!this.remoteDescription) throw new DOMException("no description", "InvalidStateError");
      if (candidate && candidate.usernameFragment !== this.remoteDescription.ufrag) {
        throw new DOMException("another session", "OperationError");
      }
      this.candidates.push(candidate);
    });
  }

  #offer() {
    if (this.#restart) {
      this.#restart = false;
      this.#ufrag = `u${(FakePeerConnection.#ufrags += 1)}`;
    }
    this.#offered = this.#transceivers.filter((one) => one.mid === null);
    this.#transceivers.forEach((one, index) => (one.mid ??= String(index)));
    const sections = this.#transceivers.map(({ mid, kind, direction }) => ({ mid, kind, direction }));
    const channel = this.#channel?.name;
    this.localDescription = { type: "offer", sdp: JSON.stringify({ ufrag: this.#ufrag, sections, channel }) };
    this.#become("have-local-offer");
  }
  #answer() {
    const sections = JSON.parse(this.remoteDescription.sdp).sections.map(({ mid, kind, direction }) => {
      const transceiver = this.#transceivers.find((one) => one.mid === mid);
      const theirs = REVERSED[direction];
      const agreed = directionOf(
        sends(theirs) && sends(transceiver.direction),
        receives(theirs) && receives(transceiver.direction),
      );
      transceiver.currentDirection = agreed;
      return { mid, kind, direction: agreed };
    });
    this.localDescription = { type: "answer", sdp: JSON.stringify({ ufrag: this.#ufrag, sections }) };
    this.#become("stable");
  }
  /** The other side's channel comes into being here, and both ends open. */
  #accept(name) {
    const theirs = FakeChannel.byName.get(name);
    if (!theirs || theirs.other) return;
    this.#channel = new FakeChannel(theirs.label, theirs);
    this.#agreedChannel = true;
    theirs.other = this.#channel;
    queueMicrotask(() => {
      this.#fire("datachannel", { channel: this.#channel });
      this.#channel.open();
      theirs.open();
    });
  }
  #rollback() {
    for (const transceiver of this.#offered) transceiver.mid = null;
    this.signalingState = "stable";
  }
  #applySections(sections) {
    for (const { mid, kind, direction } of sections) {
      let transceiver = this.#transceivers.find((one) => one.mid === mid);
      if (!transceiver) {
        transceiver = new Transceiver(kind, null, "recvonly", () => this.#check(), this.transport);
        transceiver.mid = mid;
        this.#transceivers.push(transceiver);
      }
      if (sends(direction)) this.#fire("track", { track: transceiver.receiver.track });
    }
  }
  #enqueue(operation) {
    const done = this.#chain.then(operation);
    this.#chain = done.catch(() => {}).then(() => this.#check());
    return done;
  }
  #become(state) {
    this.signalingState = state;
    this.dispatchEvent(new Event("signalingstatechange"));
  }
  /** Fires `negotiationneeded` once for whatever is out of step with what was agreed. */
  #check() {
    queueMicrotask(() => {
      if (this.signalingState !== "stable" || this.#needed) return;
      const open = this.#transceivers.some((one) => {
        if (one.mid === null || one.currentDirection === null) return true;
        return sends(one.direction) !== sends(one.currentDirection) && this.#asked !== this.#wish();
      });
      if (!open && !this.#restart && (!this.#channel || this.#agreedChannel)) return;
      this.#asked = this.#wish();
      this.#needed = true;
      queueMicrotask(() => {
        this.#needed = false;
        if (this.signalingState === "stable") this.dispatchEvent(new Event("negotiationneeded"));
      });
    });
  }
  /** What this side wishes now: an answer that grants less is not asked for again. */
  #asked = "";
  #wish() {
    return this.#transceivers.map((one) => one.direction).join();
  }
  #fire(type, properties) {
    this.dispatchEvent(Object.assign(new Event(type), properties));
  }
}

export function installFakes() {
  Object.assign(globalThis, { MediaStream: FakeStream });
}
