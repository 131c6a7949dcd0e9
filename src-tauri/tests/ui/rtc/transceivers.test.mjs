// Transceivers, senders, receivers, tracks and streams.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { negotiate, next, page, record, turns, until } from "./page.mjs";

/** Two connections of one page. */
function pair() {
  const one = page();
  const { RTCPeerConnection } = one;
  return { ...one, alice: new RTCPeerConnection(), bob: new RTCPeerConnection() };
}

describe("addTrack()", () => {
  test("makes a transceiver that sends and receives", () => {
    const { alice, track, stream, window } = pair();
    const voice = track("audio");
    const sender = alice.addTrack(voice, stream(voice));
    const [transceiver] = alice.getTransceivers();
    assert.equal(transceiver.sender, sender);
    assert.ok(sender instanceof window.RTCRtpSender);
    assert.equal(sender.track, voice);
    assert.equal(transceiver.direction, "sendrecv");
    assert.equal(transceiver.currentDirection, null);
    assert.equal(transceiver.receiver.track.kind, "audio");
    assert.equal(transceiver.receiver.track.muted, true);
    assert.deepEqual(alice.getSenders(), [sender]);
    assert.deepEqual(alice.getReceivers(), [transceiver.receiver]);
  });

  test("refuses what is no track, no stream, or sent already", () => {
    const { alice, track } = pair();
    assert.throws(() => alice.addTrack(), TypeError);
    assert.throws(() => alice.addTrack({}), TypeError);
    assert.throws(() => alice.addTrack(track("audio"), {}), TypeError);
    const voice = track("audio");
    alice.addTrack(voice);
    assert.throws(() => alice.addTrack(voice), { name: "InvalidAccessError" });
  });

  test("takes over a sender that has never sent, and only such a one", async () => {
    const { alice, bob, track } = pair();
    alice.addTransceiver("audio", { direction: "recvonly" });
    const sender = alice.addTrack(track("audio"));
    assert.equal(alice.getTransceivers().length, 1);
    assert.equal(alice.getTransceivers()[0].direction, "sendrecv");
    await negotiate(alice, bob);
    alice.removeTrack(sender);
    assert.notEqual(alice.addTrack(track("audio")), sender, "this one has sent");
    assert.equal(alice.getTransceivers().length, 2);
  });

  test("an m-line of a remote offer goes to a transceiver that waits, made by addTrack()", async () => {
    const { alice, bob, track } = pair();
    alice.addTransceiver("video");
    const sender = bob.addTrack(track("video"));
    bob.addTransceiver("video");
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    assert.equal(bob.getTransceivers().length, 2);
    assert.equal(bob.getTransceivers()[0].sender, sender);
    assert.deepEqual(bob.getTransceivers().map((/** @type {any} */ one) => one.mid), ["0", null]);
  });

  test("one made by addTransceiver() is left alone", async () => {
    const { alice, bob } = pair();
    alice.addTransceiver("video");
    bob.addTransceiver("video");
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    assert.deepEqual(bob.getTransceivers().map((/** @type {any} */ one) => one.mid), [null, "0"]);
  });

  test("an offer that only sends leaves our sender to an m-line of its own", async () => {
    const { alice, bob, track } = pair();
    alice.addTransceiver("video", { direction: "sendonly" });
    bob.addTrack(track("video"));
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    assert.deepEqual(bob.getTransceivers().map((/** @type {any} */ one) => one.mid), [null, "0"]);
  });
});

describe("addTransceiver()", () => {
  test("reads its arguments as Web IDL says", () => {
    const { alice, track, stream } = pair();
    assert.throws(() => alice.addTransceiver(), TypeError);
    assert.throws(() => alice.addTransceiver("smell"), TypeError);
    assert.throws(() => alice.addTransceiver("audio", { direction: "sideways" }), TypeError);
    assert.throws(() => alice.addTransceiver("audio", { streams: [{}] }), TypeError);
    assert.throws(() => alice.addTransceiver("video", { sendEncodings: [{ scaleResolutionDownBy: 0.5 }] }), RangeError);
    assert.throws(() => alice.addTransceiver("video", { sendEncodings: [{ rid: "a b" }] }), TypeError);
    assert.equal(alice.getTransceivers().length, 0);
    const picture = track("video");
    const transceiver = alice.addTransceiver(picture, { direction: "sendonly", streams: [stream()], sendEncodings: [{ maxBitrate: 300000 }] });
    assert.equal(transceiver.sender.track, picture);
    assert.equal(transceiver.direction, "sendonly");
    assert.equal(transceiver.sender.getParameters().encodings[0].maxBitrate, 300000);
  });

  test("there is no simulcast: the first of several encodings is kept", () => {
    const { alice } = pair();
    const { sender } = alice.addTransceiver("video", { sendEncodings: [{ rid: "l" }, { rid: "h" }] });
    assert.equal(sender.getParameters().encodings.length, 1);
  });
});

