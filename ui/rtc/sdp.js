// SDP as far as the W3C algorithms look into it: sections, mids, directions, streams. Everything else is kept verbatim.
// https://www.rfc-editor.org/rfc/rfc8866, https://www.rfc-editor.org/rfc/rfc9429 (JSEP)

/** Longest description that is looked at, in characters. */
export const MAX_LENGTH = 512 * 1024;
/** Most m= sections in one description. */
export const MAX_SECTIONS = 256;

/** @typedef {"sendrecv" | "sendonly" | "recvonly" | "inactive"} Direction */
/** @typedef {{stream: string | null, track: string | null}} Msid */
/**
 * @typedef {object} Section
 * @property {string[]} lines every line of the section, the m= line first
 * @property {string} kind `audio`, `video`, `application` or whatever the m= line says
 * @property {number} port
 * @property {string | null} mid
 * @property {Direction} direction
 * @property {Msid[]} msids
 * @property {boolean} rejected port 0 without `a=bundle-only`
 * @property {string | null} ufrag its own or the session's
 * @property {string | null} pwd
 */
/** @typedef {{session: string[], media: Section[]}} Description */

/** A description that cannot be read; `line` counts from 1. */
export class SdpError extends Error {
  /**
   * @param {string} message
   * @param {number} line
   */
  constructor(message, line) {
    super(`${message} (line ${line})`);
    this.name = "SdpError";
    this.line = line;
  }
}

/** @type {readonly Direction[]} */
const DIRECTIONS = ["sendrecv", "sendonly", "recvonly", "inactive"];

const M_LINE = /^m=([a-zA-Z0-9-]{1,32}) (\d{1,5})(?:\/\d{1,5})? ([A-Za-z0-9/-]{1,64})((?: [^ ]+)+)$/;
const TOKEN = /^[\x21\x23-\x27\x2a\x2b\x2d\x2e\x30-\x39\x41-\x5a\x5e-\x7e]{1,256}$/;

/**
 * @param {string} text
 * @returns {Description}
 * @throws {SdpError}
 */
export function parse(text) {
  if (text.length > MAX_LENGTH) throw new SdpError("The description is too long", 1);
  const lines = text.split(/\r\n|\n/);
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  if (lines[0] !== "v=0") throw new SdpError("A description starts with v=0", 1);
  /** @type {Description} */
  const description = { session: [], media: [] };
  /** @type {Section | null} */
  let section = null;
  /** @type {{direction: Direction, ufrag: string | null, pwd: string | null}} */
  const session = { direction: "sendrecv", ufrag: null, pwd: null };
  /** @type {Set<string>} */
  const mids = new Set();
  lines.forEach((line, at) => {
    // eslint-disable-next-line no-control-regex -- a control character is exactly what must be refused
    if (!/^[a-z]=[^\r\0]*$/.test(line)) throw new SdpError("A line is not type=value", at + 1);
    if (line.startsWith("m=")) {
      if (description.media.length >= MAX_SECTIONS) throw new SdpError("There are too many sections", at + 1);
      section = openSection(line, at + 1, session);
      description.media.push(section);
      return;
    }
    (section?.lines ?? description.session).push(line);
    if (!line.startsWith("a=")) return;
    if (section) readAttribute(section, line.slice(2), at + 1, mids);
    else readSessionAttribute(session, line.slice(2));
  });
  if (!description.session.some((line) => line.startsWith("o="))) throw new SdpError("There is no o= line", 2);
  for (const one of description.media) {
    one.rejected = one.port === 0 && !one.lines.includes("a=bundle-only");
  }
  return description;
}

/**
 * @param {string} line
 * @param {number} number
 * @param {{direction: Direction, ufrag: string | null, pwd: string | null}} session
 * @returns {Section}
 */
function openSection(line, number, session) {
  const found = M_LINE.exec(line);
  if (!found || Number(found[2]) > 65535) throw new SdpError("An m= line is malformed", number);
  return {
    lines: [line],
    kind: String(found[1]),
    port: Number(found[2]),
    mid: null,
    direction: session.direction,
    msids: [],
    rejected: false,
    ufrag: session.ufrag,
    pwd: session.pwd,
  };
}

