// Signaling states, the operations chain, implicit descriptions, rollback, negotiationneeded.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { negotiate, next, page, record, turns, until } from "./page.mjs";

/** Two connections of one page. */
function pair() {
  const one = page();
  const { RTCPeerConnection } = one;
  return { ...one, alice: new RTCPeerConnection(), bob: new RTCPeerConnection() };
}

describe("offer and answer", () => {
  test("states, descriptions and who is told what", async () => {
    const { alice, bob, engine } = pair();
    const states = record(alice, ["signalingstatechange"]);
    alice.addTransceiver("audio");
    assert.equal(alice.signalingState, "stable");
    assert.equal(alice.localDescription, null);
    const offer = await alice.createOffer();
    assert.equal(offer.type, "offer");
    assert.equal(alice.getTransceivers()[0].mid, null, "createOffer() changes nothing");
    assert.equal(alice.signalingState, "stable");

    await alice.setLocalDescription(offer);
    assert.equal(alice.signalingState, "have-local-offer");
    assert.equal(alice.pendingLocalDescription.type, "offer");
    assert.equal(alice.pendingLocalDescription, alice.localDescription);
    assert.equal(alice.currentLocalDescription, null);
    assert.equal(alice.getTransceivers()[0].mid, "0");

    await bob.setRemoteDescription(offer);
    assert.equal(bob.signalingState, "have-remote-offer");
    assert.equal(bob.remoteDescription.sdp, offer.sdp);
    const answer = await bob.createAnswer();
    await bob.setLocalDescription(answer);
    assert.equal(bob.signalingState, "stable");
    assert.equal(bob.currentRemoteDescription.type, "offer");
    assert.equal(bob.pendingRemoteDescription, null);

    await alice.setRemoteDescription(answer);
    assert.equal(alice.signalingState, "stable");
    assert.equal(alice.currentLocalDescription.type, "offer");
    assert.equal(alice.currentRemoteDescription.type, "answer");
    assert.equal(alice.getTransceivers()[0].currentDirection, "sendonly");
    assert.deepEqual(states, ["signalingstatechange", "signalingstatechange"]);
    const ops = engine.log.map(([op]) => op).filter((op) => /Offer|Answer/.test(op));
    assert.deepEqual(ops, ["createOffer", "setLocalOffer", "setRemoteOffer", "createAnswer", "setLocalAnswer", "setRemoteAnswer"]);
  });

  test("without arguments setLocalDescription() does what the state asks for", async () => {
    const { alice, bob } = pair();
    alice.addTransceiver("video");
    await negotiate(alice, bob);
    assert.equal(alice.signalingState, "stable");
    assert.equal(bob.currentLocalDescription.type, "answer");
  });

  test("it uses the offer made before, unless something changed since", async () => {
    const { alice } = pair();
    alice.addTransceiver("audio");
    const offer = await alice.createOffer();
    await alice.setLocalDescription();
    assert.equal(alice.localDescription.sdp.split("\r\n")[1], offer.sdp.split("\r\n")[1]);
    const { alice: carol } = pair();
    carol.addTransceiver("audio");
    await carol.createOffer();
    carol.addTransceiver("video");
    await carol.setLocalDescription();
    assert.match(carol.localDescription.sdp, /m=video/);
  });

  test("an offer is made anew when the page changes something meanwhile", async () => {
    const { alice, engine } = pair();
    alice.addTransceiver("audio");
    const offer = alice.createOffer();
    await until(() => engine.calls("createOffer").length === 1);
    alice.addTransceiver("video");
    assert.match((await offer).sdp, /m=video/);
    assert.equal(engine.calls("createOffer").length, 2);
  });

  test("a description of one's own making is InvalidModificationError", async () => {
    const { alice } = pair();
    alice.addTransceiver("audio");
    const { sdp } = await alice.createOffer();
    await assert.rejects(alice.setLocalDescription({ type: "offer", sdp: sdp.replace("sendrecv", "recvonly") }), {
      name: "InvalidModificationError",
    });
    assert.equal(alice.signalingState, "stable");
  });

  test("a provisional answer, then the answer", async () => {
    const { alice, bob, engine } = pair();
    alice.addTransceiver("audio");
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    const { sdp } = await bob.createAnswer();
    await bob.setLocalDescription({ type: "pranswer", sdp });
    assert.equal(bob.signalingState, "have-local-pranswer");
    await alice.setRemoteDescription({ type: "pranswer", sdp });
    assert.equal(alice.signalingState, "have-remote-pranswer");
    await bob.setLocalDescription({ type: "answer", sdp });
    await alice.setRemoteDescription({ type: "answer", sdp });
    assert.equal(bob.signalingState, "stable");
    assert.equal(alice.signalingState, "stable");
    assert.equal(engine.calls("setLocalAnswer").length, 1);
    assert.equal(engine.calls("setRemoteAnswer").length, 1);
  });
});

