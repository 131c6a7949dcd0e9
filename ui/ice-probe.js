// Whether one STUN or TURN server answers, and how fast: a peer connection that may use this server alone.

/** @typedef {import("./types.d.ts").IceServer} IceServer */
/** @typedef {(configuration: RTCConfiguration) => RTCPeerConnection} CreatePeerConnection */
/** @typedef {"udp" | "tcp" | "tls"} Transport to the server */
/**
 * `extra`: not configured, but the same relay over a way that passes where UDP does not.
 * @typedef {{ url: string, host: string, relay: boolean, transport: Transport, server: IceServer, extra: boolean }} Target
 */
/** @typedef {"reachable" | "refused" | "full" | "unreachable" | "unusable"} Verdict */
/** @typedef {{ verdict: Verdict, ms: number | null, candidate: string | null }} Answer `candidate`: address and port */

/** How long a server may take, in milliseconds: a call would not wait longer for it. */
export const PATIENCE_MS = 8_000;

/** STUN and TURN error codes (RFC 8489 and 8656) that say the server is there and does not want us. */
const REFUSED = [400, 401, 403, 431, 437, 438, 441];
const FULL = [486, 508];

/**
 * Every server over every transport that is configured, each once, and relays over TCP where only UDP is.
 * @param {readonly IceServer[]} servers
 * @returns {Target[]}
 */
export function targetsOf(servers) {
  const targets = servers.flatMap((server) => server.urls.flatMap((url) => targetOf(url, server, false) ?? []));
  const extras = targets.flatMap(({ relay, transport, host, url, server }) => {
    const other = targets.some((one) => one.relay && one.host === host && one.transport !== "udp");
    if (!relay || transport !== "udp" || other) return [];
    return targetOf(`${url.split("?")[0]}?transport=tcp`, server, true) ?? [];
  });
  return [...new Map([...targets, ...extras].map((one) => [one.url, one])).values()];
}

/**
 * @param {string} url
 * @param {IceServer} server
 * @param {boolean} extra
 * @returns {Target | null} null for what is no STUN or TURN address
 */
function targetOf(url, server, extra) {
  const parts = /^(stun|turn)(s?):(\[[^\]]+\]|[^:?]+)/i.exec(url);
  if (!parts?.[3]) return null;
  const tcp = /transport=tcp/i.test(url);
  const transport = parts[2] ? "tls" : tcp ? "tcp" : "udp";
  return { url, host: parts[3], relay: /^turn/i.test(url), transport, server, extra };
}

/**
 * @param {Target} target
 * @param {CreatePeerConnection} createPeerConnection
 * @returns {Promise<Answer>} never rejects
 */
export async function probe({ url, relay, server }, createPeerConnection) {
  const began = performance.now();
  try {
    const { candidates, errors, complete } = await gather(createPeerConnection, {
      configuration: { iceServers: [{ ...server, urls: [url] }], iceTransportPolicy: relay ? "relay" : "all" },
      enough: ({ type }) => type === (relay ? "relay" : "srflx"),
    });
    const found = candidates.find(({ type }) => type === (relay ? "relay" : "srflx"));
    // What a STUN server sees is no candidate of its own where it is the very address we have.
    const same = !relay && complete && errors.length === 0;
    if (!found && !same) return { verdict: verdictOf(errors), ms: null, candidate: null };
    return { verdict: "reachable", ms: Math.round(performance.now() - began), candidate: found ? addressOf(found) : null };
  } catch {
    return { verdict: "unusable", ms: null, candidate: null };
  }
}

/** @param {number[]} errors @returns {Verdict} */
function verdictOf(errors) {
  if (errors.some((code) => FULL.includes(code))) return "full";
  return errors.some((code) => REFUSED.includes(code)) ? "refused" : "unreachable";
}

/** @param {RTCIceCandidate} candidate */
function addressOf({ address, port }) {
  if (!address) return null;
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/**
 * Gathers until there is enough, or no more to come, or patience ends.
 * @param {CreatePeerConnection} createPeerConnection
 * @param {{ configuration: RTCConfiguration, enough: (candidate: RTCIceCandidate) => boolean }} options
 * @returns {Promise<{ candidates: RTCIceCandidate[], errors: number[], complete: boolean }>} rejects where the
 *   configuration is refused
 */
export async function gather(createPeerConnection, { configuration, enough }) {
  const pc = createPeerConnection(configuration);
  /** @type {RTCIceCandidate[]} */ const candidates = [];
  /** @type {number[]} */ const errors = [];
  let complete = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  try {
    pc.createDataChannel("probe");
    const done = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
      pc.addEventListener("icecandidate", ({ candidate }) => {
        if (!candidate?.candidate) {
          // An empty one only ends a generation.
          if (candidate) return;
          complete = true;
          return resolve(null);
        }
        candidates.push(candidate);
        if (enough(candidate)) resolve(null);
      });
      pc.addEventListener("icecandidateerror", ({ errorCode }) => errors.push(errorCode));
    });
    await pc.setLocalDescription();
    await done;
    return { candidates, errors, complete };
  } finally {
    clearTimeout(timer);
    pc.close();
  }
}
