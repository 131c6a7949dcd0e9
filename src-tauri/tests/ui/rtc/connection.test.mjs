// Candidates, states, configuration, statistics, and the shape of the interfaces.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { negotiate, next, page, record, trickle, turns, until } from "./page.mjs";

/** Two connections of one page. */
function pair() {
  const one = page();
  const { RTCPeerConnection } = one;
  return { ...one, alice: new RTCPeerConnection(), bob: new RTCPeerConnection() };
}

describe("candidates", () => {
  test("come after setLocalDescription(), are in the description, and end with null", async () => {
    const { alice, track, window } = pair();
    alice.addTrack(track("audio"));
    /** @type {any[]} */
    const candidates = [];
    let described = false;
    alice.onicecandidate = (/** @type {any} */ event) => {
      assert.ok(described, "not before the promise");
      assert.ok(event instanceof window.RTCPeerConnectionIceEvent);
      candidates.push(event.candidate);
    };
    const states = record(alice, ["icegatheringstatechange"]);
    await alice.setLocalDescription();
    described = true;
    await until(() => candidates.includes(null));
    const [first] = candidates;
    assert.ok(first instanceof window.RTCIceCandidate);
    assert.deepEqual([first.sdpMid, first.sdpMLineIndex, first.type, first.protocol], ["0", 0, "host", "udp"]);
    assert.equal(first.usernameFragment, "u1");
    assert.ok(alice.localDescription.sdp.includes(`a=${first.candidate}`));
    assert.equal(alice.iceGatheringState, "complete");
    assert.equal(states.length, 2, "gathering, complete");
  });

  test("are trickled to the engine, and into the remote description", async () => {
    const { alice, bob, engine, track } = pair();
    trickle(alice, bob);
    alice.addTrack(track("audio"));
    await negotiate(alice, bob);
    await until(() => (engine.candidates.get(2) ?? []).length > 0);
    const [added] = engine.candidates.get(2) ?? [];
    assert.deepEqual({ ...added, candidate: "…" }, { peer: 2, candidate: "…", mid: "0", index: null, ufrag: "u1" });
    await until(() => bob.remoteDescription.sdp.includes(added.candidate));
  });

  test("null, nothing and the empty one all end the list", async () => {
    const { alice, bob, engine, track } = pair();
    alice.addTrack(track("audio"));
    await negotiate(alice, bob);
    for (const end of [undefined, null, {}, { candidate: "" }, { candidate: "", sdpMid: "0" }]) await bob.addIceCandidate(end);
    const ended = (engine.candidates.get(2) ?? []).filter(({ candidate }) => candidate === "");
    assert.equal(ended.length, 5);
    assert.match(bob.remoteDescription.sdp, /a=end-of-candidates/);
  });

  test("say which server they are from", async () => {
    const { alice, track, engine } = pair();
    alice.addTrack(track("audio"));
    await alice.setLocalDescription();
    await until(() => alice.iceGatheringState === "complete");
    const url = "turn:turn.example.org?transport=tcp";
    const candidate = "candidate:1ffffff 1 udp 33554431 203.0.113.9 49152 typ relay raddr 0.0.0.0 rport 0 ufrag u1";
    const told = next(alice, "icecandidate");
    engine.emit({ event: "gathering", peer: 1, state: "gathering" });
    engine.emit({ event: "candidate", peer: 1, candidate, mid: "0", index: 0, ufrag: "u1", url, relayProtocol: "tcp" });
    const event = await told;
    assert.deepEqual([event.url, event.candidate.url, event.candidate.relayProtocol], [url, url, "tcp"]);
    assert.equal(alice.iceGatheringState, "gathering", "again: the network changed");
    engine.emit({ event: "candidate", peer: 1, candidate: null, mid: "0", index: 0, ufrag: "u1" });
    await until(() => alice.iceGatheringState === "complete");
  });

  test("that a server does not give are an error with its name", async () => {
    const { alice, engine, window } = pair();
    await alice.createOffer();
    const told = next(alice, "icecandidateerror");
    const url = "turns:turn.example.org";
    engine.emit({ event: "candidateError", peer: 1, url, errorCode: 701, errorText: "No answer." });
    const event = await told;
    assert.ok(event instanceof window.RTCPeerConnectionIceErrorEvent);
    assert.deepEqual([event.url, event.errorCode, event.errorText], [url, 701, "No answer."]);
    assert.deepEqual([event.address, event.port], [null, null]);
  });

  test("that fit nowhere are refused", async () => {
    const { alice, bob, track } = pair();
    const candidate = "candidate:1 1 udp 1 192.0.2.1 1 typ host";
    await assert.rejects(bob.addIceCandidate({ candidate }), TypeError);
    await assert.rejects(bob.addIceCandidate({ candidate, sdpMid: "0" }), { name: "InvalidStateError" });
    await assert.rejects(bob.addIceCandidate(null), { name: "InvalidStateError" });
    alice.addTrack(track("audio"));
    await negotiate(alice, bob);
    await assert.rejects(bob.addIceCandidate({ candidate, sdpMid: "no" }), { name: "OperationError" });
    await assert.rejects(bob.addIceCandidate({ candidate, sdpMLineIndex: 7 }), { name: "OperationError" });
    await assert.rejects(bob.addIceCandidate({ candidate, sdpMid: "0", usernameFragment: "no" }), { name: "OperationError" });
    await assert.rejects(bob.addIceCandidate({ candidate, usernameFragment: "u1", sdpMid: "1" }), { name: "OperationError" });
    await assert.rejects(bob.addIceCandidate({ candidate: "bogus", sdpMid: "0" }), { name: "OperationError" });
    await bob.addIceCandidate({ candidate, sdpMLineIndex: 0 });
  });
});

