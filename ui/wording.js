// What the app says about a call: the state, the end, the path, the trouble.
import { t } from "./i18n.js";

/** @typedef {import("./types.d.ts").CallSnapshot} CallSnapshot */
/** @typedef {import("./types.d.ts").EndReason} EndReason */
/** @typedef {import("./types.d.ts").Direction} Direction */
/** @typedef {import("./session.js").MediaView} MediaView */
/** @typedef {import("./i18n.js").Key} Key */

/** Every reason, as each side reads it. @type {Record<EndReason, Record<Direction, Key>>} */
const ENDED = {
  declined: { outgoing: "ended.declined", incoming: "ended.declined_by_me" },
  busy: { outgoing: "ended.busy", incoming: "ended.busy_here" },
  no_answer: { outgoing: "ended.no_answer", incoming: "ended.missed" },
  missed: { outgoing: "ended.no_answer", incoming: "ended.missed" },
  cancelled: { outgoing: "ended.cancelled", incoming: "ended.missed" },
  unreachable: { outgoing: "ended.unreachable", incoming: "ended.unreachable" },
  ended_by_me: { outgoing: "ended.ended", incoming: "ended.ended" },
  ended_by_peer: { outgoing: "ended.ended", incoming: "ended.ended" },
  lost: { outgoing: "ended.lost", incoming: "ended.lost" },
  untrusted: { outgoing: "ended.untrusted", incoming: "ended.untrusted" },
  not_connected: { outgoing: "ended.not_connected", incoming: "ended.not_connected" },
};

/** All reasons a call can end for. */
export const END_REASONS = /** @type {EndReason[]} */ (Object.keys(ENDED));

/**
 * @param {EndReason | null} reason
 * @param {Direction} direction
 * @param {string} name
 */
export function endedText(reason, direction, name) {
  return t(ENDED[reason ?? "ended_by_me"][direction], { name });
}

/**
 * The one line that says where a call stands; empty while it is ringing here, where the dialog says it.
 * @param {CallSnapshot} call
 * @param {boolean} [held] the other side has put it on hold
 * @returns {string}
 */
export function statusText(call, held = false) {
  switch (call.phase) {
    case "inviting":
      return call.direction === "outgoing" ? t("status.calling", { name: call.name }) : "";
    case "ringing":
      return call.direction === "outgoing" ? t("status.ringing") : "";
    case "connecting":
      return t("status.connecting");
    case "connected":
      return held ? t("hold.by_them", { name: call.name }) : t("status.connected");
    case "reconnecting":
      return t("status.reconnecting");
    case "ended":
      return laterText(call) ?? endedText(call.reason, call.direction, call.name);
  }
}

/** That who could not answer calls back; null: nobody said so. @param {CallSnapshot} call */
function laterText({ later_minutes: count, direction, name }) {
  if (count === null || count === undefined) return null;
  return t(direction === "outgoing" ? "ended.later" : "ended.later_by_me", { name, count });
}

/**
 * Why no path was found: the rule of this side that forbade one, or the relay that passed nothing on.
 * @param {import("./types.d.ts").IcePolicy} policy of calls with them
 * @param {readonly string[]} relays the hosts of the TURN servers that were there to be used
 * @param {string} name of the other side
 * @param {import("./call-diagnosis.js").Diagnosis | null} [diagnosis] what both sides said they had
 */
export function notConnectedText(policy, relays, name, diagnosis = null) {
  const hasRelay = relays.length > 0;
  const { mine, theirs } = diagnosis ?? { mine: null, theirs: null };
  if (theirs?.relayOnly && theirs.relay !== "reachable") return t("ended.not_connected_their_rule", { name });
  if (mine?.relay === "unreachable") return t("ended.not_connected_my_relay", { relays: relays.join(", ") });
  if (theirs?.relay === "unreachable" && mine?.relay !== "reachable") return t("ended.not_connected_their_relay", { name });
  if (policy === "lan_only") return t("ended.not_connected_lan", { name });
  if (policy === "relay_only") return t(hasRelay ? "ended.not_connected_relay_only" : "ended.not_connected_no_relay", { name });
  return t(hasRelay && policy === "stun_turn" ? "ended.not_connected_relay" : "ended.not_connected", { name });
}

/** @param {MediaView["path"]} path */
export function pathText(path) {
  switch (path?.kind) {
    case undefined:
      return t("path.finding");
    case "network":
      return t("path.network");
    case "internet":
      return t("path.internet");
    case "relay":
      return path.relay ? t("path.relay", { relay: path.relay }) : t("path.relay_unknown");
  }
}

/** @param {MediaView["path"]} path with the delay, where known */
export function pathDetail(path) {
  const text = pathText(path);
  return path?.delay_ms ? t("path.delay", { text, count: path.delay_ms }) : text;
}

