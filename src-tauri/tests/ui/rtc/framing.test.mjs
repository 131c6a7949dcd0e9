import { test } from "node:test";
import assert from "node:assert/strict";
import { frameMessage, HEADER, keyFrameSize, MAX_FRAME, readFrame } from "../../../../ui/rtc/framing.js";

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

test("a key frame tells its size, nothing else does", () => {
  const key = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
  assert.deepEqual(keyFrameSize(Uint8Array.from(key)), { width: 640, height: 480 });
  // the two upper bits are a scaling hint
  assert.deepEqual(keyFrameSize(Uint8Array.from([...key.slice(0, 7), 0x42, 0xe0, 0x81])), { width: 640, height: 480 });
  assert.equal(keyFrameSize(Uint8Array.from([0x11, ...key.slice(1)])), null, "a delta frame");
  assert.equal(keyFrameSize(Uint8Array.from(key.slice(0, 9))), null, "too short");
  assert.equal(keyFrameSize(Uint8Array.from([...key.slice(0, 3), 0, 0, 0, ...key.slice(6)])), null, "no start code");
  assert.equal(keyFrameSize(Uint8Array.from([...key.slice(0, 6), 0, 0, 0, 0])), null, "no size");
  assert.equal(keyFrameSize(new Uint8Array()), null);
});