test("connection states follow the engine", async () => {
  const { alice, bob, track, engine } = pair();
  /** @type {string[]} */
  const seen = [];
  alice.oniceconnectionstatechange = () => seen.push(`ice ${alice.iceConnectionState}`);
  alice.onconnectionstatechange = () => seen.push(alice.connectionState);
  alice.addTrack(track("audio"));
  await negotiate(alice, bob);
  await until(() => alice.connectionState === "connected");
  assert.deepEqual(seen, ["ice checking", "ice connected", "connecting", "connected"]);
  const transport = alice.getSenders()[0].transport;
  assert.equal(transport.state, "connected");
  assert.equal(transport.iceTransport.state, "connected");
  engine.emit({ event: "ice", peer: 1, state: "disconnected" });
  engine.emit({ event: "connection", peer: 1, state: "disconnected" });
  engine.emit({ event: "ice", peer: 99, state: "failed" });
  await until(() => alice.connectionState === "disconnected");
  await until(() => bob.connectionState === "connected");
});

test("a certificate other than described fails the transport, with the reason", async () => {
  const { alice, track, engine, window } = pair();
  const { sender } = alice.addTransceiver(track("audio"));
  await alice.setLocalDescription();
  /** @type {string[]} */
  const seen = [];
  sender.transport.onerror = (/** @type {any} */ event) => {
    assert.ok(event instanceof window.RTCErrorEvent);
    assert.ok(event.error instanceof window.RTCError);
    seen.push(`${event.error.errorDetail}, ${sender.transport.state}`);
  };
  sender.transport.onstatechange = () => seen.push(sender.transport.state);
  alice.onconnectionstatechange = () => seen.push(`connection ${alice.connectionState}`);
  engine.emit({ event: "dtls", peer: 1, state: "failed", error: "fingerprint-failure" });
  engine.emit({ event: "connection", peer: 1, state: "failed" });
  await until(() => alice.connectionState === "failed");
  assert.deepEqual(seen, ["fingerprint-failure, failed", "failed", "connection failed"]);
  engine.emit({ event: "dtls", peer: 1, state: "failed", error: "dtls-failure" });
  await turns();
  assert.equal(seen.length, 3, "once");
});

test("what the engine says besides is left to the page's owner", async () => {
  const { alice, engine } = pair();
  await alice.createOffer();
  const told = next(alice, "ringdown-path");
  engine.emit({ event: "path", peer: 1, rttMs: 3 });
  assert.equal((await told).detail.rttMs, 3);
});