describe("the track event", () => {
  test("brings track, streams of the offered ids, receiver and transceiver; it ends muted and is unmuted by media", async () => {
    const { alice, bob, track, stream, window } = pair();
    const voice = track("audio");
    const picture = track("video");
    const room = stream(voice, picture);
    alice.addTrack(voice, room);
    alice.addTrack(picture, room);
    /** @type {any[]} */
    const events = [];
    bob.ontrack = (/** @type {any} */ event) => events.push(event);
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    assert.equal(events.length, 2);
    const [first, second] = events;
    assert.ok(first instanceof window.RTCTrackEvent);
    assert.equal(first.streams[0].id, room.id);
    assert.equal(first.streams[0], second.streams[0]);
    assert.deepEqual(first.streams[0].getTracks(), [first.track, second.track]);
    assert.equal(first.transceiver, bob.getTransceivers()[0]);
    assert.equal(first.transceiver.direction, "recvonly");
    assert.equal(first.track.muted, true);
    const unmuted = next(second.track, "unmute");
    await bob.setLocalDescription();
    await alice.setRemoteDescription(bob.localDescription);
    await unmuted;
    assert.equal(second.track.muted, false);
  });

  test("a track in no stream, and a description that names none", async () => {
    const { alice, bob, track } = pair();
    alice.addTrack(track("audio"));
    let event = next(bob, "track");
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    assert.deepEqual((await event).streams, []);

    const { alice: carol, bob: dave } = pair();
    carol.addTransceiver("audio");
    event = next(dave, "track");
    const { sdp } = await carol.createOffer();
    await dave.setRemoteDescription({ type: "offer", sdp: sdp.replace(/a=msid:.*\r\n/g, "") });
    assert.equal((await event).streams.length, 1, "an old peer's tracks share a stream");
  });

  test("streams change without a new track event where the track stays in one, with addtrack and removetrack", async () => {
    const { alice, bob, track, stream } = pair();
    const [one, two] = [stream(), stream()];
    const sender = alice.addTrack(track("audio"), one);
    let event = next(bob, "track");
    await negotiate(alice, bob);
    const { streams, track: heard } = await event;
    const left = next(streams[0], "removetrack");
    event = next(bob, "track");
    sender.setStreams(two);
    await negotiate(alice, bob);
    assert.equal((await left).track, heard);
    const again = await event;
    assert.equal(again.track, heard);
    assert.equal(again.streams[0].id, two.id);
    assert.deepEqual(streams[0].getTracks(), []);
    assert.deepEqual(again.streams[0].getTracks(), [heard]);
  });

  test("when the sender stops sending the track is muted and leaves; it comes back with a new event", async () => {
    const { alice, bob, track, stream } = pair();
    const voice = track("audio");
    const sender = alice.addTrack(voice, stream(voice));
    const event = next(bob, "track");
    await negotiate(alice, bob);
    const { track: heard, streams } = await event;
    await next(heard, "unmute");
    const seen = record(heard, ["mute"]);
    alice.removeTrack(sender);
    assert.equal(sender.track, null);
    assert.equal(alice.getTransceivers()[0].direction, "recvonly");
    await negotiate(alice, bob);
    assert.deepEqual(seen, ["mute"]);
    assert.equal(heard.muted, true);
    assert.equal(heard.readyState, "live");
    assert.deepEqual(streams[0].getTracks(), []);
    const again = next(bob, "track");
    alice.getTransceivers()[0].direction = "sendrecv";
    await negotiate(alice, bob);
    assert.equal((await again).track, heard);
  });
});

