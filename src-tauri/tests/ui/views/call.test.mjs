// Alice (who calls, impolite) and Bob (who answers, polite) on two peer connections in memory.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { FakePeerConnection, FakeStream, FakeTrack, installFakes } from "./fake-peer.mjs";

installFakes();
const { Call, STATS_EVERY_MS } = await import("../../../../ui/call.js");
const { RESTART_AFTER_MS, RESTART_AGAIN_MS, FRESH_MS, SETTLES_MS, BETTER_AFTER_MS } = await import("../../../../ui/recovery.js");

/** Waits for what follows from what was done, in whatever order. */
async function until(what, holds) {
  for (let turn = 0; turn < 500; turn += 1) {
    if (holds()) return;
    await new Promise(setImmediate);
  }
  assert.fail(`never: ${what}`);
}

/** Until nothing is under way any more. */
async function quiet() {
  for (let turn = 0; turn < 40; turn += 1) await new Promise(setImmediate);
}

const both = () => new FakeStream([new FakeTrack("audio"), new FakeTrack("video")]);
const voice = () => new FakeStream([new FakeTrack("audio")]);

/** One side: its Call, its peer connection, what it sent and what it said. */
class Side {
  sent = [];
  events = [];
  /** While true, what is sent waits in `held`. */
  holding = false;
  held = [];

  constructor(name, { polite }) {
    this.name = name;
    this.call = new Call({
      createPeerConnection: (configuration) => (this.pc = new FakePeerConnection(configuration)),
      configuration: { iceServers: [] },
      polite,
      initiator: !polite,
      send: (data) => {
        this.sent.push(JSON.parse(data));
        if (this.holding) this.held.push(data);
        else queueMicrotask(() => this.peer.call.handleSignal(data));
      },
    });
    for (const type of ["remotestream", "state", "path", "details", "quality", "diagnosis", "error"]) {
      this.call.addEventListener(type, ({ detail }) => this.events.push({ type, detail }));
    }
  }
  release() {
    this.holding = false;
    for (const data of this.held.splice(0)) this.peer.call.handleSignal(data);
  }
  heard(type) {
    return this.events.filter((event) => event.type === type).map((event) => event.detail);
  }
  descriptions() {
    return this.sent.filter(({ description }) => description).map(({ description }) => description.type);
  }
  /** What the other side was last said to send. */
  sees() {
    const { audio, video } = this.heard("remotestream").at(-1) ?? {};
    return { audio, video };
  }
  agreed(kind) {
    return this.pc.getTransceivers().find((one) => one.kind === kind)?.currentDirection;
  }
}

/** @type {Side} */ let alice;
/** @type {Side} */ let bob;

beforeEach(() => {
  alice = new Side("Alice", { polite: false });
  bob = new Side("Bob", { polite: true });
  alice.peer = bob;
  bob.peer = alice;
});

afterEach(() => {
  alice.call.close();
  bob.call.close();
});

async function connect(hers = both(), his = both()) {
  bob.call.start(his);
  alice.call.start(hers);
  await until("both have agreed", () => alice.pc.signalingState === "stable" && bob.heard("remotestream").length > 0);
  await quiet();
  alice.pc.become("connected");
  bob.pc.become("connected");
}