describe("configuration", () => {
  test("is copied, completed, and given to the engine without what it has no use for", async () => {
    const { RTCPeerConnection, engine } = pair();
    const servers = [{ urls: "stun:stun.example.org" }, { urls: ["turn:t.example.org?transport=tcp"], username: "u", credential: "c" }];
    const pc = new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: "relay" });
    const read = pc.getConfiguration();
    assert.deepEqual(read.iceServers[0].urls, ["stun:stun.example.org"]);
    assert.equal(read.bundlePolicy, "balanced");
    read.iceServers[0].urls.push("stun:other");
    assert.equal(pc.getConfiguration().iceServers[0].urls.length, 1);
    await pc.createOffer();
    const { configuration } = engine.calls("open")[0];
    assert.equal(configuration.iceTransportPolicy, "relay");
    assert.deepEqual(configuration.iceServers[1], { urls: ["turn:t.example.org?transport=tcp"], username: "u", credential: "c" });
  });

  test("a connection that is to gather ahead is opened at once, any other when it is used", async () => {
    const { RTCPeerConnection, engine } = page();
    const later = new RTCPeerConnection();
    await turns();
    assert.deepEqual(engine.calls("open"), []);
    const ahead = new RTCPeerConnection({ iceCandidatePoolSize: 1 });
    await turns();
    assert.deepEqual(engine.calls("open").map(({ configuration }) => configuration.iceCandidatePoolSize), [1]);
    for (const pc of [later, ahead]) pc.close();
  });

  const turn = (/** @type {string} */ urls) => ({ urls, username: "u", credential: "c" });
  const good = ["stun:a", "stun:a:3478", "stuns:a", "stun:[::1]:3478", "turn:a", "turns:a:443?transport=tcp", "TURN:a", "turn:192.0.2.1?transport=udp"];
  for (const url of good) {
    test(`${url} is an ICE server`, () => new (page().RTCPeerConnection)({ iceServers: [turn(url)] }));
  }
  const bad = ["", "relative", "http://a", "stun://a/b", "stun:", "stun:a:99999", "stun:a?transport=udp", "turn:a?transport=smoke", "stun:a b", "turn:a?x=1"];
  for (const url of bad) {
    test(`"${url}" is SyntaxError`, () => {
      const { RTCPeerConnection } = page();
      assert.throws(() => new RTCPeerConnection({ iceServers: [turn(url)] }), { name: "SyntaxError" });
    });
  }

  test("other mistakes have their own names", () => {
    const { RTCPeerConnection } = page();
    const make = (/** @type {any} */ configuration) => () => new RTCPeerConnection(configuration);
    for (const wrong of [1, "x", { iceServers: null }, { iceServers: [null] }, { iceServers: [{}] }, { iceTransportPolicy: "none" }, { bundlePolicy: "" }, { iceCandidatePoolSize: 256 }, { iceCandidatePoolSize: -1 }, { certificates: [{}] }, { rtcpMuxPolicy: "negotiate" }]) {
      assert.throws(make(wrong), TypeError, JSON.stringify(wrong));
    }
    assert.throws(make({ iceServers: [{ urls: [] }] }), { name: "SyntaxError" });
    assert.throws(make({ iceServers: [{ urls: "turn:a" }] }), { name: "InvalidAccessError" });
    assert.throws(make({ iceServers: [{ urls: "turn:a", username: "u" }] }), { name: "InvalidAccessError" });
    assert.throws(make({ iceServers: [{ urls: "turn:a", username: "u".repeat(510), credential: "c" }] }), { name: "InvalidAccessError" });
    make(undefined)();
    make(null)();
  });

  test("that is new reaches the engine before what is asked next", async () => {
    const { alice, engine } = pair();
    alice.setConfiguration({ iceServers: [{ urls: "stun:a" }] });
    await alice.createOffer();
    assert.equal(engine.calls("setConfiguration").length, 0, "it was opened with it");
    assert.deepEqual(engine.calls("open")[0].configuration.iceServers, [{ urls: ["stun:a"] }]);
    alice.setConfiguration({ iceServers: [{ urls: "stun:b" }], iceTransportPolicy: "relay" });
    await alice.createOffer();
    const [, second, third] = engine.log.filter(([op]) => ["createOffer", "setConfiguration"].includes(op));
    assert.deepEqual([second?.[0], third?.[0]], ["setConfiguration", "createOffer"]);
    const { configuration } = engine.calls("setConfiguration")[0];
    assert.deepEqual(configuration.iceServers, [{ urls: ["stun:b"] }]);
    assert.equal(configuration.iceTransportPolicy, "relay");
  });

  test("can change in part", async () => {
    const { RTCPeerConnection } = page();
    const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    assert.throws(() => pc.setConfiguration({}), { name: "InvalidModificationError" });
    pc.setConfiguration({ bundlePolicy: "max-bundle", iceServers: [{ urls: "stun:b" }], iceCandidatePoolSize: 2 });
    assert.equal(pc.getConfiguration().iceServers.length, 1);
    pc.addTransceiver("audio");
    await pc.setLocalDescription();
    assert.throws(() => pc.setConfiguration({ bundlePolicy: "max-bundle" }), { name: "InvalidModificationError" });
    pc.close();
    assert.throws(() => pc.setConfiguration({}), { name: "InvalidStateError" });
  });
});