describe("direction and stop()", () => {
  test("what is negotiated is what both want", async () => {
    const { alice, bob } = pair();
    alice.addTransceiver("audio", { direction: "sendrecv" });
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    bob.getTransceivers()[0].direction = "sendonly";
    await bob.setLocalDescription();
    await alice.setRemoteDescription(bob.localDescription);
    assert.equal(alice.getTransceivers()[0].currentDirection, "recvonly");
    assert.equal(bob.getTransceivers()[0].currentDirection, "sendonly");
  });

  test("a direction that is none is ignored, stopped is TypeError", () => {
    const { alice } = pair();
    const transceiver = alice.addTransceiver("audio");
    transceiver.direction = "sideways";
    assert.equal(transceiver.direction, "sendrecv");
    assert.throws(() => (transceiver.direction = "stopped"), TypeError);
  });

  test("stop() ends the track at once and the m-line with the next negotiation, on both sides", async () => {
    const { alice, bob, track } = pair();
    alice.addTrack(track("audio"));
    alice.addTransceiver("video");
    await negotiate(alice, bob);
    const [stopping] = alice.getTransceivers();
    const [theirs] = bob.getTransceivers();
    const ended = next(stopping.receiver.track, "ended");
    stopping.stop();
    await ended;
    assert.equal(stopping.direction, "stopped");
    assert.equal(stopping.currentDirection, "sendonly", "not negotiated yet");
    assert.throws(() => (stopping.direction = "sendrecv"), { name: "InvalidStateError" });
    await assert.rejects(stopping.sender.replaceTrack(null), { name: "InvalidStateError" });
    await negotiate(alice, bob);
    assert.equal(stopping.currentDirection, "stopped");
    assert.equal(theirs.currentDirection, "stopped");
    assert.equal(theirs.direction, "stopped");
    assert.equal(alice.getTransceivers().length, 1);
    assert.equal(bob.getTransceivers().length, 1);
    assert.equal(alice.getSenders().length, 1);
  });

  test("stop() before the answer is in the answer, and the m-line is used again", async () => {
    const { alice, bob, track } = pair();
    alice.addTrack(track("audio"));
    await alice.setLocalDescription();
    await bob.setRemoteDescription(alice.localDescription);
    const [theirs] = bob.getTransceivers();
    theirs.stop();
    await bob.setLocalDescription();
    const [mine] = alice.getTransceivers();
    const ended = next(mine.receiver.track, "ended");
    await alice.setRemoteDescription(bob.localDescription);
    await ended;
    assert.deepEqual([mine.direction, mine.currentDirection, mine.mid, theirs.mid], ["stopped", "stopped", null, null]);
    assert.deepEqual([alice.getTransceivers(), bob.getTransceivers()], [[], []]);
    bob.addTrack(track("video"));
    await negotiate(bob, alice);
    assert.equal(bob.localDescription.sdp.match(/^m=/gm).length, 1);
    assert.equal(bob.getTransceivers()[0].mid, "1");
  });

  test("one that was never negotiated just goes", async () => {
    const { alice } = pair();
    alice.addTransceiver("audio").stop();
    alice.addTransceiver("video");
    await alice.setLocalDescription();
    assert.equal(alice.getTransceivers().length, 1);
    assert.equal(alice.localDescription.sdp.match(/^m=/gm).length, 1);
  });

  test("the m-line of a stopped one is used again by a new one", async () => {
    const { alice, bob, media } = pair();
    alice.addTransceiver("video").stop();
    alice.addTransceiver("video");
    await negotiate(alice, bob);
    alice.getTransceivers()[0].stop();
    await negotiate(alice, bob);
    alice.addTransceiver("video");
    await negotiate(alice, bob);
    assert.equal(alice.localDescription.sdp.match(/^m=/gm).length, 1);
    assert.equal(alice.getTransceivers()[0].mid, "1");
    assert.equal(bob.getTransceivers()[0].mid, "1");
    assert.ok(media.sources.some(({ line, ended }) => line === "1/0" && !ended));
  });
});