describe("what does not fit the state", () => {
  test("is InvalidStateError and changes nothing", async () => {
    const { alice, bob } = pair();
    alice.addTransceiver("audio");
    const offer = await alice.createOffer();
    for (const wrong of [
      () => alice.setRemoteDescription({ type: "answer", sdp: offer.sdp }),
      () => alice.setRemoteDescription({ type: "pranswer", sdp: offer.sdp }),
      () => alice.setLocalDescription({ type: "answer", sdp: offer.sdp }),
      () => alice.setLocalDescription({ type: "rollback" }),
      () => alice.setRemoteDescription({ type: "rollback" }),
      () => alice.createAnswer(),
      () => alice.addIceCandidate({ candidate: "candidate:1 1 udp 1 192.0.2.1 1 typ host", sdpMid: "0" }),
    ]) {
      await assert.rejects(wrong, { name: "InvalidStateError" }, String(wrong));
    }
    await bob.setRemoteDescription(offer);
    await assert.rejects(bob.createOffer(), { name: "InvalidStateError" });
    await assert.rejects(bob.setLocalDescription({ type: "offer", sdp: offer.sdp }), { name: "InvalidStateError" });
    assert.equal(bob.signalingState, "have-remote-offer");
  });

  test("nonsense is told apart: TypeError, RTCError with the line, InvalidAccessError", async () => {
    const { alice, bob, window } = pair();
    await assert.rejects(alice.setRemoteDescription(), TypeError);
    await assert.rejects(alice.setRemoteDescription({ sdp: "v=0" }), TypeError);
    await assert.rejects(alice.setRemoteDescription({ type: "bogus", sdp: "" }), TypeError);
    await assert.rejects(alice.setRemoteDescription({ type: "offer", sdp: "v=0\r\no=x\r\nbogus\r\n" }), (/** @type {any} */ error) => {
      assert.equal(error.constructor, window.RTCError);
      assert.equal(error instanceof DOMException, true);
      assert.equal(error.name, "OperationError");
      assert.deepEqual([error.errorDetail, error.sdpLineNumber], ["sdp-syntax-error", 3]);
      return true;
    });
    alice.addTransceiver("audio");
    bob.addTransceiver("video");
    await alice.setLocalDescription();
    const other = (await bob.createOffer()).sdp;
    await assert.rejects(alice.setRemoteDescription({ type: "answer", sdp: other }), { name: "InvalidAccessError" });
    assert.equal(alice.signalingState, "have-local-offer");
  });

  test("a refusal of the engine leaves the state as it was", async () => {
    const { alice, bob, engine } = pair();
    alice.addTransceiver("audio");
    engine.failNext("setLocalOffer", "OperationError");
    await assert.rejects(alice.setLocalDescription(), { name: "OperationError" });
    assert.equal(alice.signalingState, "stable");
    await alice.setLocalDescription();
    engine.failNext("setRemoteOffer", "SyntaxError");
    await assert.rejects(bob.setRemoteDescription(alice.localDescription), { name: "SyntaxError" });
    assert.equal(bob.getTransceivers().length, 0);
    assert.equal(bob.signalingState, "stable");
  });
});

