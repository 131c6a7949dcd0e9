import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeStream, FakeTrack, installFakes } from "./fake-peer.mjs";

installFakes();
const { Media } = await import("../../../../ui/media.js");

/** Devices of which some fail with a DOMException of this name. */
function devices(failing = {}) {
  return {
    getUserMedia: async (constraints) => {
      const kinds = ["audio", "video"].filter((kind) => constraints[kind]);
      const bad = kinds.find((kind) => failing[kind]);
      if (bad) throw new DOMException("", failing[bad]);
      return new FakeStream(kinds.map((kind) => new FakeTrack(kind)));
    },
  };
}
const kinds = ({ stream }) => stream.getTracks().map(({ kind }) => kind);

test("both are there", async () => {
  const acquired = await new Media(devices()).acquire({ video: true });
  assert.deepEqual(kinds(acquired), ["audio", "video"]);
  assert.equal(acquired.camera, "ok");
});

test("a voice call asks for no camera", async () => {
  const acquired = await new Media(devices({ video: "NotAllowedError" })).acquire({ video: false });
  assert.deepEqual(kinds(acquired), ["audio"]);
  assert.equal(acquired.camera, "off");
});

for (const [name, state] of [
  ["NotFoundError", "none"],
  ["OverconstrainedError", "none"],
  ["NotAllowedError", "denied"],
  ["NotReadableError", "busy"],
]) {
  test(`a camera that fails with ${name} leaves the voice`, async () => {
    const acquired = await new Media(devices({ video: name })).acquire({ video: true });
    assert.deepEqual(kinds(acquired), ["audio"]);
    assert.deepEqual([acquired.microphone, acquired.camera], ["ok", state]);
  });

  test(`a microphone that fails with ${name} leaves the picture`, async () => {
    const acquired = await new Media(devices({ audio: name })).acquire({ video: true });
    assert.deepEqual(kinds(acquired), ["video"]);
    assert.deepEqual([acquired.microphone, acquired.camera], [state, "ok"]);
  });
}

test("a webview without devices still makes a call", async () => {
  for (const none of [undefined, {}]) {
    const acquired = await new Media(none).acquire({ video: true });
    assert.deepEqual([kinds(acquired), acquired.microphone, acquired.camera], [[], "none", "none"]);
    assert.equal(new Media(none).canShareScreen, false);
  }
});

test("choosing no screen is a choice, not an error", async () => {
  const refuse = (name) => new Media({ getDisplayMedia: () => Promise.reject(new DOMException("", name)) });
  assert.equal(await refuse("NotAllowedError").screen(), null);
  await assert.rejects(refuse("NotReadableError").screen());
});