describe("the first negotiation", () => {
  test("takes one offer and one answer, and both see and hear each other", async () => {
    await connect();
    assert.deepEqual(alice.descriptions(), ["offer"]);
    assert.deepEqual(bob.descriptions(), ["answer"]);
    assert.deepEqual(alice.sees(), { audio: true, video: true });
    assert.deepEqual(bob.sees(), { audio: true, video: true });
    assert.deepEqual([...alice.heard("error"), ...bob.heard("error")], []);
  });

  test("carries Bob's tracks in his first answer", async () => {
    const his = both();
    await connect(both(), his);
    const sent = bob.pc.getTransceivers().map((one) => one.sender.track);
    assert.deepEqual(sent, his.getTracks());
  });

  test("of a voice call has room for a picture, and says that there is none", async () => {
    await connect(both(), voice());
    assert.deepEqual(alice.sees(), { audio: true, video: false });
    assert.deepEqual(bob.sees(), { audio: true, video: true });
    assert.equal(bob.agreed("video"), "sendrecv");
  });

  test("does not wait for Bob's devices: the tracks follow without another round", async () => {
    alice.call.start(both());
    bob.call.start(new FakeStream());
    await until("agreed", () => bob.descriptions().includes("answer"));
    await until("Alice knows", () => alice.sees().audio === false && alice.sees().video === false);
    const camera = new FakeTrack("video");
    bob.call.setCamera(camera);
    bob.call.setMicrophone(new FakeTrack("audio"));
    await until("Alice sees and hears him", () => alice.sees().audio && alice.sees().video);
    assert.equal(bob.pc.getTransceivers().find((one) => one.kind === "video").sender.track, camera);
    assert.deepEqual(bob.descriptions(), ["answer"]);
  });

  test("shows what an older or foreign peer sends, which says nothing about it", async () => {
    bob.pc.createDataChannel = () => new EventTarget();
    alice.pc.createDataChannel = () => new EventTarget();
    await connect(both(), voice());
    assert.deepEqual(bob.sees(), { audio: true, video: true });
    assert.deepEqual(alice.sees(), { audio: true, video: true });
  });

  test("waits for start: what came before is not lost", async () => {
    alice.call.start(both());
    await quiet();
    assert.deepEqual(bob.descriptions(), []);
    bob.call.start(both());
    await until("Bob answers", () => bob.descriptions().includes("answer"));
  });

  test("gives the peer connection the core's configuration unchanged", () => {
    assert.deepEqual(alice.pc.configuration, { iceServers: [] });
  });
});

describe("during the call", () => {
  test("muting changes the track and negotiates nothing", async () => {
    const hers = both();
    await connect(hers);
    alice.call.setMicrophone(false);
    await quiet();
    assert.equal(hers.getAudioTracks()[0].enabled, false);
    assert.deepEqual(bob.sees(), { audio: false, video: true });
    alice.call.setMicrophone(true);
    await quiet();
    assert.equal(hers.getAudioTracks()[0].enabled, true);
    assert.deepEqual(alice.descriptions(), ["offer"]);
  });

  test("the other side is told when the camera goes and comes", async () => {
    await connect();
    alice.call.setCamera(null);
    await until("Bob knows", () => bob.sees().video === false);
    const camera = new FakeTrack("video");
    alice.call.setCamera(camera);
    await until("Bob sees again", () => bob.sees().video === true);
    assert.equal(alice.pc.getTransceivers()[1].sender.track, camera);
    assert.deepEqual([...alice.descriptions(), ...bob.descriptions()], ["offer", "answer"]);
  });

  test("both can toggle at once: nothing is negotiated, so nothing collides", async () => {
    await connect();
    for (const side of [alice, bob]) side.call.setCamera(null);
    await until("neither sees", () => !alice.sees().video && !bob.sees().video);
    for (const side of [alice, bob]) side.call.setCamera(new FakeTrack("video"));
    await until("both see", () => alice.sees().video && bob.sees().video);
    assert.deepEqual([...alice.descriptions(), ...bob.descriptions()], ["offer", "answer"]);
  });

  test("nonsense on the state channel is reported and changes nothing", async () => {
    await connect();
    const before = alice.sees();
    const channel = bob.pc.channelForTest();
    channel.send("{");
    await until("an error", () => alice.heard("error").length === 1);
    assert.deepEqual(alice.sees(), before);
  });

  test("a screen takes the camera's place without another round", async () => {
    await connect();
    alice.call.setCamera(new FakeTrack("video"));
    await quiet();
    assert.deepEqual(alice.descriptions(), ["offer"]);
    assert.equal(alice.pc.getTransceivers()[1].sender.replaced, 1);
  });

  test("Bob can add a picture to a voice call", async () => {
    await connect(voice(), voice());
    bob.call.setCamera(new FakeTrack("video"));
    await until("Alice sees him", () => alice.sees().video === true);
    assert.deepEqual(bob.descriptions(), ["answer"]);
  });

  test("the voice's loudness is read where the connection knows it", async () => {
    await connect();
    assert.equal(alice.call.voiceLevel(), null);
    alice.pc.getTransceivers()[0].receiver.level = 0.25;
    assert.equal(alice.call.voiceLevel(), 0.25);
  });
});

