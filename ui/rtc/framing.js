// The binary frames on the media socket: a 16-byte header, big-endian, and one coded VP8 frame.
//
//   0        1        2                4                8                                16
//   | kind 1 | flags  | m-line index   | peer           | timestamp, µs                  | VP8…

/** Bytes before the coded frame. */
export const HEADER = 16;
/** Longest message on the socket, in bytes. */
export const MAX_FRAME = 1024 * 1024;
const VIDEO = 1;
const KEY = 1;

/**
 * @typedef {object} Frame
 * @property {number} peer the engine's handle
 * @property {number} index of the m-line
 * @property {boolean} key
 * @property {number} timestamp µs
 * @property {Uint8Array} data
 */

/**
 * A message with room for `length` bytes of coded frame at its end.
 * @param {{peer: number, index: number, key: boolean, timestamp: number}} header
 * @param {number} length
 * @returns {{message: ArrayBuffer, room: Uint8Array<ArrayBuffer>}}
 */
export function frameMessage({ peer, index, key, timestamp }, length) {
  const message = new ArrayBuffer(HEADER + length);
  const view = new DataView(message);
  view.setUint8(0, VIDEO);
  view.setUint8(1, key ? KEY : 0);
  view.setUint16(2, index);
  view.setUint32(4, peer);
  view.setBigUint64(8, BigInt(Math.max(0, Math.round(timestamp))));
  return { message, room: new Uint8Array(message, HEADER) };
}

/**
 * @param {ArrayBuffer} message
 * @returns {Frame | null} null for what is no video frame
 */
export function readFrame(message) {
  if (message.byteLength <= HEADER || message.byteLength > MAX_FRAME + HEADER) return null;
  const view = new DataView(message);
  if (view.getUint8(0) !== VIDEO) return null;
  return {
    key: (view.getUint8(1) & KEY) !== 0,
    index: view.getUint16(2),
    peer: view.getUint32(4),
    timestamp: Number(view.getBigUint64(8)),
    data: new Uint8Array(message, HEADER),
  };
}

/**
 * The size a VP8 key frame announces (RFC 6386, section 9.1).
 * @param {Uint8Array} data
 * @returns {{width: number, height: number} | null} null for a frame that is no key frame, or too short to be one
 */
export function keyFrameSize(data) {
  const [tag, , , start0, start1, start2, width0, width1, height0, height1] = data;
  if (tag === undefined || (tag & 1) !== 0 || height1 === undefined) return null;
  if (start0 !== 0x9d || start1 !== 0x01 || start2 !== 0x2a) return null;
  const width = ((width1 ?? 0) << 8 | (width0 ?? 0)) & 0x3fff;
  const height = (height1 << 8 | (height0 ?? 0)) & 0x3fff;
  return width > 0 && height > 0 ? { width, height } : null;
}
