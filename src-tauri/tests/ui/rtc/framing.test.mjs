import { test } from "node:test";
import assert from "node:assert/strict";
import { frameMessage, HEADER, MAX_FRAME, readFrame, readOwnPicture, readPicture } from "../../../../ui/rtc/framing.js";

/** @param {ArrayBuffer | Uint8Array} bytes */
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
/** @param {string} text */
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16)).buffer;

const GOLDEN = "01" + "01" + "0102" + "0a0b0c0d" + "0000000123456789" + "deadbeef";

test("a key frame's golden bytes", () => {
  const header = { peer: 0x0a0b0c0d, index: 0x0102, key: true, timestamp: 0x123456789 };
  const { message, room } = frameMessage(header, 4);
  room.set([0xde, 0xad, 0xbe, 0xef]);
  assert.equal(hex(message), GOLDEN);
  const read = readFrame(unhex(GOLDEN));
  assert.ok(read);
  assert.deepEqual({ ...read, data: hex(read.data) }, { ...header, data: "deadbeef" });
});

test("a delta frame has no flag, and times are whole microseconds from zero on", () => {
  assert.equal(hex(frameMessage({ peer: 1, index: 0, key: false, timestamp: 33333.6 }, 0).message), "01000000000000010000000000008236");
  assert.equal(hex(frameMessage({ peer: 1, index: 0, key: false, timestamp: -5 }, 0).message), "01000000000000010000000000000000");
});

test("any header comes back as it went", () => {
  for (let round = 0; round < 500; round += 1) {
    const header = {
      peer: (round * 2654435761) >>> 0,
      index: (round * 40503) & 0xffff,
      key: round % 3 === 0,
      timestamp: round * 33_333_333,
    };
    const { message, room } = frameMessage(header, round + 1);
    room.fill(round & 255);
    const { data, ...read } = readFrame(message) ?? assert.fail("unreadable");
    assert.deepEqual(read, header);
    assert.equal(data.length, round + 1);
  }
});

test("what is no video frame is left alone", () => {
  for (const text of ["", "01", GOLDEN.slice(0, HEADER * 2), `02${GOLDEN.slice(2)}`, `00${GOLDEN.slice(2)}`]) {
    assert.equal(readFrame(unhex(text)), null, text);
  }
  assert.equal(readFrame(new ArrayBuffer(MAX_FRAME + HEADER + 1)), null);
});

/**
 * A frame of `length` bytes whose first part claims `first`.
 * @param {{width: number, height: number} | null} size null for a delta frame
 * @param {number} [first]
 * @param {number} [length]
 */
function picture(size, first = 16, length = 100) {
  const tag = (first << 5) | 0x10 | (size ? 0 : 1);
  const head = [tag & 255, (tag >> 8) & 255, (tag >> 16) & 255];
  if (size) head.push(0x9d, 0x01, 0x2a, size.width & 255, size.width >> 8, size.height & 255, size.height >> 8);
  return Uint8Array.from({ length }, (_, at) => head[at] ?? 0x55);
}
const vga = { width: 640, height: 480 };

test("a key frame tells its size; scaling is not part of it, and nothing beside it is believed", () => {
  assert.deepEqual(readPicture(picture(vga)), { key: true, ...vga });
  assert.deepEqual(readPicture(picture({ width: 640 | 0x4000, height: 480 | 0xc000 })), { key: true, ...vga });
  assert.deepEqual(readPicture(picture(null)), { key: false });
});

test("a picture is as large as was agreed on, either way up, or no decoder sees it", () => {
  for (const [width, height] of /** @type {const} */ ([[4096, 2304], [2304, 4096], [1, 1]])) {
    assert.ok(readPicture(picture({ width, height })), `${width}×${height}`);
  }
  for (const [width, height] of /** @type {const} */ ([[16383, 16383], [4096, 2305], [4097, 1], [1, 4097], [3073, 3072], [0, 480], [640, 0]])) {
    assert.equal(readPicture(picture({ width, height })), null, `${width}×${height}`);
  }
});

test("a frame that is cut off or lies about its parts is no frame", () => {
  assert.ok(readPicture(picture(vga, 90)) && readPicture(picture(null, 97)));
  for (const [size, first] of /** @type {const} */ ([[vga, 91], [vga, 0], [null, 98], [null, 0], [vga, 0x7ffff], [null, 0x7ffff]])) {
    assert.equal(readPicture(picture(size, first)), null, `${first}`);
  }
  for (let length = 0; length < 11; length += 1) assert.equal(readPicture(picture(vga, 1, length)), null, `${length} bytes`);
  for (const at of [3, 4, 5]) assert.equal(readPicture(picture(vga).with(at, 0)), null, "no start code");
  for (let version = 0; version < 8; version += 1) {
    assert.equal(readPicture(picture(null).with(0, 0x11 | (version << 1))) !== null, version <= 3, `version ${version}`);
  }
});

test("an own picture is read, and nothing that is cut off, odd or longer than it says", () => {
  const own = "02" + "00" + "0000" + "00000007" + "0000000123456789" + "0002" + "0002" + "101112138081";
  const { data, ...header } = readOwnPicture(unhex(own)) ?? assert.fail("it is one");
  assert.deepEqual(header, { camera: 7, timestamp: 0x123456789, width: 2, height: 2 });
  assert.equal(hex(data), "101112138081");
  assert.equal(readFrame(unhex(own)), null);
  const wrong = ["", own.slice(0, -2), own + "00", own.replace(/^02/, "01"), own.replace("00020002", "00010003"), own.replace("00020002", "00000000")];
  for (const message of wrong) assert.equal(readOwnPicture(unhex(message)), null, message);
});