describe("both offer at once", () => {
  test("and it settles: hers stands, his is taken back", async () => {
    await connect(voice(), voice());
    alice.holding = bob.holding = true;
    alice.pc.restartIce();
    bob.pc.restartIce();
    await until("both have offered", () => alice.held.length > 0 && bob.held.length > 0);
    assert.equal(alice.pc.signalingState, "have-local-offer");
    assert.equal(bob.pc.signalingState, "have-local-offer");
    alice.release();
    bob.release();
    await until("her round is done", () => bob.descriptions().length === 3);
    await quiet();
    assert.equal(alice.pc.signalingState, "stable");
    assert.equal(bob.pc.signalingState, "stable");
    assert.deepEqual(alice.descriptions(), ["offer", "offer"]);
    assert.deepEqual(bob.descriptions(), ["answer", "offer", "answer"]);
    assert.deepEqual([...alice.heard("error"), ...bob.heard("error")], []);
  });

  test("and candidates of the offer she ignored trouble nobody", async () => {
    await connect(voice(), voice());
    alice.holding = bob.holding = true;
    alice.pc.restartIce();
    bob.pc.restartIce();
    await until("both have offered", () => alice.held.length > 0 && bob.held.length > 0);
    bob.pc.gather();
    const [offer, candidate] = bob.held.splice(0);
    alice.call.handleSignal(offer);
    alice.call.handleSignal(candidate);
    await quiet();
    assert.deepEqual(alice.heard("error"), []);
    assert.deepEqual(alice.pc.candidates, []);
  });
});

describe("candidates", () => {
  test("reach the other side, and so does their end", async () => {
    await connect();
    alice.pc.gather();
    alice.pc.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate: null }));
    await until("Bob has both", () => bob.pc.candidates.length === 2);
    assert.equal(bob.pc.candidates[0].candidate, "candidate:1");
    assert.equal(bob.pc.candidates[1], null);
  });

  test("of no known session are reported", async () => {
    await connect();
    alice.call.handleSignal(JSON.stringify({ candidate: { candidate: "x", usernameFragment: "stranger" } }));
    await until("an error", () => alice.heard("error").length === 1);
    assert.equal(alice.heard("error")[0].name, "OperationError");
  });
});

