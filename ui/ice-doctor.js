// Why calls connect, or don't: every server tried, the router judged, and a call with oneself through the relay.
import { probe, targetsOf } from "./ice-probe.js";
import { LoopCall } from "./loop-call.js";
import { examineNat } from "./nat.js";

/** @typedef {import("./ice-probe.js").Target} Target */
/** @typedef {import("./ice-probe.js").Answer} Answer */
/** @typedef {{ target: Target, answer: Answer | null }} Row `answer`: null while it is awaited */
/**
 * @typedef {{
 *   createPeerConnection: import("./ice-probe.js").CreatePeerConnection,
 *   media: Pick<import("./media.js").Media, "acquire">,
 *   servers: readonly import("./types.d.ts").IceServer[],
 *   lent: () => Promise<readonly import("./types.d.ts").IceServer[]>,
 * }} DoctorOptions `servers`: the person's own; `lent`: those of meeting points
 */

/** Events: `change` after anything to be seen changed. */
export class Doctor extends EventTarget {
  #options;
  #targets;
  #round = 0;
  /** What is sent to oneself. @type {readonly MediaStreamTrack[]} */ #tracks = [];
  /** @type {Row[]} */ rows = [];
  /** Null while it is examined. @type {import("./nat.js").Nat | null} */ nat = null;
  /** @type {LoopCall | null} */ loop = null;

  /** @param {DoctorOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.#targets = targetsOf(options.servers);
  }

  /** Whether the round is over. */
  get done() {
    return this.nat !== null && this.rows.every(({ answer }) => answer !== null);
  }

  /** Whether there is a relay to call oneself through. */
  get hasRelay() {
    return this.#targets.some(({ relay, extra }) => relay && !extra);
  }

  /** Tries every server at once, then the router. Never rejects. */
  async run() {
    const { createPeerConnection, servers, lent } = this.#options;
    this.#round += 1;
    const round = this.#round;
    this.nat = null;
    this.rows = [];
    this.#tell();
    // Without a meeting point there are one's own.
    this.#targets = targetsOf([...servers, ...(await lent().catch(() => []))]);
    if (round !== this.#round) return;
    const rows = this.#targets.map((target) => /** @type {Row} */ ({ target, answer: null }));
    this.rows = rows;
    this.#tell();
    await Promise.all(
      rows.map(async (row) => {
        row.answer = await probe(row.target, createPeerConnection);
        if (round === this.#round) this.#tell();
      }),
    );
    const answering = rows.filter(({ answer }) => answer?.verdict === "reachable").map(({ target }) => target);
    const asked = this.#targets.some(({ transport }) => transport === "udp");
    const nat = await examineNat(answering, createPeerConnection, asked);
    if (round !== this.#round) return;
    this.nat = nat;
    this.#tell();
  }

  /** Calls oneself through one's own relays. Never rejects. */
  async call() {
    this.hangUp();
    const { createPeerConnection, media } = this.#options;
    const relays = this.#targets.filter(({ relay, extra }) => relay && !extra);
    const servers = relays.map(({ url, server }) => ({ ...server, urls: [url] }));
    const loop = new LoopCall({ createPeerConnection, servers });
    this.loop = loop;
    loop.addEventListener("change", () => this.#tell());
    this.#tell();
    const { stream } = await media.acquire({ video: true });
    const tracks = stream.getTracks();
    if (this.loop !== loop) return stop(tracks);
    this.#tracks = tracks;
    await loop.start(tracks).catch(() => loop.fail());
  }

  /** Ends the call with oneself; the camera's light and the microphone's go out. */
  hangUp() {
    this.loop?.close();
    this.loop = null;
    stop(this.#tracks);
    this.#tracks = [];
    this.#tell();
  }

  /** Nobody looks any more. */
  close() {
    this.#round += 1;
    this.hangUp();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {readonly MediaStreamTrack[]} tracks */
function stop(tracks) {
  for (const track of tracks) track.stop();
}
