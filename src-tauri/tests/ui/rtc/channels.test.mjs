import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { negotiate, next, page, record, turns, until } from "./page.mjs";

/** Two connected connections with a channel between them. @param {object} [options] */
async function channels(options) {
  const one = page();
  const { RTCPeerConnection } = one;
  const [alice, bob] = [new RTCPeerConnection(), new RTCPeerConnection()];
  const mine = alice.createDataChannel("chat", options);
  const came = next(bob, "datachannel");
  await negotiate(alice, bob);
  const event = await came;
  const theirs = event.channel;
  await until(() => mine.readyState === "open" && theirs.readyState === "open");
  return { ...one, alice, bob, mine, theirs, event };
}

describe("a data channel", () => {
  test("opens on both sides, as described", async () => {
    const { mine, theirs, event, window, alice } = await channels({ protocol: "p", ordered: false });
    assert.ok(event instanceof window.RTCDataChannelEvent);
    assert.ok(theirs instanceof window.RTCDataChannel);
    assert.deepEqual([theirs.label, theirs.protocol, theirs.ordered], ["chat", "p", false]);
    assert.equal(mine.id, theirs.id);
    assert.equal(mine.negotiated, false);
    assert.equal(alice.sctp.state, "connected");
    assert.equal(alice.sctp.maxMessageSize, 262144);
  });

  test("is connecting before, and cannot send", () => {
    const { RTCPeerConnection } = page();
    const channel = new RTCPeerConnection().createDataChannel("x");
    assert.equal(channel.readyState, "connecting");
    assert.equal(channel.id, null);
    assert.throws(() => channel.send("early"), { name: "InvalidStateError" });
  });

  test("the other side may answer in its very first handler", async () => {
    const { RTCPeerConnection } = page();
    const [alice, bob] = [new RTCPeerConnection(), new RTCPeerConnection()];
    const mine = alice.createDataChannel("chat");
    bob.ondatachannel = (/** @type {any} */ { channel }) => {
      assert.equal(channel.readyState, "open");
      channel.send("hello");
    };
    const heard = next(mine, "message");
    await negotiate(alice, bob);
    assert.equal((await heard).data, "hello");
  });

  test("carries text and bytes in their order", async () => {
    const { mine, theirs } = await channels();
    /** @type {any[]} */
    const heard = [];
    theirs.onmessage = (/** @type {any} */ { data }) => heard.push(data);
    mine.send("grüezi 🎥");
    mine.send(new Uint8Array([1, 2, 3]));
    mine.send(new Uint8Array([9, 8, 7, 6]).subarray(1, 3));
    mine.send(new Blob(["blob"]));
    mine.send("");
    mine.send(new ArrayBuffer(0));
    await until(() => heard.length === 6);
    const shown = heard.map((one) => (typeof one === "string" ? one : [...new Uint8Array(one)].join()));
    assert.deepEqual(shown, ["grüezi 🎥", "1,2,3", "8,7", "98,108,111,98", "", ""]);
    assert.ok(heard[1] instanceof ArrayBuffer, "arraybuffer is the default");
    theirs.binaryType = "blob";
    theirs.binaryType = "nonsense";
    assert.equal(theirs.binaryType, "blob");
    mine.send(new Uint8Array([1]));
    await until(() => heard.length === 7);
    assert.ok(heard[6] instanceof Blob);
  });

  test("bufferedAmount goes up at once and down later, with bufferedamountlow", async () => {
    const { mine } = await channels();
    const low = record(mine, ["bufferedamountlow"]);
    mine.bufferedAmountLowThreshold = 5;
    mine.send("0123456789");
    mine.send(new Uint8Array(7));
    assert.equal(mine.bufferedAmount, 17);
    await until(() => mine.bufferedAmount === 0);
    assert.deepEqual(low, ["bufferedamountlow"]);
    assert.throws(() => mine.send(new Uint8Array(300_000)), TypeError);
    assert.equal(mine.bufferedAmount, 0);
  });

  test("closing is seen on both sides, after what was sent", async () => {
    const { mine, theirs } = await channels();
    /** @type {any[]} */
    const heard = [];
    theirs.onmessage = (/** @type {any} */ { data }) => heard.push(data);
    const events = record(theirs, ["closing", "close"]);
    mine.send("goodbye");
    mine.close();
    assert.equal(mine.readyState, "closing");
    assert.throws(() => mine.send("more"), { name: "InvalidStateError" });
    await next(mine, "close");
    assert.equal(mine.readyState, "closed");
    await until(() => theirs.readyState === "closed");
    assert.deepEqual(heard, ["goodbye"]);
    assert.deepEqual(events, ["closing", "close"]);
    mine.close();
  });

  test("a send the engine refuses ends it with an RTCError", async () => {
    const { mine, engine, window } = await channels();
    engine.failNext("channelSend", "OperationError");
    const failed = next(mine, "error");
    mine.send("x");
    const event = await failed;
    assert.ok(event instanceof window.RTCErrorEvent);
    assert.equal(event.error.errorDetail, "data-channel-failure");
    assert.equal(mine.readyState, "closed");
  });

  test("the engine hears of marked events once they were handled, whatever the page made of them", async () => {
    const { mine, engine, alice } = await channels();
    await alice.getStats();
    const [{ peer }] = engine.calls("channelOpen");
    const event = { event: "channelMessage", peer, channel: 1, text: "x" };
    /** @type {any[]} */
    const heard = [];
    mine.onmessage = (/** @type {any} */ { data }) => heard.push([data, engine.calls("acknowledge").length]);
    engine.emit({ ...event, mark: 32768 });
    engine.emit(event);
    engine.emit({ event: "unheard of", peer, mark: 65536 });
    await until(() => engine.calls("acknowledge").length === 2);
    assert.deepEqual(heard, [
      ["x", 0],
      ["x", 1],
    ]);
    assert.deepEqual(engine.calls("acknowledge"), [
      { peer, mark: 32768 },
      { peer, mark: 65536 },
    ]);
  });

  test("one agreed on beforehand is announced to nobody", async () => {
    const { RTCPeerConnection } = page();
    const [alice, bob] = [new RTCPeerConnection(), new RTCPeerConnection()];
    const announced = record(bob, ["datachannel"]);
    const mine = alice.createDataChannel("x", { negotiated: true, id: 5 });
    const theirs = bob.createDataChannel("x", { negotiated: true, id: 5 });
    await negotiate(alice, bob);
    await until(() => mine.readyState === "open" && theirs.readyState === "open");
    assert.equal(mine.id, 5);
    assert.deepEqual(announced, []);
    assert.throws(() => alice.createDataChannel("y", { negotiated: true, id: 5 }), { name: "OperationError" });
  });

  test("its options are read as Web IDL says", () => {
    const { RTCPeerConnection } = page();
    const pc = new RTCPeerConnection();
    assert.throws(() => pc.createDataChannel(), TypeError);
    for (const bad of [
      { maxRetransmits: 1, maxPacketLifeTime: 1 },
      { negotiated: true },
      { negotiated: true, id: 65535 },
      { maxRetransmits: -1 },
      { maxPacketLifeTime: 65536 },
      { protocol: "p".repeat(65536) },
    ]) {
      assert.throws(() => pc.createDataChannel("x", bad), TypeError, JSON.stringify(bad).slice(0, 60));
    }
    assert.equal(pc.createDataChannel("x", { id: 7 }).id, null, "an id counts only when negotiated");
    assert.equal(pc.createDataChannel(null).label, "null");
  });

  test("closing the connection closes it without events", async () => {
    const { mine, alice } = await channels();
    const seen = record(mine, ["close", "error"]);
    alice.close();
    assert.equal(mine.readyState, "closed");
    await turns();
    assert.deepEqual(seen, []);
  });
});