describe("getStats()", () => {
  const ENTRIES = [
    { id: "T", type: "transport", timestamp: 1, selectedCandidatePairId: "P" },
    { id: "P", type: "candidate-pair", timestamp: 1, localCandidateId: "L" },
    { id: "L", type: "local-candidate", timestamp: 1 },
    { id: "I1", type: "inbound-rtp", kind: "video", mid: "0", timestamp: 1, transportId: "T", codecId: "C", framesDecoded: 1, packetsLost: 3 },
    { id: "O1", type: "outbound-rtp", kind: "video", mid: "0", timestamp: 1, transportId: "T" },
    { id: "O2", type: "outbound-rtp", kind: "audio", mid: "1", timestamp: 1 },
    { id: "C", type: "codec", timestamp: 1, mimeType: "video/VP8" },
  ];

  test("is a maplike report of the engine's figures with the worker's own in it", async () => {
    const { alice, bob, track, engine, media, window } = pair();
    engine.stats = ENTRIES;
    media.answer = [{ peer: 1, index: 0, inbound: { framesDecoded: 77, freezeCount: 2 }, outbound: { framesEncoded: 55 } }];
    alice.addTrack(track("video"));
    await negotiate(alice, bob);
    const report = await alice.getStats();
    assert.ok(report instanceof window.RTCStatsReport);
    assert.equal(report.size, ENTRIES.length + 1);
    const inbound = report.get("I1");
    assert.deepEqual([inbound.framesDecoded, inbound.freezeCount, inbound.packetsLost], [77, 2, 3]);
    assert.equal(report.get("O1").framesEncoded, 55);
    assert.equal(report.get("O2").framesEncoded, undefined);
    assert.ok(report.has("T"));
    assert.deepEqual([...report.keys()], [...report].map(([id]) => id));
    let visited = 0;
    report.forEach((/** @type {any} */ value, /** @type {any} */ key, /** @type {any} */ self) => {
      assert.equal(report.get(key), value);
      assert.equal(self, report);
      visited += 1;
    });
    assert.equal(visited, report.size);
    assert.equal(report.set, undefined, "read-only");
  });

  test("a selector leaves what belongs to its track", async () => {
    const { alice, bob, track, engine } = pair();
    engine.stats = ENTRIES;
    const picture = track("video");
    const sender = alice.addTrack(picture);
    await negotiate(alice, bob);
    assert.deepEqual([...(await alice.getStats(picture)).keys()], ["O1", "T", "P", "L"]);
    assert.deepEqual([...(await sender.getStats()).keys()], ["O1", "T", "P", "L"]);
    assert.deepEqual([...(await alice.getTransceivers()[0].receiver.getStats()).keys()], ["I1", "T", "C", "P", "L"]);
    await assert.rejects(alice.getStats(track("audio")), { name: "InvalidAccessError" });
    await assert.rejects(alice.getStats({}), TypeError);
  });
});