describe("the operations chain", () => {
  test("runs one operation at a time, in order", async () => {
    const { alice, bob } = pair();
    alice.addTransceiver("audio");
    /** @type {string[]} */
    const done = [];
    const note = (/** @type {string} */ what) => () => done.push(what);
    const offer = alice.createOffer();
    offer.then(note("offer"));
    alice.setLocalDescription().then(note("local"));
    alice.createOffer().then(note("offer again"));
    await offer;
    bob.setRemoteDescription(await offer).then(note("remote"));
    await bob.setLocalDescription().then(note("answer"));
    await turns();
    assert.deepEqual(done.sort(), ["answer", "local", "offer", "offer again", "remote"].sort());
    assert.equal(bob.signalingState, "stable");
  });

  test("an operation that fails does not stop the next", async () => {
    const { alice } = pair();
    const answer = alice.createAnswer();
    const offer = alice.createOffer();
    await assert.rejects(answer, { name: "InvalidStateError" });
    assert.equal((await offer).type, "offer");
  });

  test("a closed connection rejects what comes and never settles what is under way", async () => {
    const { alice } = pair();
    let settled = false;
    alice.createOffer().finally(() => (settled = true));
    alice.close();
    await turns();
    assert.equal(settled, false);
    await assert.rejects(alice.createOffer(), { name: "InvalidStateError" });
    await assert.rejects(alice.setLocalDescription(), { name: "InvalidStateError" });
    await assert.rejects(alice.addIceCandidate(), { name: "InvalidStateError" });
    assert.throws(() => alice.addTransceiver("audio"), { name: "InvalidStateError" });
    assert.throws(() => alice.createDataChannel(""), { name: "InvalidStateError" });
  });
});

