// A call with oneself: two peer connections of this page. Given relays they may use these alone, and what comes back
// went through one; given none they find each other on this computer.

/** @typedef {"connecting" | "connected" | "failed"} LoopState */

/** A relay that works connects well within this, in milliseconds. */
export const PATIENCE_MS = 15_000;

/** Events: `change` after `state`, `ms` or `stream` changed. */
export class LoopCall extends EventTarget {
  /** @type {LoopState} */ state = "connecting";
  /** Milliseconds a word needs there and back, through the relay twice. @type {number | null} */ ms = null;
  /** What came back. @type {MediaStream | null} */ stream = null;
  #here;
  #there;
  #timer;

  /**
   * @param {{
   *   createPeerConnection: import("./ice-probe.js").CreatePeerConnection,
   *   servers: readonly import("./types.d.ts").IceServer[],
   * }} options `servers`: relays, or none
   */
  constructor({ createPeerConnection, servers }) {
    super();
    /** @type {RTCConfiguration} */
    const configuration = { iceServers: [...servers], iceTransportPolicy: servers.length > 0 ? "relay" : "all" };
    this.#here = createPeerConnection(configuration);
    this.#there = createPeerConnection(configuration);
    this.#timer = setTimeout(() => this.#become("failed"), PATIENCE_MS);
    for (const [from, to] of [
      [this.#here, this.#there],
      [this.#there, this.#here],
    ]) {
      from?.addEventListener("icecandidate", ({ candidate }) => void to?.addIceCandidate(candidate ?? undefined).catch(() => {}));
    }
    this.#here.addEventListener("connectionstatechange", () => {
      if (this.#here.connectionState === "failed") this.#become("failed");
    });
    this.#there.addEventListener("track", ({ track }) => {
      this.stream = new MediaStream([...(this.stream?.getTracks() ?? []), track]);
      this.#tell();
    });
    this.#there.addEventListener("datachannel", ({ channel }) => {
      channel.addEventListener("message", ({ data }) => channel.send(data));
    });
  }

  /**
   * @param {readonly MediaStreamTrack[]} tracks the voice and the picture to send, as far as there are
   * @throws what the peer connections reject with
   */
  async start(tracks) {
    const channel = this.#here.createDataChannel("echo");
    let sent = 0;
    channel.addEventListener("open", () => {
      sent = performance.now();
      channel.send("echo");
    });
    channel.addEventListener("message", () => {
      this.ms = Math.round(performance.now() - sent);
      this.#become("connected");
    });
    for (const track of tracks) this.#here.addTransceiver(track, { direction: "sendonly" });
    await this.#here.setLocalDescription();
    await this.#there.setRemoteDescription(/** @type {RTCSessionDescription} */ (this.#here.localDescription));
    await this.#there.setLocalDescription();
    await this.#here.setRemoteDescription(/** @type {RTCSessionDescription} */ (this.#there.localDescription));
  }

  /** @returns {number | null} how loud the voice is that came back, 0 to 1; null where there is none */
  voiceLevel() {
    const receiver = this.#there.getReceivers?.().find(({ track }) => track.kind === "audio");
    return receiver?.getSynchronizationSources?.()[0]?.audioLevel ?? null;
  }

  /** It cannot be. */
  fail() {
    this.#become("failed");
  }

  /** Ends it. The track is left to whoever opened it. */
  close() {
    clearTimeout(this.#timer);
    this.#here.close();
    this.#there.close();
  }

  /** @param {LoopState} state */
  #become(state) {
    if (this.state !== "connecting") return;
    this.state = state;
    clearTimeout(this.#timer);
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
