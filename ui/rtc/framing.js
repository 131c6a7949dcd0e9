// The binary messages on the media socket: a 16-byte header, big-endian, and one coded VP8 frame; or an own picture.
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

/** Bytes before a camera's own picture: the header, width and height. */
export const OWN_HEADER = HEADER + 4;
const OWN_PICTURE = 2;
/** The largest there is, in pixels, either way up. */
const MAX_OWN = { long: 1920, short: 1080 };

/** @typedef {{camera: number, timestamp: number, width: number, height: number, data: Uint8Array<ArrayBuffer>}} OwnPicture `timestamp` in µs */

/**
 * A camera's own picture, raw: the header as above with the camera in the peer's place, then
 *
 *   16       18       20
 *   | width  | height | I420, without padding…
 *
 * @param {ArrayBuffer} message
 * @returns {OwnPicture | null} null for what is none
 */
export function readOwnPicture(message) {
  if (message.byteLength < OWN_HEADER) return null;
  const view = new DataView(message);
  const [width, height] = [view.getUint16(HEADER), view.getUint16(HEADER + 2)];
  const fits = Math.max(width, height) <= MAX_OWN.long && Math.min(width, height) <= MAX_OWN.short;
  const even = width % 2 === 0 && height % 2 === 0;
  const whole = message.byteLength === OWN_HEADER + (width * height * 3) / 2;
  if (view.getUint32(0) !== OWN_PICTURE << 24 || width === 0 || height === 0 || !fits || !even || !whole) return null;
  const [camera, timestamp] = [view.getUint32(4), Number(view.getBigUint64(8))];
  return { camera, timestamp, width, height, data: new Uint8Array(message, OWN_HEADER) };
}

/** The longest side of a picture, and the largest picture, in pixels: what the engine lets through (see PROTOCOL.md). */
export const MAX_SIDE = 4096;
export const MAX_PIXELS = 4096 * 2304;
/** Bytes before a frame's first partition: its tag, and in a key frame its start code and size. */
const DELTA_HEAD = 3;
const KEY_HEAD = 10;
/** The highest version of VP8's bitstream there is. */
const VERSION = 3;

/**
 * What a coded VP8 frame says of itself (RFC 6386, section 9.1). A decoder allocates by this, so it is read from the frame
 * and not taken from whoever passes it on.
 * @param {Uint8Array} data
 * @returns {{key: false} | {key: true, width: number, height: number} | null} null for what no decoder is to see: cut off,
 *   no VP8, or larger than any picture of a call
 */
export function readPicture(data) {
  const [low, middle, high, start0, start1, start2, width0, width1, height0, height1] = data;
  if (low === undefined || middle === undefined || high === undefined) return null;
  const key = (low & 1) === 0;
  const first = ((high << 16) | (middle << 8) | low) >>> 5;
  const room = data.length - (key ? KEY_HEAD : DELTA_HEAD);
  if (((low >> 1) & 7) > VERSION || first === 0 || first > room) return null;
  if (!key) return { key };
  if (start0 !== 0x9d || start1 !== 0x01 || start2 !== 0x2a) return null;
  const side = (/** @type {number | undefined} */ lower, /** @type {number | undefined} */ upper) =>
    (((upper ?? 0) << 8) | (lower ?? 0)) & 0x3fff;
  const [width, height] = [side(width0, width1), side(height0, height1)];
  const fits = width > 0 && height > 0 && Math.max(width, height) <= MAX_SIDE && width * height <= MAX_PIXELS;
  return fits ? { key, width, height } : null;
}