describe("rollback", () => {
  test("of a local offer: mids are forgotten, the state is stable, the engine is told", async () => {
    const { alice, engine } = pair();
    const transceiver = alice.addTransceiver("audio");
    await alice.setLocalDescription();
    assert.equal(transceiver.mid, "0");
    await alice.setLocalDescription({ type: "rollback" });
    assert.equal(alice.signalingState, "stable");
    assert.equal(transceiver.mid, null);
    assert.equal(alice.localDescription, null);
    assert.deepEqual(alice.getTransceivers(), [transceiver]);
    assert.equal(engine.calls("rollback").length, 1);
    await alice.setLocalDescription();
    assert.equal(transceiver.mid, "0");
  });

  test("of a remote offer: its transceivers go, its tracks are muted and leave their streams", async () => {
    const { alice, bob, track, stream } = pair();
    const voice = track("audio");
    alice.addTrack(voice, stream(voice));
    await alice.setLocalDescription();
    const came = next(bob, "track");
    await bob.setRemoteDescription(alice.localDescription);
    const { streams, receiver, transceiver } = await came;
    const removed = record(streams[0], ["removetrack"]);
    assert.equal(streams[0].getTracks().length, 1);
    await bob.setRemoteDescription({ type: "rollback" });
    assert.equal(bob.signalingState, "stable");
    assert.deepEqual(bob.getTransceivers(), []);
    assert.equal(transceiver.mid, null);
    assert.equal(receiver.track.readyState, "ended");
    assert.equal(streams[0].getTracks().length, 0);
    assert.deepEqual(removed, ["removetrack"]);
  });

  test("of an offer that took a track away: it is back, with its event and in its stream", async () => {
    const { alice, bob, track, stream } = pair();
    alice.addTrack(track("audio"), stream());
    const came = next(bob, "track");
    await negotiate(alice, bob);
    const { track: heard, streams } = await came;
    alice.getTransceivers()[0].direction = "inactive";
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    assert.deepEqual(streams[0].getTracks(), []);
    const again = next(bob, "track");
    await bob.setRemoteDescription({ type: "rollback" });
    assert.equal((await again).track, heard);
    assert.deepEqual(streams[0].getTracks(), [heard]);
  });

  test("a remote offer's transceiver stays when addTrack() has taken it", async () => {
    const { alice, bob, track } = pair();
    alice.addTransceiver("audio");
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    const [transceiver] = bob.getTransceivers();
    bob.addTrack(track("audio"));
    assert.equal(transceiver.direction, "sendrecv");
    await bob.setRemoteDescription({ type: "rollback" });
    assert.deepEqual(bob.getTransceivers(), [transceiver]);
    assert.equal(transceiver.mid, null);
    assert.equal(transceiver.receiver.track.readyState, "live");
  });

  test("is implied by a remote offer in have-local-offer", async () => {
    const { alice, bob } = pair();
    alice.addTransceiver("audio");
    bob.addTransceiver("video");
    await alice.setLocalDescription();
    await bob.setLocalDescription();
    /** @type {string[]} */
    const states = [];
    bob.addEventListener("signalingstatechange", () => states.push(bob.signalingState));
    await bob.setRemoteDescription(alice.localDescription);
    assert.deepEqual(states, ["stable", "have-remote-offer"]);
    assert.equal(bob.pendingLocalDescription, null);
    await bob.setLocalDescription();
    await alice.setRemoteDescription(bob.localDescription);
    assert.equal(alice.signalingState, "stable");
  });

  test("undoes a renegotiation only", async () => {
    const { alice, bob, track } = pair();
    alice.addTrack(track("audio"));
    await negotiate(alice, bob);
    const [transceiver] = alice.getTransceivers();
    transceiver.direction = "inactive";
    await alice.setLocalDescription();
    await alice.setLocalDescription({ type: "rollback" });
    assert.equal(transceiver.mid, "0");
    assert.equal(transceiver.currentDirection, "sendonly");
    assert.equal(transceiver.direction, "inactive", "the page's wish is not rolled back");
    assert.equal(alice.currentLocalDescription.type, "offer");
  });
});

