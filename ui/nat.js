// What kind of address translation lies between this computer and the internet, from what STUN servers saw.
// Terms as in RFC 4787: "friendly" maps independently of the endpoint, "symmetric" does not.
import { gather } from "./ice-probe.js";

/** @typedef {import("./ice-probe.js").Target} Target */
/** @typedef {"none" | "friendly" | "symmetric" | "unknown" | "blocked" | "no_stun"} Nat */
/**
 * The parts of a candidate that count.
 * @typedef {{ type: string | null, address: string | null, port: number | null, relatedPort: number | null }} Seen
 */

/** More servers would say nothing new. */
const MOST_SERVERS = 4;

/**
 * Where to ask: each host and port once, by UDP; a relay answers STUN as well.
 * @param {readonly Target[]} targets that answer
 * @returns {string[]} `stun:` URLs
 */
export function stunUrls(targets) {
  const udp = targets.filter(({ transport }) => transport === "udp");
  const urls = udp.map(({ url }) => url.replace(/^turn/i, "stun").split("?")[0] ?? url);
  return [...new Set(urls.map((url) => url.replace(/:3478$/, "")))].slice(0, MOST_SERVERS);
}

/**
 * All servers are asked from the same port: whether they see the same one is the question.
 * @param {readonly Target[]} targets that answer
 * @param {import("./ice-probe.js").CreatePeerConnection} createPeerConnection
 * @param {boolean} asked whether any STUN server is configured at all
 * @returns {Promise<Nat>}
 */
export async function examineNat(targets, createPeerConnection, asked) {
  if (!asked) return "no_stun";
  const urls = stunUrls(targets);
  if (urls.length === 0) return "blocked";
  try {
    const configuration = { iceServers: urls.map((url) => ({ urls: [url] })) };
    const { candidates } = await gather(createPeerConnection, { configuration, enough: () => false });
    return judge(candidates, urls.length);
  } catch {
    return "unknown";
  }
}

/**
 * @param {readonly Seen[]} candidates
 * @param {number} servers that answered
 * @returns {Nat}
 */
export function judge(candidates, servers) {
  const own = candidates.filter(({ type }) => type === "host").map(({ address }) => address ?? "");
  const seen = candidates.filter(({ type, address }) => type === "srflx" && address && !address.includes(":"));
  // They answered, and told us nothing new.
  if (seen.length === 0) return "none";
  if (seen.every(({ address }) => own.includes(address ?? ""))) return "none";
  /** Ports by which one of ours is seen. @type {Map<string, Set<number | null>>} */
  const ports = new Map();
  for (const { address, port, relatedPort } of seen) {
    // A browser that hides our addresses hides this port too; then the address tells them apart.
    const ours = relatedPort ? `port ${relatedPort}` : `at ${address}`;
    ports.set(ours, (ports.get(ours) ?? new Set()).add(port));
  }
  if ([...ports.values()].some((set) => set.size > 1)) return "symmetric";
  return servers > 1 ? "friendly" : "unknown";
}
