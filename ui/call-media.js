// What goes each way in a call: voice and picture, and the word on which of them are on, or on hold.
//
// Both are negotiated once, at the start, whatever is sent at first. Microphone, camera and screen then come and go by
// `replaceTrack`, and the data channel "state" says which of them are on: no toggle needs another round, so toggles cannot
// collide. (A rollback in an established call freezes the received picture in Chromium 156.)

/** @typedef {"audio" | "video"} MediaKind */
/** @typedef {{ stream: MediaStream, audio: boolean, video: boolean }} Received whether the other side's microphone and picture are on */
/**
 * @typedef {{
 *   guard: (work: Promise<unknown>) => void,
 *   received: (what: Received) => void,
 *   held: (held: boolean) => void,
 * }} Ear `guard`: sees to it that work which fails is told; `held`: the other side puts the call on hold, or takes it back
 */

/** @type {readonly MediaKind[]} */
const KINDS = ["audio", "video"];

/**
 * The label of the data channel that says what each side sends: JSON `{"audio": boolean, "video": boolean, "held": boolean}`.
 * `held`: whoever says so talks with somebody else meanwhile. Nothing goes either way then, and nothing is played.
 */
const STATE_CHANNEL = "state";

/** The longest word on the state channel, in characters. */
const MAX_WORD = 1024;
/**
 * So many holds are followed at once, and one more in this time, in milliseconds: with each, microphone and camera are let go
 * of or opened. Of the words that come meanwhile, the last one counts.
 */
const MAX_HOLDS = 8;
const HOLD_EVERY_MS = 500;

export class CallMedia {
  #pc;
  #ear;
  #closed = false;
  /** The tracks have their m-lines. Those of whoever does not offer first wait for the offer. */
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
  #announced = "";
  /** The last word on the state channel that is not followed yet. @type {string | null} */ #word = null;
  /** Words are being followed. */ #hearing = false;
  /** Holds that are still followed at once, and when that was counted. */ #holds = { left: MAX_HOLDS, at: -Infinity };

  /**
   * @param {RTCPeerConnection} pc
   * @param {Ear} ear
   */
  constructor(pc, ear) {
    this.#pc = pc;
    this.#ear = ear;
    pc.addEventListener("track", ({ track }) => this.#handleTrack(track));
    pc.addEventListener("datachannel", ({ channel }) => this.#adopt(channel));
  }

  /**
   * @param {MediaStream} localStream what there is to send already
   * @param {boolean} offers this side makes the first offer
   */
  start(localStream, offers) {
    this.#local = localStream;
    for (const track of localStream.getTracks()) {
      if (track.kind === "audio" || track.kind === "video") this.#outgoing[track.kind] ??= track;
    }
    if (!offers) return;
    this.#placed = true;
    for (const kind of KINDS) this.#addTransceiver(kind);
    this.#adopt(this.#pc.createDataChannel(STATE_CHANNEL));
  }

  /** Puts the waiting tracks on the m-lines that the first offer made, so that its answer carries them. */
  async place() {
    if (this.#placed) return;
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

  /**
   * Turns on and off (boolean), replaces (track) or takes away (null) what is sent.
   * @param {MediaKind} kind
   * @param {boolean | MediaStreamTrack | null} value
   */
  async set(kind, value) {
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

  /**
   * Puts the call on hold, or takes it back. What is set meanwhile is sent after that.
   * @param {boolean} held
   */
  async setHeld(held) {
    if (this.#closed || held === this.#held) return;
    this.#held = held;
    for (const { receiver } of this.#pc.getTransceivers()) receiver.track.enabled = !held;
    await this.#change();
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

  /** Says what the other side sends, whenever that changed. */
  announce() {
    if (this.#closed || this.#pc.signalingState !== "stable") return;
    const receives = (/** @type {MediaKind} */ kind) =>
      this.#told[kind] && ["sendrecv", "recvonly"].includes(this.#transceiver(kind)?.currentDirection ?? "");
    const what = { stream: this.#remote, audio: receives("audio"), video: receives("video") };
    const announced = [what.audio, what.video, ...this.#remote.getTracks().map((one) => one.id)].join();
    if (announced === this.#announced || this.#remote.getTracks().length === 0) return;
    this.#announced = announced;
    this.#ear.received(what);
  }

  /** Nothing is sent or said any more. */
  close() {
    this.#closed = true;
  }

  /** @param {MediaKind} kind */
  #addTransceiver(kind) {
    this.#pc.addTransceiver(this.#sent(kind) ?? kind, { direction: "sendrecv", streams: [this.#local] });
  }

  /** @param {MediaKind} kind */
  #transceiver(kind) {
    return this.#pc.getTransceivers().find((one) => one.receiver.track.kind === kind);
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
    channel.addEventListener("message", ({ data }) => this.#ear.guard(this.#hear(data)));
    this.#tell();
  }

  /** Says what is sent from here, as soon as there is a way to. */
  #tell() {
    if (this.#channel?.readyState !== "open") return;
    const on = (/** @type {MediaKind} */ kind) => Boolean(this.#sent(kind)?.enabled);
    this.#channel.send(JSON.stringify({ audio: on("audio"), video: on("video"), held: this.#held }));
  }

  /** The other side may say as much as it likes. @param {unknown} data */
  async #hear(data) {
    if (typeof data !== "string" || data.length > MAX_WORD) return;
    this.#word = data;
    if (this.#hearing) return;
    this.#hearing = true;
    try {
      for (let word = this.#takeWord(); word !== null; word = this.#takeWord()) {
        const held = this.#heldThere;
        const followed = this.#follow(word);
        this.#ear.guard(followed);
        await followed.catch(() => {});
        if (this.#heldThere !== held) await this.#rest();
      }
    } finally {
      this.#hearing = false;
    }
  }

  /** After a hold: some time passes where there were many. */
  async #rest() {
    const now = performance.now();
    const back = Math.floor((now - this.#holds.at) / HOLD_EVERY_MS);
    if (back > 0) this.#holds = { left: Math.min(MAX_HOLDS, this.#holds.left + back), at: now };
    this.#holds.left -= 1;
    while (this.#holds.left <= 0) {
      await new Promise((resolve) => setTimeout(resolve, HOLD_EVERY_MS));
      this.#holds = { left: this.#holds.left + 1, at: performance.now() };
    }
  }

  #takeWord() {
    const word = this.#closed ? null : this.#word;
    this.#word = null;
    return word;
  }

  /** @param {string} data */
  async #follow(data) {
    const { audio, video, held } = JSON.parse(data);
    this.#told = { audio: audio === true, video: video === true };
    this.announce();
    if ((held === true) === this.#heldThere) return;
    this.#heldThere = held === true;
    this.#ear.held(this.#heldThere);
    await this.#change();
  }

  /** @param {MediaStreamTrack} track */
  #handleTrack(track) {
    track.enabled = !this.#held;
    if (!this.#remote.getTracks().includes(track)) this.#remote.addTrack(track);
    this.announce();
  }
}