describe("negotiationneeded", () => {
  test("comes once, in a task, for any number of changes", async () => {
    const { alice, track } = pair();
    const seen = record(alice, ["negotiationneeded"]);
    alice.addTrack(track("audio"));
    alice.addTransceiver("video");
    assert.deepEqual(seen, []);
    await turns();
    assert.deepEqual(seen, ["negotiationneeded"]);
    alice.addTransceiver("video");
    await turns();
    assert.equal(seen.length, 1, "it was told already");
  });

  test("does not come for what the answer settled", async () => {
    const { alice, bob, track } = pair();
    alice.addTrack(track("audio"));
    await turns();
    const seen = record(alice, ["negotiationneeded"]);
    const theirs = record(bob, ["negotiationneeded"]);
    await negotiate(alice, bob);
    await turns();
    assert.deepEqual(seen, []);
    assert.deepEqual(theirs, []);
  });

  test("waits for stable, and for the chain to be empty", async () => {
    const { alice, bob } = pair();
    alice.addTransceiver("audio");
    await turns();
    const seen = record(alice, ["negotiationneeded"]);
    await alice.setLocalDescription();
    alice.addTransceiver("video");
    await turns();
    assert.deepEqual(seen, [], "not while an offer is out");
    await bob.setRemoteDescription(alice.localDescription);
    await bob.setLocalDescription();
    await alice.setRemoteDescription(bob.localDescription);
    await turns();
    assert.deepEqual(seen, ["negotiationneeded"]);
  });

  test("comes for each kind of change there is", async () => {
    /** @type {Record<string, (alice: any, tools: any) => void>} */
    const changes = {
      "a track added": (alice, { track }) => alice.addTrack(track("video")),
      "a track removed": (alice) => alice.removeTrack(alice.getSenders()[0]),
      "a direction": (alice) => (alice.getTransceivers()[0].direction = "recvonly"),
      "a transceiver stopped": (alice) => alice.getTransceivers()[0].stop(),
      "a data channel": (alice) => alice.createDataChannel("chat"),
      "other streams": (alice, { stream }) => alice.getSenders()[0].setStreams(stream()),
      "an ICE restart": (alice) => alice.restartIce(),
    };
    for (const [what, change] of Object.entries(changes)) {
      const { alice, bob, ...tools } = pair();
      alice.addTrack(tools.track("audio"));
      await negotiate(alice, bob);
      await turns();
      const seen = record(alice, ["negotiationneeded"]);
      change(alice, tools);
      await turns();
      assert.deepEqual(seen, ["negotiationneeded"], what);
      await negotiate(alice, bob);
      await turns();
      assert.equal(seen.length, 1, `${what}: settled`);
    }
  });

  test("does not come for replaceTrack(), nor before anything is there to negotiate", async () => {
    const { alice, bob, track } = pair();
    const seen = record(alice, ["negotiationneeded"]);
    alice.restartIce();
    await turns();
    assert.deepEqual(seen, []);
    const sender = alice.addTrack(track("audio"));
    await negotiate(alice, bob);
    await turns();
    seen.length = 0;
    await sender.replaceTrack(track("audio"));
    await sender.replaceTrack(null);
    await turns();
    assert.deepEqual(seen, []);
  });

  test("a data channel needs one negotiation, a second channel none", async () => {
    const { alice, bob } = pair();
    alice.createDataChannel("one");
    await next(alice, "negotiationneeded");
    await negotiate(alice, bob);
    await turns();
    const seen = record(alice, ["negotiationneeded"]);
    alice.createDataChannel("two");
    await turns();
    assert.deepEqual(seen, []);
  });

  test("comes where the answer could not send what its transceiver wants to", async () => {
    const { alice, bob, track } = pair();
    alice.addTransceiver("audio", { direction: "sendonly" });
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    bob.addTrack(track("audio"));
    const needed = next(bob, "negotiationneeded");
    await bob.setLocalDescription();
    await alice.setRemoteDescription(bob.localDescription);
    await needed;
    const seen = record(bob, ["negotiationneeded"]);
    await negotiate(bob, alice);
    await turns();
    assert.deepEqual(seen, []);
  });

  test("is told again when the answer was a refusal", async () => {
    const { alice, bob } = pair();
    alice.addTransceiver("audio", { direction: "sendrecv" });
    await negotiate(alice, bob);
    await turns();
    const seen = record(bob, ["negotiationneeded"]);
    bob.getTransceivers()[0].direction = "sendrecv";
    await next(bob, "negotiationneeded");
    await negotiate(bob, alice);
    assert.equal(bob.getTransceivers()[0].currentDirection, "sendrecv");
    assert.equal(alice.getTransceivers()[0].currentDirection, "sendrecv");
    assert.equal(seen.length, 1);
  });
});

test("restartIce() asks for new credentials until they are negotiated", async () => {
  const { alice, bob, engine, track } = pair();
  alice.addTrack(track("audio"));
  await negotiate(alice, bob);
  const before = alice.localDescription.sdp.match(/a=ice-ufrag:.*/)[0];
  alice.restartIce();
  await negotiate(alice, bob);
  assert.equal(engine.calls("createOffer").at(-1).iceRestart, true);
  assert.notEqual(alice.localDescription.sdp.match(/a=ice-ufrag:.*/)[0], before);
  await negotiate(alice, bob);
  assert.equal(engine.calls("createOffer").at(-1).iceRestart, false);
  await alice.createOffer({ iceRestart: true });
  assert.equal(engine.calls("createOffer").at(-1).iceRestart, true);
});