describe("when the connection drops", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "setInterval"] }));
  afterEach(() => mock.timers.reset());

  test("Alice restarts ICE after two seconds of silence; Bob leaves it to her", async () => {
    await connect();
    alice.pc.become("disconnected");
    bob.pc.become("disconnected");
    mock.timers.tick(RESTART_AFTER_MS - 1);
    assert.equal(alice.pc.restarts, 0);
    mock.timers.tick(1);
    assert.equal(alice.pc.restarts, 1);
    await until("a new round", () => alice.descriptions().length === 2);
    mock.timers.tick(RESTART_AGAIN_MS * 2);
    assert.equal(bob.pc.restarts, 0);
    assert.deepEqual(alice.heard("state"), ["connected", "disconnected"]);
  });

  test("a short silence restarts nothing", async () => {
    await connect();
    alice.pc.become("disconnected");
    mock.timers.tick(RESTART_AFTER_MS - 1);
    alice.pc.become("connected");
    mock.timers.tick(RESTART_AGAIN_MS * 2);
    assert.equal(alice.pc.restarts, 0);
  });

  test("a failure restarts at once, and again while it lasts", async () => {
    await connect();
    alice.pc.become("failed");
    assert.equal(alice.pc.restarts, 1);
    await until("agreed", () => bob.descriptions().length === 2 && alice.pc.signalingState === "stable");
    mock.timers.tick(RESTART_AGAIN_MS);
    assert.equal(alice.pc.restarts, 2);
    await until("agreed again", () => bob.descriptions().length === 3 && alice.pc.signalingState === "stable");
    alice.pc.become("connected");
    mock.timers.tick(RESTART_AGAIN_MS * 3);
    assert.equal(alice.pc.restarts, 2);
  });

  test("nothing is restarted on top of an offer that has no answer yet", async () => {
    await connect();
    alice.holding = true;
    alice.pc.become("failed");
    await until("she has offered", () => alice.pc.signalingState === "have-local-offer");
    mock.timers.tick(RESTART_AGAIN_MS * 2);
    assert.equal(alice.pc.restarts, 1);
  });

  test("Bob, who alone lost it, asks her for a restart", async () => {
    await connect();
    bob.pc.become("disconnected");
    mock.timers.tick(RESTART_AFTER_MS);
    await until("a new round", () => alice.descriptions().length === 2);
    assert.equal(alice.pc.restarts, 1);
    assert.equal(bob.pc.restarts, 0);
    await until("agreed", () => alice.pc.signalingState === "stable");
    mock.timers.tick(RESTART_AGAIN_MS);
    await until("he asks again while it lasts", () => alice.pc.restarts === 2);
  });

  test("when both notice the same outage one restart does", async () => {
    await connect();
    alice.pc.become("disconnected");
    bob.pc.become("disconnected");
    mock.timers.tick(RESTART_AFTER_MS);
    await until("he asked", () => bob.sent.some(({ restart }) => restart));
    await quiet();
    assert.equal(alice.pc.restarts, 1);
  });

  test("on another network a way is looked for as soon as it is clear that none is left", async () => {
    await connect();
    alice.call.handleNetworkChange();
    alice.pc.become("disconnected");
    mock.timers.tick(SETTLES_MS - 1);
    assert.equal(alice.pc.restarts, 0);
    mock.timers.tick(1);
    assert.equal(alice.pc.restarts, 1);
    await until("agreed", () => alice.pc.signalingState === "stable");
    alice.pc.become("connected");
    mock.timers.tick(SETTLES_MS + BETTER_AFTER_MS);
    assert.equal(alice.pc.restarts, 1);
  });

  test("a better way is looked for later, on either side's word, where the call has moved to another by itself", async () => {
    await connect();
    alice.call.handleNetworkChange();
    alice.pc.become("disconnected");
    alice.pc.become("connected");
    mock.timers.tick(SETTLES_MS);
    mock.timers.tick(BETTER_AFTER_MS - 1);
    assert.equal(alice.pc.restarts, 0);
    mock.timers.tick(1);
    assert.equal(alice.pc.restarts, 1);
    await until("agreed", () => bob.descriptions().length === 2 && alice.pc.signalingState === "stable");
    mock.timers.tick(FRESH_MS);
    bob.call.handleNetworkChange();
    mock.timers.tick(SETTLES_MS);
    mock.timers.tick(BETTER_AFTER_MS);
    await until("she heard him", () => alice.pc.restarts === 2);
    await until("agreed again", () => bob.descriptions().length === 3 && alice.pc.signalingState === "stable");
    mock.timers.tick(RESTART_AGAIN_MS * 2);
    await quiet();
    assert.equal(alice.pc.restarts, 2);
  });

  test("a network that changes while an offer has no answer yet is tried after it", async () => {
    await connect();
    alice.holding = true;
    alice.pc.become("failed");
    await until("she has offered", () => alice.pc.signalingState === "have-local-offer");
    alice.call.handleNetworkChange();
    mock.timers.tick(SETTLES_MS);
    assert.equal(alice.pc.restarts, 1);
    alice.release();
    await until("and again", () => alice.pc.restarts === 2);
  });

  test("new servers are used from the next restart on, which is now if the connection is lost", async () => {
    await connect();
    const servers = { iceServers: [{ urls: ["turn:new.example.org"] }] };
    alice.call.setConfiguration(servers);
    assert.deepEqual(alice.pc.configuration, servers);
    assert.equal(alice.pc.restarts, 0);
    alice.pc.become("disconnected");
    alice.call.setConfiguration(servers);
    assert.equal(alice.pc.restarts, 1);
  });

  test("servers that cannot be used are reported, and the old ones stay", async () => {
    await connect();
    alice.pc.setConfiguration = () => {
      throw new DOMException("no", "SyntaxError");
    };
    alice.call.setConfiguration({ iceServers: [{ urls: ["nonsense"] }] });
    assert.equal(alice.heard("error")[0].name, "SyntaxError");
  });

  test("a closed call restarts nothing and says nothing", async () => {
    await connect();
    alice.pc.become("disconnected");
    alice.call.close();
    const said = alice.events.length;
    const sent = alice.sent.length;
    mock.timers.tick(RESTART_AFTER_MS + STATS_EVERY_MS);
    alice.pc.become("failed");
    alice.pc.gather();
    alice.call.handleSignal(JSON.stringify({ candidate: null }));
    await quiet();
    assert.equal(alice.pc.restarts, 0);
    assert.equal(alice.events.length, said);
    assert.equal(alice.sent.length, sent);
  });
});

