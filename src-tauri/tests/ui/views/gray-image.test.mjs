import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64 } from "../../../../ui/base64.js";
import { fit, toGray } from "../../../../ui/gray-image.js";

test("brightness is what the eye sees, and nothing is white paper", () => {
  const pixels = [[255, 255, 255, 255], [0, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [0, 0, 0, 0], [0, 0, 0, 128]];
  assert.deepEqual([...toGray(Uint8ClampedArray.from(pixels.flat()))], [255, 0, 149, 29, 255, 127]);
});

test("large pictures are looked at smaller, small ones as they are", () => {
  assert.deepEqual(fit(4000, 3000, "picture"), { width: 1280, height: 960 });
  assert.deepEqual(fit(1280, 720, "frame"), { width: 640, height: 360 });
  assert.deepEqual(fit(300, 200, "picture"), { width: 300, height: 200 });
  assert.deepEqual(fit(0, 0, "frame"), { width: 0, height: 0 });
});

test("bytes of any length survive base64", async () => {
  for (const length of [0, 1, 2, 3, 0x6000, 0x6001, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 31) % 256);
    assert.deepEqual(Buffer.from(await toBase64(bytes), "base64"), Buffer.from(bytes));
    assert.equal(await toBase64(new Blob([bytes])), await toBase64(bytes));
  }
});