/** @typedef {import("./call-details.js").CandidateType} CandidateType */

/** @type {Record<CandidateType, Key>} */
const CANDIDATE = { host: "path.host", srflx: "path.srflx", prflx: "path.prflx", relay: "path.relay_end" };
/** @type {Record<"udp" | "tcp" | "tls", Key>} */
const PROTOCOL = { udp: "path.udp", tcp: "path.tcp", tls: "path.tls" };

/**
 * What is behind the path, as rows of a label and a value; what is unknown has none.
 * @param {MediaView["path"]} path
 * @param {MediaView["details"]} details
 * @param {string} name of the other side
 * @returns {[string, string][]}
 */
export function detailRows(path, details, name) {
  if (!details) return [[t("call.path"), pathText(path)]];
  const { mine, theirs, protocol, relay, delay_ms, lost_in, lost_out } = details;
  const loss = (/** @type {number} */ count) => t("path.percent", { count });
  /** @type {[string, string | null][]} */
  const rows = [
    [t("path.mine"), mine && t(CANDIDATE[mine])],
    [t("path.theirs", { name }), theirs && t(CANDIDATE[theirs])],
    [t("path.protocol"), protocol && t(PROTOCOL[protocol])],
    [t("path.relay_name"), relay],
    [t("path.round_trip"), delay_ms === null ? null : t("path.ms", { count: delay_ms })],
    [t("path.lost_in"), lost_in === null ? null : loss(lost_in)],
    [t("path.lost_out", { name }), lost_out === null ? null : loss(lost_out)],
  ];
  return rows.flatMap(([label, value]) => (value === null ? [] : [[label, value]]));
}

/** @type {Record<1 | 2 | 3, Key>} */
const QUALITY = { 1: "quality.weak", 2: "quality.fair", 3: "quality.good" };

/** @param {NonNullable<MediaView["quality"]>} quality */
export const qualityText = (quality) => t(QUALITY[quality.level]);

/** @typedef {import("./media.js").DeviceState} DeviceState */

/** @type {Record<DeviceState, Key | null>} */
const NO_MICROPHONE = {
  ok: null,
  off: null,
  none: "trouble.no_microphone",
  denied: "trouble.microphone_denied",
  busy: "trouble.microphone_busy",
};
/** @type {Record<DeviceState, Key | null>} */
const NO_CAMERA = {
  ok: null,
  off: null,
  none: "trouble.no_camera",
  denied: "trouble.camera_denied",
  busy: "trouble.camera_busy",
};

/**
 * What keeps the two from hearing or seeing each other, the worst first.
 * @param {MediaView} media
 * @param {string} name of the other side
 * @returns {string[]}
 */
export function troubles(media, name) {
  /** @type {(Key | null)[]} */
  const keys = [
    NO_MICROPHONE[media.microphone],
    media.muted ? "trouble.muted" : null,
    NO_CAMERA[media.camera],
    media.shareFailed ? "trouble.share_failed" : null,
    media.quality?.weak === "mine" ? "trouble.weak_mine" : null,
    media.quality?.weak === "theirs" ? "trouble.weak_theirs" : null,
  ];
  return keys.flatMap((key) => (key ? [t(key, { name })] : []));
}

/**
 * A duration as people read a clock: 0:07, 12:30, 1:02:03.
 * @param {number} ms
 */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** @typedef {import("./ice-probe.js").Verdict} Verdict */

/** @type {Record<Exclude<Verdict, "reachable">, Key>} */
const NO_ANSWER = {
  refused: "doctor.refused",
  full: "doctor.full",
  unreachable: "doctor.unreachable",
  unusable: "doctor.unusable",
};

/**
 * How a server answered.
 * @param {import("./ice-probe.js").Target} target
 * @param {import("./ice-probe.js").Answer | null} answer
 */
export function answerText({ url, relay, extra }, answer) {
  if (answer === null) return t("doctor.testing");
  if (answer.verdict !== "reachable") return t(NO_ANSWER[answer.verdict]);
  const parts = [t("doctor.reachable", { count: answer.ms ?? 0 })];
  if (answer.candidate) parts.push(t(relay ? "doctor.relays_at" : "doctor.sees", { address: answer.candidate }));
  else if (!relay) parts.push(t("doctor.same"));
  if (extra) parts.push(t("doctor.extra", { url }));
  return parts.join(" ");
}

/** @type {Record<import("./nat.js").Nat, Key>} */
const NAT = {
  none: "nat.none",
  friendly: "nat.friendly",
  symmetric: "nat.symmetric",
  unknown: "nat.unknown",
  blocked: "nat.blocked",
  no_stun: "nat.no_stun",
};

/** @param {import("./nat.js").Nat} nat what it means for calls */
export const natText = (nat) => t(NAT[nat]);