test("each tells the other, once and without addresses, what it has to connect with", async () => {
  await connect();
  alice.pc.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate: null }));
  alice.pc.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate: null }));
  const told = alice.sent.filter(({ diagnosis }) => diagnosis);
  assert.deepEqual(told, [{ diagnosis: { relay: "none", relayOnly: false } }]);
  await until("Bob heard", () => bob.heard("diagnosis").length === 1);
  assert.deepEqual(bob.heard("diagnosis"), [{ mine: null, theirs: { relay: "none", relayOnly: false } }]);
  bob.call.handleSignal(JSON.stringify({ diagnosis: { relay: "nonsense" } }));
  await until("Bob heard nonsense", () => bob.heard("diagnosis").length === 2);
  assert.equal(bob.heard("diagnosis")[1].theirs, null);
});

describe("somebody else's key", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "setInterval"] }));
  afterEach(() => mock.timers.reset());

  /** The handshake fails over a path that works. */
  const refuse = (pc) => {
    pc.transport.iceTransport.state = "connected";
    pc.transport.state = "failed";
  };

  test("is untrusted, and nothing is tried again", async () => {
    await connect();
    refuse(alice.pc);
    alice.pc.become("failed");
    assert.deepEqual(alice.heard("state"), ["connected", "untrusted"]);
    mock.timers.tick(RESTART_AGAIN_MS * 2);
    alice.pc.become("connected");
    assert.equal(alice.pc.restarts, 0);
    assert.deepEqual(alice.heard("state"), ["connected", "untrusted"]);
  });

  test("is named by browsers that report it", async () => {
    await connect();
    alice.pc.transport.report("fingerprint-failure");
    alice.pc.become("failed");
    assert.equal(alice.heard("state").at(-1), "untrusted");
  });

  test("is not what every failure means", async () => {
    await connect();
    alice.pc.transport.iceTransport.state = "failed";
    alice.pc.transport.state = "failed";
    alice.pc.become("failed");
    assert.equal(alice.heard("state").at(-1), "failed");
    refuse(bob.pc);
    bob.pc.transport.report("dtls-failure");
    bob.pc.become("failed");
    assert.equal(bob.heard("state").at(-1), "failed");
  });
});

describe("what cannot be used", () => {
  for (const [what, data] of [
    ["no JSON", "hello"],
    ["an answer nobody asked for", JSON.stringify({ description: { type: "answer", sdp: '{"sections":[]}' } })],
  ]) {
    test(`is reported and changes nothing: ${what}`, async () => {
      await connect();
      alice.call.handleSignal(data);
      await until("an error", () => alice.heard("error").length === 1);
      assert.equal(alice.pc.signalingState, "stable");
    });
  }

  test("a signal that could not be sent is reported", async () => {
    const call = new Call({
      createPeerConnection: (configuration) => new FakePeerConnection(configuration),
      configuration: {},
      polite: false,
      initiator: true,
      send: () => Promise.reject(new Error("no route")),
    });
    const errors = [];
    call.addEventListener("error", ({ detail }) => errors.push(detail.message));
    call.start(voice());
    await until("an error", () => errors.length > 0);
    assert.deepEqual(errors, ["no route"]);
  });
});