describe("the shape of the interfaces", () => {
  test("is what Web IDL makes of them", () => {
    const { window, RTCPeerConnection, alice } = pair();
    assert.equal(Object.prototype.toString.call(alice), "[object RTCPeerConnection]");
    assert.equal(RTCPeerConnection.name, "RTCPeerConnection");
    assert.equal(RTCPeerConnection.length, 0);
    assert.ok(alice instanceof EventTarget);
    assert.throws(() => RTCPeerConnection(), TypeError);
    const lengths = { setRemoteDescription: 1, addTrack: 1, addTransceiver: 1, createDataChannel: 1, createOffer: 0, addIceCandidate: 0, getStats: 0, setLocalDescription: 0, removeTrack: 1 };
    for (const [name, length] of Object.entries(lengths)) {
      const { value, enumerable } = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, name) ?? {};
      assert.equal(value.length, length, name);
      assert.equal(enumerable, true, name);
    }
    for (const name of ["RTCRtpSender", "RTCRtpReceiver", "RTCRtpTransceiver", "RTCDataChannel", "RTCStatsReport", "RTCDtlsTransport", "RTCIceTransport", "RTCSctpTransport"]) {
      assert.throws(() => new window[name](), TypeError, name);
      assert.equal(window[name].name, name);
      assert.equal(Object.prototype.toString.call(window[name].prototype), `[object ${name}]`);
    }
    assert.equal(alice.toString(), "[object RTCPeerConnection]");
  });

  test("an attribute read from a stranger is a TypeError, an operation a rejection", async () => {
    const { RTCPeerConnection } = page();
    const { get } = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, "signalingState") ?? {};
    assert.throws(() => get?.call({}), TypeError);
    await assert.rejects(RTCPeerConnection.prototype.createOffer.call({}), TypeError);
    assert.throws(() => RTCPeerConnection.prototype.onicecandidate, TypeError);
  });

  test("on… attributes hold one handler, in its place among the listeners", async () => {
    const { alice } = pair();
    /** @type {string[]} */
    const calls = [];
    assert.equal(alice.onnegotiationneeded, null);
    alice.onnegotiationneeded = () => calls.push("first");
    alice.addEventListener("negotiationneeded", () => calls.push("listener"));
    const handler = function (/** @type {any} */ event) {
      // @ts-ignore -- `this` is what is looked at
      assert.equal(this, alice);
      calls.push(event.type);
    };
    alice.onnegotiationneeded = handler;
    assert.equal(alice.onnegotiationneeded, handler);
    alice.addTransceiver("audio");
    await turns();
    assert.deepEqual(calls, ["negotiationneeded", "listener"]);
    alice.onnegotiationneeded = "no function";
    assert.equal(alice.onnegotiationneeded, null);
  });

  test("descriptions and candidates can be made, read and turned into JSON", () => {
    const { window } = page();
    const description = new window.RTCSessionDescription({ type: "offer" });
    assert.deepEqual(JSON.parse(JSON.stringify(description)), { type: "offer", sdp: "" });
    assert.throws(() => new window.RTCSessionDescription(), TypeError);
    assert.throws(() => new window.RTCSessionDescription({ type: "x" }), TypeError);
    const text = "candidate:42 1 UDP 2130706431 192.0.2.7 54321 typ srflx raddr 10.0.0.1 rport 9 generation 0 ufrag abcd";
    const candidate = new window.RTCIceCandidate({ candidate: text, sdpMid: "0", sdpMLineIndex: 0 });
    const { foundation, component, protocol, priority, address, port, type, relatedAddress, relatedPort, usernameFragment } = candidate;
    assert.deepEqual(
      [foundation, component, protocol, priority, address, port, type, relatedAddress, relatedPort, usernameFragment],
      ["42", "rtp", "udp", 2130706431, "192.0.2.7", 54321, "srflx", "10.0.0.1", 9, "abcd"],
    );
    assert.deepEqual(candidate.toJSON(), { candidate: text, sdpMid: "0", sdpMLineIndex: 0, usernameFragment: "abcd" });
    assert.throws(() => new window.RTCIceCandidate(), TypeError);
    assert.throws(() => new window.RTCIceCandidate({ candidate: text }), TypeError);
    assert.throws(() => new window.RTCIceCandidate({ sdpMLineIndex: -1 }), TypeError);
    assert.equal(new window.RTCIceCandidate({ candidate: "garbage", sdpMid: "" }).address, null);
  });

  test("generateCertificate() is not supported, and says so", async () => {
    const { RTCPeerConnection } = page();
    await assert.rejects(RTCPeerConnection.generateCertificate({ name: "ECDSA" }), { name: "NotSupportedError" });
    await assert.rejects(RTCPeerConnection.generateCertificate(), TypeError);
  });
});