describe("how loud the other side is", () => {
  test("is told by the engine, which is asked once while the page looks again and again", async () => {
    const { alice, bob, track, engine } = pair();
    alice.addTrack(track("audio"));
    await negotiate(alice, bob);
    const [receiver] = bob.getReceivers();
    assert.deepEqual(receiver.getSynchronizationSources(), []);
    await until(() => engine.calls("level").length > 0);
    engine.emit({ event: "level", peer: 2, mid: "0", level: 0.25 });
    await until(() => receiver.getSynchronizationSources().length > 0);
    for (let look = 0; look < 50; look += 1) assert.equal(receiver.getSynchronizationSources()[0].audioLevel, 0.25);
    engine.emit({ event: "level", peer: 2, mid: "0", level: 0 });
    await until(() => receiver.getSynchronizationSources()[0].audioLevel === 0);
    assert.deepEqual(engine.calls("level"), [{ peer: 2, mid: "0" }]);
    assert.deepEqual(engine.calls("stats"), []);
    bob.close();
    assert.deepEqual(receiver.getSynchronizationSources(), []);
  });
});

describe("what goes out", () => {
  test("the microphone is told to the engine, and nothing else is taken for it", async () => {
    const { alice, bob, track, engine, window } = pair();
    const stream = await window.navigator.mediaDevices.getUserMedia({ audio: true });
    const [microphone] = stream.getAudioTracks();
    const sender = alice.addTrack(microphone, stream);
    await negotiate(alice, bob);
    await until(() => engine.calls("sender").length > 0);
    const told = { peer: 1, mid: "0", kind: "audio", active: true, muted: false, maxBitrate: null };
    assert.deepEqual(engine.calls("sender"), [told]);
    microphone.enabled = false;
    await turns();
    assert.deepEqual(engine.calls("sender").at(-1), { ...told, muted: true });
    await sender.replaceTrack(track("audio"));
    await turns();
    assert.equal(engine.calls("sender").at(-1).active, false, "some other track must not open the microphone");
    const copy = microphone.clone();
    copy.enabled = true;
    await sender.replaceTrack(copy);
    await turns();
    assert.deepEqual(engine.calls("sender").at(-1), told, "a clone is the microphone too");
    copy.stop();
    await turns();
    assert.equal(engine.calls("sender").at(-1).active, false, "stop() releases it");
  });

  test("a camera goes to the worker once negotiated, with its limits, and stops with its direction", async () => {
    const { alice, bob, track, media, engine } = pair();
    alice.addTransceiver("audio");
    const picture = track("video");
    const sender = alice.addTrack(picture);
    assert.equal(media.sent.size, 0);
    await negotiate(alice, bob);
    assert.equal(media.sent.get("1/1")?.track, picture);
    picture.enabled = false;
    assert.equal(media.sent.get("1/1")?.limits.muted, true);
    const parameters = sender.getParameters();
    Object.assign(parameters.encodings[0], { maxBitrate: 250_000, scaleResolutionDownBy: 2, maxFramerate: 15 });
    await sender.setParameters(parameters);
    const { maxBitrate, scale, maxFramerate } = media.sent.get("1/1")?.limits;
    assert.deepEqual([maxBitrate, scale, maxFramerate], [250_000, 2, 15]);
    await turns();
    assert.equal(engine.calls("sender").at(-1).maxBitrate, 250_000);
    const other = track("video");
    await sender.replaceTrack(other);
    assert.equal(media.sent.get("1/1")?.track, other);
    alice.getTransceivers()[1].direction = "inactive";
    await negotiate(alice, bob);
    assert.equal(media.sent.size, 0);
  });

  test("an ended camera sends nothing", async () => {
    const { alice, bob, track, media } = pair();
    const picture = track("video");
    alice.addTrack(picture);
    await negotiate(alice, bob);
    picture.stop();
    picture.dispatchEvent(new Event("ended"));
    assert.equal(media.sent.size, 0);
  });

  test("what comes in is shown on its m-line, and a muted receiver is told to the engine", async () => {
    const { alice, bob, track, media, engine } = pair();
    alice.addTrack(track("audio"));
    alice.addTrack(track("video"));
    await negotiate(alice, bob);
    const handle = engine.calls("setRemoteOffer")[0].peer;
    assert.ok(media.sources.some(({ line }) => line === `${handle}/1`));
    bob.getReceivers()[0].track.enabled = false;
    await turns();
    const told = engine.calls("receiver").filter(({ peer }) => peer === handle);
    assert.deepEqual(told.at(-1), { peer: handle, mid: "0", kind: "audio", enabled: false });
  });
});