/**
 * @param {{direction: Direction, ufrag: string | null, pwd: string | null}} session
 * @param {string} attribute
 */
function readSessionAttribute(session, attribute) {
  const direction = DIRECTIONS.find((one) => one === attribute);
  if (direction) session.direction = direction;
  if (attribute.startsWith("ice-ufrag:")) session.ufrag = attribute.slice(10);
  if (attribute.startsWith("ice-pwd:")) session.pwd = attribute.slice(8);
}

/**
 * @param {Section} section
 * @param {string} attribute
 * @param {number} number
 * @param {Set<string>} mids those seen before
 */
function readAttribute(section, attribute, number, mids) {
  const direction = DIRECTIONS.find((one) => one === attribute);
  if (direction) section.direction = direction;
  else if (attribute.startsWith("mid:")) {
    const mid = attribute.slice(4);
    if (!TOKEN.test(mid)) throw new SdpError("A mid is malformed", number);
    if (mids.has(mid)) throw new SdpError("Two sections have the same mid", number);
    mids.add(mid);
    section.mid = mid;
  } else if (attribute.startsWith("msid:")) {
    const [stream, track] = attribute.slice(5).split(" ", 2);
    if (!stream || !TOKEN.test(stream)) throw new SdpError("An msid is malformed", number);
    section.msids.push({ stream: stream === "-" ? null : stream, track: track ?? null });
  } else if (attribute.startsWith("ice-ufrag:")) section.ufrag = attribute.slice(10);
  else if (attribute.startsWith("ice-pwd:")) section.pwd = attribute.slice(8);
}

/**
 * @param {Description} description
 * @returns {string} with CRLF line ends, as SDP has them
 */
export function serialize(description) {
  const lines = [...description.session, ...description.media.flatMap((section) => section.lines)];
  return lines.map((line) => `${line}\r\n`).join("");
}

/**
 * The ids of the streams a section's track belongs to, each once, in order.
 * @param {Section} section
 * @returns {string[]}
 */
export function streamIds(section) {
  return [...new Set(section.msids.flatMap(({ stream }) => (stream === null ? [] : [stream])))];
}

/**
 * The direction as the other side sees it.
 * @template {Direction} T
 * @param {T} direction
 * @returns {Direction}
 */
export function reversed(direction) {
  if (direction === "sendonly") return "recvonly";
  if (direction === "recvonly") return "sendonly";
  return direction;
}

/** @param {string | null} direction */
export const sends = (direction) => direction === "sendrecv" || direction === "sendonly";
/** @param {string | null} direction */
export const receives = (direction) => direction === "sendrecv" || direction === "recvonly";

/**
 * @param {boolean} send
 * @param {boolean} receive
 * @returns {Direction}
 */
export function directionOf(send, receive) {
  if (send) return receive ? "sendrecv" : "sendonly";
  return receive ? "recvonly" : "inactive";
}

/**
 * What an answer may say: our wish within what was offered (`offered` as we see it).
 * @param {Direction} wish
 * @param {Direction} offered
 */
export function intersection(wish, offered) {
  return directionOf(sends(wish) && sends(offered), receives(wish) && receives(offered));
}

/**
 * The description with a candidate added to its section; an empty candidate ends the section's list.
 * @param {string} text
 * @param {string | null} mid
 * @param {number | null} index used where there is no mid; with neither, every section is meant
 * @param {string} candidate
 * @returns {string} unchanged where there is no such section
 */
export function withCandidate(text, mid, index, candidate) {
  const description = parse(text);
  const line = candidate === "" ? "a=end-of-candidates" : `a=${candidate.replace(/^a=/, "")}`;
  if (/[\r\n]/.test(line)) return text;
  const sections = description.media.filter((section, at) =>
    mid === null ? index === null || at === index : section.mid === mid,
  );
  for (const { lines } of sections) if (!lines.includes(line)) lines.push(line);
  return sections.length > 0 ? serialize(description) : text;
}
