// What the statistics of a peer connection say about the call, in the terms a person uses.
// Pure: a report in, a judgement out. Dictionaries as in the W3C "Identifiers for WebRTC's Statistics API".

/** @typedef {{ kind: "network" | "internet" | "relay", relay: string | null, delay_ms: number | null }} Path */
/** @typedef {{ level: 1 | 2 | 3, weak: "mine" | "theirs" | null }} Quality `level`: 3 good, 2 fair, 1 weak */
/** @typedef {{ forEach(visit: (stats: any) => void): void }} Report */

/**
 * The pair of candidates in use, and its two ends; null while none is selected.
 * @param {Report} report
 */
export function selectedPair(report) {
  const byId = new Map();
  report.forEach((stats) => byId.set(stats.id, stats));
  const all = [...byId.values()];
  const transport = all.find((stats) => stats.type === "transport" && stats.selectedCandidatePairId);
  const pair =
    byId.get(transport?.selectedCandidatePairId) ??
    all.find((stats) => stats.type === "candidate-pair" && stats.nominated && stats.state === "succeeded");
  if (!pair) return null;
  return { pair, local: byId.get(pair.localCandidateId) ?? {}, remote: byId.get(pair.remoteCandidateId) ?? {} };
}

/**
 * How the call travels; null while no pair of candidates is selected.
 * @param {Report} report
 * @returns {Path | null}
 */
export function readPath(report) {
  const selected = selectedPair(report);
  if (!selected) return null;
  const { pair, local, remote } = selected;
  const delay_ms = roundDelay(pair.currentRoundTripTime);
  if (local.candidateType === "relay") return { kind: "relay", relay: hostOf(local.url), delay_ms };
  if (remote.candidateType === "relay") return { kind: "relay", relay: null, delay_ms };
  return { kind: crossesTheInternet(local, remote) ? "internet" : "network", relay: null, delay_ms };
}

/** @typedef {{ candidateType?: string, address?: string | null }} Candidate */

/**
 * A translated address leads over the internet, and so does a public one that is not of one's own network.
 * A peer reflexive candidate may be either (it is also what a hidden host address looks like): its address decides,
 * and an unknown one counts as near.
 * @param {Candidate} local
 * @param {Candidate} remote
 */
function crossesTheInternet(local, remote) {
  if (local.candidateType === "srflx" || remote.candidateType === "srflx") return true;
  const far = remote.address ?? "";
  if (far === "" || isLocalAddress(far)) return false;
  return networkOf(local.address ?? "") !== networkOf(far);
}

/**
 * The network a public address is most likely in: the first 64 bits of IPv6, the first 24 of IPv4.
 * @param {string} address
 */
function networkOf(address) {
  if (!address.includes(":")) return address.split(".").slice(0, 3).join(".");
  const [head = "", tail] = address.toLowerCase().replace(/^\[|\]$/g, "").split("::");
  const groups = head.split(":");
  const behind = tail ? tail.split(":").length : 0;
  // "::" stands for as many zero groups as are missing from eight.
  if (tail !== undefined) while (groups.length + behind < 8) groups.push("0");
  return groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}

/**
 * Whether an address can only be reached on the network one is in: private, link-local, unique local,
 * loopback (RFC 1918, 3927, 4193, 6598) or an mDNS name.
 * @param {string} address
 */
export function isLocalAddress(address) {
  const lower = address.toLowerCase().replace(/^\[|\]$/g, "");
  if (lower.endsWith(".local")) return true;
  const mapped = lower.replace(/^::ffff:(?=\d+\.)/, "");
  if (/^\d+\.\d+\.\d+\.\d+$/.test(mapped)) {
    const [a = 0, b = 0] = mapped.split(".").map(Number);
    return (
      a === 10 ||
      a === 127 ||
      (a === 172 && b >= 16 && b <= 31) ||
      (a === 192 && b === 168) ||
      (a === 169 && b === 254) ||
      (a === 100 && b >= 64 && b <= 127)
    );
  }
  return mapped === "::1" || /^f[cd]/.test(mapped) || /^fe[89ab]/.test(mapped);
}

/** @param {unknown} url `turn:host:port?transport=…` */
export function hostOf(url) {
  const host = /^turns?:(\[[^\]]+\]|[^:?]+)/i.exec(String(url ?? ""));
  return host?.[1] ?? null;
}

/**
 * Milliseconds in steps coarse enough not to flicker.
 * @param {unknown} seconds
 */
export function roundDelay(seconds) {
  if (typeof seconds !== "number") return null;
  const ms = seconds * 1000;
  return ms < 20 ? Math.max(1, Math.round(ms)) : Math.round(ms / 10) * 10;
}

/** Loss above which speech and pictures visibly suffer, as a fraction. */
const WEAK_LOSS = 0.08;
const FAIR_LOSS = 0.03;
/** Round trips above which people begin to talk over each other, in seconds. */
const WEAK_DELAY = 0.6;
const FAIR_DELAY = 0.3;

/** Judges a call by what happened since the last reading. */
export class QualityMeter {
  #received = 0;
  #lost = 0;

  /**
   * @param {Report} report
   * @returns {Quality | null} null when nothing was received yet
   */
  read(report) {
    let received = 0;
    let lost = 0;
    let theirLoss = 0;
    let delay = 0;
    report.forEach((stats) => {
      if (stats.type === "inbound-rtp") {
        received += stats.packetsReceived ?? 0;
        lost += Math.max(0, stats.packetsLost ?? 0);
      } else if (stats.type === "remote-inbound-rtp") {
        theirLoss = Math.max(theirLoss, stats.fractionLost ?? 0);
        delay = Math.max(delay, stats.roundTripTime ?? 0);
      } else if (stats.type === "candidate-pair" && stats.nominated) {
        delay = Math.max(delay, stats.currentRoundTripTime ?? 0);
      }
    });
    const newlyReceived = Math.max(0, received - this.#received);
    const newlyLost = Math.max(0, lost - this.#lost);
    this.#received = received;
    this.#lost = lost;
    if (received === 0) return null;
    const total = newlyReceived + newlyLost;
    // Under a dozen packets a single loss says nothing.
    const myLoss = total < 12 ? 0 : newlyLost / total;
    const worst = Math.max(myLoss, theirLoss);
    if (worst < FAIR_LOSS && delay < FAIR_DELAY) return { level: 3, weak: null };
    if (worst < WEAK_LOSS && delay < WEAK_DELAY) return { level: 2, weak: null };
    return { level: 1, weak: this.#side(myLoss, theirLoss) };
  }

  /**
   * What they send and we miss is lost on their way up or our way down; what both miss is most likely ours.
   * @param {number} myLoss
   * @param {number} theirLoss
   * @returns {"mine" | "theirs" | null}
   */
  #side(myLoss, theirLoss) {
    if (theirLoss >= WEAK_LOSS) return "mine";
    return myLoss >= WEAK_LOSS ? "theirs" : null;
  }
}
