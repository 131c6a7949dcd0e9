// What the curious want to know of a call's path: candidate types, protocols, delay, loss. Pure, like call-stats.js.
import { hostOf, roundDelay, selectedPair } from "./call-stats.js";

/** @typedef {import("./call-stats.js").Report} Report */
/** @typedef {"host" | "srflx" | "prflx" | "relay"} CandidateType */
/**
 * `protocol`: of the path, or to one's own relay; `lost_in` and `lost_out`: of the packets since the last reading, in
 * percent, null where unknown.
 * @typedef {{
 *   mine: CandidateType | null,
 *   theirs: CandidateType | null,
 *   protocol: "udp" | "tcp" | "tls" | null,
 *   relay: string | null,
 *   delay_ms: number | null,
 *   lost_in: number | null,
 *   lost_out: number | null,
 * }} Details
 */

/** Fewer packets than these say nothing about loss. */
const LEAST_PACKETS = 12;
const TYPES = /** @type {const} */ (["host", "srflx", "prflx", "relay"]);
const PROTOCOLS = /** @type {const} */ (["udp", "tcp", "tls"]);

/** Reads the details once a second; losses are those in between. */
export class DetailsMeter {
  #received = 0;
  #lost = 0;

  /**
   * @param {Report} report
   * @returns {Details | null} null while no pair of candidates is selected
   */
  read(report) {
    let received = 0;
    let lost = 0;
    /** @type {number | null} */ let theirs = null;
    report.forEach((stats) => {
      if (stats.type === "inbound-rtp") {
        received += stats.packetsReceived ?? 0;
        lost += Math.max(0, stats.packetsLost ?? 0);
      } else if (stats.type === "remote-inbound-rtp" && typeof stats.fractionLost === "number") {
        theirs = Math.max(theirs ?? 0, stats.fractionLost);
      }
    });
    const came = Math.max(0, received - this.#received);
    const missed = Math.max(0, lost - this.#lost);
    this.#received = received;
    this.#lost = lost;

    const selected = selectedPair(report);
    if (!selected) return null;
    const { pair, local, remote } = selected;
    const relayed = local.candidateType === "relay";
    return {
      mine: oneOf(TYPES, local.candidateType),
      theirs: oneOf(TYPES, remote.candidateType),
      protocol: oneOf(PROTOCOLS, (relayed && local.relayProtocol) || local.protocol),
      relay: relayed ? hostOf(local.url) : null,
      delay_ms: roundDelay(pair.currentRoundTripTime),
      lost_in: came + missed < LEAST_PACKETS ? null : percent(missed / (came + missed)),
      lost_out: theirs === null ? null : percent(theirs),
    };
  }
}

/**
 * @template {string} T
 * @param {readonly T[]} known
 * @param {unknown} value
 * @returns {T | null}
 */
const oneOf = (known, value) => known.find((one) => one === String(value).toLowerCase()) ?? null;

/** @param {number} fraction */
const percent = (fraction) => Math.round(fraction * 1000) / 10;