describe("the other side may say as much as it likes, and", () => {
  test("no more signals are under way than any call has", async () => {
    const added = [];
    alice.call.start(both());
    await quiet();
    // a connection that is busy for ever
    alice.pc.addIceCandidate = (candidate) => new Promise(() => added.push(candidate));
    for (let n = 0; n < 5_000; n += 1) alice.call.handleSignal(JSON.stringify({ candidate: { candidate: `${n}` } }));
    await quiet();
    assert.equal(added.length, 256);
    assert.equal(alice.heard("error").length, 5_000 - 256);
  });

  test("so it is before the call begins, and those that are dealt with make room", async () => {
    for (let n = 0; n < 5_000; n += 1) bob.call.handleSignal(JSON.stringify({ diagnosis: { relay: "none" } }));
    assert.equal(bob.heard("error").length, 5_000 - 256);
    bob.call.start(both());
    await quiet();
    bob.call.handleSignal(JSON.stringify({ diagnosis: { relay: "reachable" } }));
    await until("it is heard", () => bob.heard("diagnosis").at(-1)?.theirs?.relay === "reachable");
    assert.equal(bob.heard("diagnosis").length, 256 + 1);
  });

  test("a signal that is too long is not even read", async () => {
    alice.call.start(both());
    alice.call.handleSignal(JSON.stringify({ diagnosis: { relay: "none" }, more: "x".repeat(30_000) }));
    await quiet();
    assert.deepEqual(alice.heard("diagnosis"), []);
    assert.equal(alice.heard("error").length, 1);
  });

  test("of holds without end few are followed, and the last one is", async () => {
    await connect();
    const { sender } = alice.pc.getTransceivers()[0];
    const replace = sender.replaceTrack.bind(sender);
    let replaced = 0;
    sender.replaceTrack = (track) => {
      replaced += 1;
      return replace(track);
    };
    const say = (word) => bob.pc.channelForTest().send(JSON.stringify({ audio: true, video: true, ...word }));
    for (let n = 0; n < 500; n += 1) {
      say({ held: n % 2 === 0 });
      // each is heard before the next one is said
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
    await quiet();
    assert.ok(replaced >= 1 && replaced <= 12, `${replaced} of 500`);
    say({ held: true, more: "x".repeat(2_000) });
    say({ held: true });
    while (sender.track !== null) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

test("how the call travels is told once it is connected, and when it changes", async (t) => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.after(() => mock.timers.reset());
  await connect();
  const { pc } = alice;
  const pair = (remote) =>
    new Map(
      [
        { id: "t", type: "transport", selectedCandidatePairId: "p" },
        { id: "p", type: "candidate-pair", localCandidateId: "l", remoteCandidateId: "r", currentRoundTripTime: 0.012 },
        { id: "l", type: "local-candidate", candidateType: "host", address: "192.168.1.2" },
        { id: "r", type: "remote-candidate", ...remote },
      ].map((stats) => [stats.id, stats]),
    );
  pc.stats = pair({ candidateType: "host", address: "192.168.1.3" });
  mock.timers.tick(STATS_EVERY_MS);
  await until("a path", () => alice.heard("path").length === 1);
  mock.timers.tick(STATS_EVERY_MS);
  await quiet();
  pc.stats = pair({ candidateType: "srflx", address: "203.0.113.7" });
  mock.timers.tick(STATS_EVERY_MS);
  await until("another path", () => alice.heard("path").length === 2);
  assert.deepEqual(
    alice.heard("path").map(({ kind }) => kind),
    ["network", "internet"],
  );
});

test("what is measured of a call is told when it changed, and not every second", async (t) => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.after(() => mock.timers.reset());
  await connect();
  const measure = async (currentRoundTripTime, packetsReceived) => {
    const stats = [
      { id: "t", type: "transport", selectedCandidatePairId: "p" },
      { id: "p", type: "candidate-pair", nominated: true, localCandidateId: "l", remoteCandidateId: "r", currentRoundTripTime },
      { id: "l", type: "local-candidate", candidateType: "host", address: "192.168.1.2" },
      { id: "r", type: "remote-candidate", candidateType: "host", address: "192.168.1.3" },
      { id: "i", type: "inbound-rtp", packetsReceived, packetsLost: 0 },
    ];
    alice.pc.stats = new Map(stats.map((one) => [one.id, one]));
    mock.timers.tick(STATS_EVERY_MS);
    await quiet();
  };
  const told = () => ["path", "details", "quality"].map((type) => alice.heard(type).length);
  await measure(0.012, 50);
  await measure(0.012, 100);
  const before = told();
  for (const packets of [150, 200, 250]) await measure(0.012, packets);
  assert.deepEqual(told(), before, "nothing changed");
  await measure(0.4, 300);
  assert.equal(alice.heard("quality").at(-1).level, 2);
  assert.deepEqual(told(), before.map((count) => count + 1));
  alice.call.setHeld(true);
  alice.call.setHeld(false);
  await measure(0.4, 350);
  assert.equal(told()[2], before[2] + 2, "what was forgotten on hold is told again");
});
