// RTCConfiguration: read, checked, copied. https://www.w3.org/TR/webrtc/#set-the-configuration

import { dictionary, enumeration, integer, sequence } from "./idl.js";
import { invalidAccess, invalidModification, syntax } from "./errors.js";

/** @typedef {{urls: string[], username?: string, credential?: string}} IceServer */
/**
 * @typedef {object} Configuration
 * @property {IceServer[]} iceServers
 * @property {"all" | "relay"} iceTransportPolicy
 * @property {"balanced" | "max-compat" | "max-bundle"} bundlePolicy
 * @property {"require"} rtcpMuxPolicy
 * @property {number} iceCandidatePoolSize
 * @property {unknown[]} certificates
 */

/** Longest TURN user name, in bytes (RFC 8489, section 14.3). */
const MAX_USERNAME = 509;

const HOST = String.raw`(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.%]+\])`;
const STUN = new RegExp(`^stuns?:${HOST}(?::\\d{1,5})?$`, "i");
const TURN = new RegExp(`^turns?:${HOST}(?::\\d{1,5})?(?:\\?transport=(?:udp|tcp))?$`, "i");

/**
 * @param {unknown} value
 * @returns {Configuration}
 */
export function readConfiguration(value) {
  const raw = dictionary(value, "RTCConfiguration");
  // Web IDL reads members in alphabetical order
  const bundlePolicy = raw.bundlePolicy;
  const certificates = raw.certificates;
  const pool = raw.iceCandidatePoolSize;
  const servers = raw.iceServers;
  const policy = raw.iceTransportPolicy;
  const mux = raw.rtcpMuxPolicy;
  /** @type {Configuration} */
  const read = {
    bundlePolicy:
      bundlePolicy === undefined
        ? "balanced"
        : enumeration(bundlePolicy, ["balanced", "max-compat", "max-bundle"], "RTCBundlePolicy"),
    certificates: certificates === undefined ? [] : sequence(certificates, "certificates"),
    iceCandidatePoolSize: pool === undefined ? 0 : integer(pool, 255, "iceCandidatePoolSize"),
    iceServers: servers === undefined ? [] : sequence(servers, "iceServers").map(readServer),
    iceTransportPolicy:
      policy === undefined ? "all" : enumeration(policy, ["all", "relay"], "RTCIceTransportPolicy"),
    rtcpMuxPolicy: mux === undefined ? "require" : enumeration(mux, ["require"], "RTCRtcpMuxPolicy"),
  };
  // generateCertificate() is not supported, so nothing can be a certificate
  if (read.certificates.length > 0) throw new TypeError("certificates holds something that is no RTCCertificate");
  read.iceServers.forEach(checkServer);
  return read;
}

/**
 * @param {unknown} value
 * @returns {IceServer}
 */
function readServer(value) {
  const raw = dictionary(value, "RTCIceServer");
  if (raw.urls === undefined) throw new TypeError("An RTCIceServer needs urls");
  const many = typeof raw.urls === "object" && raw.urls !== null && Symbol.iterator in raw.urls;
  /** @type {IceServer} */
  const server = { urls: many ? sequence(raw.urls, "urls").map(String) : [String(raw.urls)] };
  if (raw.username !== undefined) server.username = String(raw.username);
  if (raw.credential !== undefined) server.credential = String(raw.credential);
  return server;
}

/** @param {IceServer} server */
function checkServer(server) {
  if (server.urls.length === 0) throw syntax("An RTCIceServer needs at least one url");
  for (const url of server.urls) {
    const port = /:(\d{1,5})(?:\?|$)/.exec(url);
    if (!(STUN.test(url) || TURN.test(url)) || (port && Number(port[1]) > 65535)) {
      throw syntax("An ICE server url is neither stun:host[:port] nor turn:host[:port][?transport=udp|tcp]");
    }
    if (!/^turns?:/i.test(url)) continue;
    if (server.username === undefined || server.credential === undefined) {
      throw invalidAccess("A TURN server needs a username and a credential");
    }
    if (new TextEncoder().encode(server.username).length > MAX_USERNAME) {
      throw invalidAccess(`A TURN username is at most ${MAX_USERNAME} bytes long`);
    }
  }
}

/**
 * What setConfiguration() may change.
 * @param {Configuration} old
 * @param {Configuration} next
 * @param {boolean} described a local description was set
 */
export function checkChange(old, next, described) {
  if (next.bundlePolicy !== old.bundlePolicy) throw invalidModification("bundlePolicy cannot change");
  if (next.rtcpMuxPolicy !== old.rtcpMuxPolicy) throw invalidModification("rtcpMuxPolicy cannot change");
  if (described && next.iceCandidatePoolSize !== old.iceCandidatePoolSize) {
    throw invalidModification("iceCandidatePoolSize cannot change after setLocalDescription()");
  }
}

/**
 * A copy a page may keep.
 * @param {Configuration} configuration
 * @returns {Configuration}
 */
export function copyConfiguration(configuration) {
  return {
    ...configuration,
    certificates: [...configuration.certificates],
    iceServers: configuration.iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
  };
}