describe("replaceTrack()", () => {
  test("keeps the kind and refuses strangers", async () => {
    const { alice, track } = pair();
    const sender = alice.addTrack(track("audio"));
    await assert.rejects(sender.replaceTrack(track("video")), TypeError);
    await assert.rejects(sender.replaceTrack({}), TypeError);
    await assert.rejects(sender.replaceTrack(), TypeError);
    const other = track("audio");
    await sender.replaceTrack(other);
    assert.equal(sender.track, other);
    await sender.replaceTrack(null);
    assert.equal(sender.track, null);
  });

  test("takes its turn in the operations chain", async () => {
    const { alice, track } = pair();
    const sender = alice.addTrack(track("audio"));
    const offer = alice.createOffer();
    const other = track("audio");
    const replaced = sender.replaceTrack(other);
    await offer;
    assert.notEqual(sender.track, other);
    await replaced;
    assert.equal(sender.track, other);
  });
});

describe("parameters", () => {
  test("must come from getParameters() in the same task and keep what cannot change", async () => {
    const { alice, track } = pair();
    const sender = alice.addTrack(track("video"));
    const parameters = sender.getParameters();
    assert.equal(typeof parameters.transactionId, "string");
    await assert.rejects(sender.setParameters({}), TypeError);
    await assert.rejects(sender.setParameters({ ...parameters, encodings: [] }), { name: "InvalidModificationError" });
    await assert.rejects(sender.setParameters({ ...parameters, transactionId: "other" }), { name: "InvalidModificationError" });
    await assert.rejects(sender.setParameters({ ...parameters, encodings: [{ scaleResolutionDownBy: 0 }] }), RangeError);
    await sender.setParameters(parameters);
    await assert.rejects(sender.setParameters(parameters), { name: "InvalidStateError" }, "once");
    const late = sender.getParameters();
    await turns(5);
    await assert.rejects(sender.setParameters(late), { name: "InvalidStateError" });
  });

  test("capabilities are VP8 and Opus", () => {
    const { window, alice } = pair();
    assert.deepEqual(window.RTCRtpSender.getCapabilities("video").codecs.map((/** @type {any} */ one) => one.mimeType), ["video/VP8"]);
    assert.deepEqual(window.RTCRtpReceiver.getCapabilities("audio").codecs.map((/** @type {any} */ one) => one.mimeType), ["audio/opus"]);
    assert.equal(window.RTCRtpSender.getCapabilities("smell"), null);
    const transceiver = alice.addTransceiver("video");
    transceiver.setCodecPreferences(window.RTCRtpReceiver.getCapabilities("video").codecs);
    assert.throws(() => transceiver.setCodecPreferences([{ mimeType: "video/AV1", clockRate: 90000 }]), { name: "InvalidModificationError" });
  });
});

test("removeTrack() minds whose sender it is", async () => {
  const { alice, bob, track } = pair();
  const sender = alice.addTrack(track("audio"));
  assert.throws(() => bob.removeTrack(sender), { name: "InvalidAccessError" });
  assert.throws(() => alice.removeTrack({}), TypeError);
  alice.removeTrack(sender);
  alice.removeTrack(sender);
  assert.equal(alice.getTransceivers()[0].direction, "recvonly");
});

test("close() ends everything without a word", async () => {
  const { alice, bob, track, engine, media } = pair();
  alice.addTrack(track("video"));
  await negotiate(alice, bob);
  await turns();
  const seen = record(alice, ["signalingstatechange", "connectionstatechange", "iceconnectionstatechange"]);
  const receiver = alice.getReceivers()[0];
  const ended = record(receiver.track, ["ended"]);
  alice.close();
  alice.close();
  assert.deepEqual([alice.signalingState, alice.connectionState, alice.iceConnectionState], ["closed", "closed", "closed"]);
  assert.equal(receiver.track.readyState, "ended");
  assert.equal(alice.getTransceivers()[0].currentDirection, "stopped");
  assert.deepEqual(alice.getSenders(), []);
  await turns();
  assert.deepEqual(seen, []);
  assert.deepEqual(ended, []);
  assert.deepEqual(engine.calls("close"), [{ peer: 1 }]);
  assert.deepEqual(media.closed, [1]);
  assert.equal(media.sent.size, 0);
  alice.restartIce();
  assert.equal((await alice.getStats()).size, 1);
});
