// Two calls in one window: the one that is on, and the one on hold.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { FakePeerConnection, FakeStream, FakeTrack, installFakes } from "./fake-peer.mjs";

installFakes();
const { Switchboard } = await import("../../../../ui/switchboard.js");
const { Call } = await import("../../../../ui/call.js");

const ALICES = { id: "alices", contact: "alice-key", name: "Alice", direction: "incoming", phase: "connected", reason: null, video: true, peer_video: true, connected_ms: 1_000 };
const CAROLS = { ...ALICES, id: "carols", contact: "carol-key", name: "Carol" };
const start = (call) => ({ kind: "start", call, polite: false, initiator: true, video: true, early: false, configuration: { iceServers: [], iceTransportPolicy: "all" } });

async function quiet() {
  for (let turn = 0; turn < 40; turn += 1) await new Promise(setImmediate);
}

let opened, peers, resumed, kept, board;
const open = (kind) => {
  const track = new FakeTrack(kind);
  opened.push(track);
  return { track, state: "ok" };
};
const newBoard = () =>
  new Switchboard({
    media: {
      canShareScreen: true,
      microphone: async () => open("audio"),
      camera: async () => open("video"),
    },
    createPeerConnection: (configuration) => {
      peers.push(new FakePeerConnection(configuration));
      return peers.at(-1);
    },
    sendSignal: async () => {},
    reportMedia: async () => {},
    resume: async ({ call }) => void resumed.push(call),
    keeper: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    },
  });
beforeEach(() => {
  [opened, peers, resumed, kept] = [[], [], [], new Map()];
  board = newBoard();
});
afterEach(() => board.handleCalls(null, null));

const sent = (peer) => peer.getTransceivers().map(({ sender }) => sender.track?.kind ?? null);
const played = (peer) => peer.getTransceivers().map(({ receiver }) => receiver.track.enabled);
const live = () => opened.filter((track) => track.readyState === "live").length;

/** Bob talks with Carol, and Alice is on hold. */
async function aliceOnHold() {
  board.handlePeer(start("alices"));
  board.handleCalls(ALICES, null);
  await quiet();
  board.handlePeer(start("carols"));
  board.handleCalls({ ...CAROLS, phase: "connecting", connected_ms: null }, ALICES);
  await quiet();
}

describe("two calls", () => {
  test("nothing goes to the one on hold, and nothing of it is played", async () => {
    await aliceOnHold();
    const [alices, carols] = peers;
    assert.deepEqual(sent(alices), [null, null]);
    assert.deepEqual(played(alices), [false, false]);
    assert.deepEqual(sent(carols), ["audio", "video"]);
    assert.deepEqual(played(carols), [true, true]);
    assert.equal(live(), 2, "one camera, one microphone");
  });

  test("the person swaps, and what was muted stays so", async () => {
    await aliceOnHold();
    await board.toggleMicrophone();
    board.handleCalls(ALICES, CAROLS);
    await quiet();
    const [alices, carols] = peers;
    assert.deepEqual(sent(alices), ["audio", "video"]);
    assert.deepEqual(played(alices), [true, true]);
    assert.deepEqual(sent(carols), [null, null]);
    assert.equal(board.view.muted, false, "that was with Carol");
    board.handleCalls(CAROLS, ALICES);
    await quiet();
    assert.equal(board.view.muted, true);
    assert.equal(carols.getTransceivers()[0].sender.track.enabled, false);
    assert.equal(peers.length, 2, "both lived");
    assert.equal(live(), 2);
  });

  test("when one ends the other is back", async () => {
    await aliceOnHold();
    board.handlePeer({ kind: "stop", call: "carols" });
    board.handleCalls(ALICES, null);
    await quiet();
    assert.deepEqual(sent(peers[0]), ["audio", "video"]);
    assert.equal(live(), 2);
  });

  test("the one on hold ends alone", async () => {
    await aliceOnHold();
    board.handlePeer({ kind: "stop", call: "alices" });
    board.handleCalls(CAROLS, null);
    await quiet();
    assert.equal(peers[0].signalingState, "closed");
    assert.deepEqual(sent(peers[1]), ["audio", "video"]);
  });

  test("a page that was lost resumes both, and opens devices for one", async () => {
    await aliceOnHold();
    await board.toggleMicrophone();
    const lost = board;
    opened = [];
    board = newBoard();
    board.adopt(CAROLS, ALICES);
    await quiet();
    assert.deepEqual(resumed.sort(), ["alices", "carols"]);
    assert.equal(opened.length, 2);
    assert.equal(board.view.muted, true, "as the lost page kept it");
    lost.handleCalls(null, null);
  });
});

describe("the other side", () => {
  /** A call that is negotiated, and what its data channel said. */
  async function connected() {
    let pc;
    const call = new Call({
      createPeerConnection: (configuration) => (pc = new FakePeerConnection(configuration)),
      configuration: { iceServers: [] },
      polite: false,
      initiator: true,
      send: () => {},
    });
    const heard = [];
    call.addEventListener("held", ({ detail }) => heard.push(detail));
    call.start(new FakeStream([new FakeTrack("audio"), new FakeTrack("video")]));
    await quiet();
    const channel = pc.channelForTest();
    const words = [];
    channel.send = (data) => void words.push(JSON.parse(data));
    const said = () => words.at(-1);
    channel.open();
    await quiet();
    const hear = async (state) => {
      channel.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(state) }));
      await quiet();
    };
    return { call, pc, heard, said, hear };
  }

  test("is told, and sends nothing until it is taken back", async () => {
    const { call, pc, heard, said, hear } = await connected();
    assert.deepEqual(said(), { audio: true, video: true, held: false });
    await hear({ audio: false, video: false, held: true });
    assert.deepEqual(heard, [true]);
    assert.deepEqual(sent(pc), [null, null]);
    assert.deepEqual(said(), { audio: false, video: false, held: false });
    assert.deepEqual(played(pc), [true, true]);
    await hear({ audio: true, video: true, held: false });
    assert.deepEqual(heard, [true, false]);
    assert.deepEqual(sent(pc), ["audio", "video"]);
    call.close();
  });

  test("both can hold: it goes on when neither does", async () => {
    const { call, pc, said, hear } = await connected();
    call.setHeld(true);
    await quiet();
    assert.deepEqual(said(), { audio: false, video: false, held: true });
    await hear({ audio: false, video: false, held: true });
    call.setHeld(false);
    await quiet();
    assert.deepEqual(sent(pc), [null, null]);
    await hear({ audio: true, video: true, held: false });
    assert.deepEqual(sent(pc), ["audio", "video"]);
    call.close();
  });

  test("of an older app says nothing of holding", async () => {
    const { call, heard, hear } = await connected();
    await hear({ audio: true, video: true });
    assert.deepEqual(heard, []);
    call.close();
  });
});
