// What a call holds in the window, from the first snapshot to the camera's light going out.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { FakePeerConnection, FakeStream, FakeTrack, installFakes } from "./fake-peer.mjs";

installFakes();
const { Session } = await import("../../../../ui/session.js");
const { BETTER_AFTER_MS, SETTLES_MS } = await import("../../../../ui/recovery.js");

const CALL = {
  id: "one",
  contact: "bob-key",
  name: "Bob",
  direction: "outgoing",
  phase: "inviting",
  reason: null,
  video: true,
  peer_video: true,
  connected_ms: null,
};
const START = { kind: "start", call: "one", polite: false, initiator: true, video: true, early: false, configuration: { iceServers: [], iceTransportPolicy: "all" } };

async function quiet() {
  for (let turn = 0; turn < 40; turn += 1) await new Promise(setImmediate);
}

/** Devices that open when told to. */
class FakeMedia {
  canShareScreen = true;
  opened = [];
  asked = [];
  failing = { audio: null, video: null };
  hold = null;
  /** What the camera alone waits for. */
  slow = null;

  #open(kind) {
    if (this.failing[kind]) return { track: null, state: this.failing[kind] };
    const track = new FakeTrack(kind);
    this.opened.push(track);
    return { track, state: "ok" };
  }
  async microphone() {
    this.asked.push("microphone");
    await this.hold;
    return this.#open("audio");
  }
  async camera() {
    this.asked.push("camera");
    await this.hold;
    await this.slow;
    return this.#open("video");
  }
  async screen() {
    const { track } = this.#open("video");
    return track;
  }
  live() {
    return this.opened.filter((track) => track.readyState === "live").map((track) => track.kind);
  }
}

let media, session, peers, signals, reports, resumed, kept, errors;
const newSession = () => {
  const made = new Session({
    media,
    createPeerConnection: (configuration) => {
      peers.push(new FakePeerConnection(configuration));
      return peers.at(-1);
    },
    sendSignal: async (signal) => void signals.push(signal),
    reportMedia: async (report) => void reports.push(report),
    resume: async ({ call }) => void resumed.push(call),
    keeper: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    },
  });
  made.addEventListener("error", ({ detail }) => errors.push(detail));
  return made;
};
beforeEach(() => {
  media = new FakeMedia();
  peers = [];
  signals = [];
  reports = [];
  resumed = [];
  kept = new Map();
  errors = [];
  session = newSession();
});
afterEach(() => session.handleCall(null));

const sending = (kind) => peers.at(-1).getTransceivers().find((one) => one.kind === kind)?.sender.track ?? null;

describe("calling", () => {
  test("the camera is on while it rings there, once", async () => {
    session.handleCall(CALL);
    session.handleCall({ ...CALL, phase: "ringing" });
    await quiet();
    assert.deepEqual(media.asked, ["microphone", "camera"]);
    assert.equal(session.view.camera, "ok");
    assert.equal(session.view.local.getTracks().length, 2);
    assert.equal(peers.length, 0);
  });

  test("a voice call leaves the camera alone", async () => {
    session.handleCall({ ...CALL, video: false });
    await quiet();
    assert.deepEqual(media.asked, ["microphone"]);
    assert.equal(session.view.camera, "off");
  });

  test("the tracks that are open are what is offered", async () => {
    session.handleCall(CALL);
    await quiet();
    session.handlePeer(START);
    await quiet();
    assert.equal(sending("video"), session.view.local.getVideoTracks()[0]);
    assert.equal(JSON.parse(signals[0].data).description.type, "offer");
    assert.equal(signals[0].call, "one");
  });

  test("how the media does is told to the core", async () => {
    session.handleCall(CALL);
    session.handlePeer(START);
    await quiet();
    peers[0].become("connected");
    peers[0].become("disconnected");
    assert.deepEqual(reports, [
      { call: "one", state: "connected" },
      { call: "one", state: "disconnected" },
    ]);
  });
});

describe("being called", () => {
  const incoming = { ...CALL, direction: "incoming", phase: "ringing" };

  test("nothing is opened before it is accepted", async () => {
    session.handleCall(incoming);
    await quiet();
    assert.deepEqual(media.asked, []);
  });

  test("negotiation does not wait for the devices, and they join when they are open", async () => {
    let open;
    media.hold = new Promise((resolve) => (open = resolve));
    session.handlePeer({ ...START, polite: true, initiator: false });
    session.handleCall({ ...incoming, phase: "connecting" });
    const offer = { type: "offer", sdp: JSON.stringify({ ufrag: "x", sections: [
      { mid: "0", kind: "audio", direction: "sendrecv" },
      { mid: "1", kind: "video", direction: "sendrecv" },
    ] }) };
    session.handlePeer({ kind: "signal", call: "one", data: JSON.stringify({ description: offer }) });
    await quiet();
    assert.equal(JSON.parse(signals[0].data).description.type, "answer");
    assert.equal(sending("audio"), null);
    open();
    await quiet();
    assert.deepEqual(media.asked, ["microphone", "camera"]);
    assert.equal(sending("audio"), session.view.local.getAudioTracks()[0]);
    assert.equal(sending("video"), session.view.local.getVideoTracks()[0]);
    assert.equal(session.view.remoteVideo, true);
  });
});

describe("a camera that opens slowly", () => {
  const answered = { ...CALL, direction: "incoming", phase: "connecting" };
  let open;
  beforeEach(() => {
    media.slow = new Promise((resolve) => (open = resolve));
    session.handleCall(answered);
    session.handlePeer(START);
  });

  test("keeps no voice waiting, and its picture follows", async () => {
    await quiet();
    assert.equal(sending("audio"), session.view.local.getAudioTracks()[0]);
    assert.deepEqual([session.view.microphone, session.view.camera, sending("video")], ["ok", "off", null]);
    open();
    await quiet();
    assert.equal(sending("video"), session.view.local.getVideoTracks()[0]);
    assert.equal(session.view.camera, "ok");
  });

  test("is let go of where the call is over by then", async () => {
    await quiet();
    session.handleCall(null);
    open();
    await quiet();
    assert.deepEqual(media.live(), []);
  });

  test("and was put on hold meanwhile opens once when it comes back", async () => {
    await quiet();
    session.handleCall(answered, true);
    session.handleCall(answered);
    open();
    await quiet();
    assert.deepEqual(media.live().sort(), ["audio", "video"]);
  });
});

describe("getting ready while it rings", () => {
  const { video: _video, early: _early, ...rest } = START;
  const PREPARE = { ...rest, kind: "prepare" };
  const told = () => signals.map(({ data }) => JSON.parse(data));
  const found = (address) => {
    const init = { candidate: `candidate:1 1 udp 1 ${address} 9 typ srflx raddr 0.0.0.0 rport 0`, sdpMid: "0" };
    peers[0].dispatchEvent(Object.assign(new Event("icecandidate"), { candidate: { ...init, toJSON: () => init } }));
  };

  test("there is an offer, of which nobody hears before the answer, and no device is opened", async () => {
    session.handleCall({ ...CALL, phase: "ringing", direction: "incoming" });
    session.handlePeer(PREPARE);
    await quiet();
    const [peer] = peers;
    assert.equal(peer.signalingState, "have-local-offer");
    assert.equal(peer.configuration.iceCandidatePoolSize, 1, "the caller's gathers as well, who has no description yet");
    found("203.0.113.7");
    peer.localDescription = { ...peer.localDescription, sdp: `${peer.localDescription.sdp} and its candidate` };
    await quiet();
    assert.deepEqual([signals, media.live()], [[], []]);

    session.handlePeer(START);
    await quiet();
    assert.equal(peers.length, 1);
    assert.deepEqual(told()[0], { description: { ...peer.localDescription } });
    assert.equal(told().some((signal) => signal.candidate), false, "the description holds them");
    assert.deepEqual([sending("audio"), sending("video")], session.view.local.getTracks());
    found("203.0.113.8");
    await quiet();
    assert.equal(told().at(-1).candidate.candidate.includes("203.0.113.8"), true, "what comes later is told at once");
  });

  test("a call that nobody answers leaves nothing open", async () => {
    session.handlePeer(PREPARE);
    await quiet();
    session.handleCall(null);
    assert.equal(peers[0].signalingState, "closed");
    assert.deepEqual(signals, []);
  });

  test("with other servers than it was made ready for, a call begins anew", async () => {
    session.handlePeer(PREPARE);
    await quiet();
    session.handlePeer({ ...START, configuration: { ...START.configuration, iceTransportPolicy: "relay" } });
    await quiet();
    assert.deepEqual(peers.map((peer) => peer.signalingState), ["closed", "have-local-offer"]);
    assert.equal(told().filter((signal) => signal.description).length, 1);
  });
});

describe("connecting while it rings", () => {
  const ringing = { ...CALL, phase: "ringing" };
  const early = { ...START, early: true };
  const incoming = { ...ringing, direction: "incoming" };
  const told = () => signals.filter(({ data }) => JSON.parse(data).description).length;

  test("negotiates, and sends nothing of the caller, whose camera is on for herself alone", async () => {
    session.handleCall(ringing);
    await quiet();
    session.handlePeer(early);
    await quiet();
    assert.equal(told(), 1);
    assert.equal(session.view.local.getTracks().length, 2);
    assert.deepEqual([sending("audio"), sending("video")], [null, null]);
    session.handlePeer({ kind: "accepted", call: "one", video: true });
    await quiet();
    assert.deepEqual([sending("audio"), sending("video")], session.view.local.getTracks());
    assert.equal(told(), 1);
  });

  test("devices that open, close or are switched meanwhile let nothing out", async () => {
    let open;
    media.hold = new Promise((resolve) => (open = resolve));
    session.handlePeer(early);
    session.handleCall(ringing);
    open();
    await quiet();
    await session.toggleMicrophone();
    await session.toggleCamera();
    await session.toggleCamera();
    await session.toggleScreen();
    await quiet();
    assert.deepEqual([sending("audio"), sending("video")], [null, null]);
    assert.equal(session.view.sharing, false);
    session.handlePeer({ kind: "accepted", call: "one", video: true });
    await quiet();
    assert.equal(sending("audio").enabled, false);
    assert.equal(sending("video"), session.view.local.getVideoTracks()[0]);
  });

  test("opens neither camera nor microphone of the called before she answers, however the words arrive", async () => {
    for (const order of ["accepted first", "snapshot first"]) {
      session.handleCall(incoming);
      session.handlePeer({ ...early, polite: true, initiator: false });
      await quiet();
      assert.deepEqual(media.live(), []);
      const accepted = () => session.handlePeer({ kind: "accepted", call: "one", video: false });
      const snapshot = () => session.handleCall({ ...incoming, phase: "connecting", video: false });
      for (const step of order === "accepted first" ? [accepted, snapshot] : [snapshot, accepted]) step();
      await quiet();
      assert.deepEqual(media.live(), ["audio"]);
      session.handleCall(null);
      session.handleCall({ ...CALL, id: "another" });
      session.handleCall(null);
    }
  });

  test("a call that nobody answers leaves nothing open", async () => {
    session.handleCall(incoming);
    session.handlePeer({ ...early, polite: true, initiator: false });
    session.handlePeer({ kind: "stop", call: "one" });
    session.handlePeer({ kind: "accepted", call: "one", video: true });
    await quiet();
    assert.deepEqual(media.live(), []);
    assert.equal(peers[0].signalingState, "closed");
  });
});

describe("what the core says during a call", () => {
  beforeEach(async () => {
    session.handleCall(CALL);
    session.handlePeer(START);
    await quiet();
  });

  test("new servers reach the connection, those of another call do not", () => {
    const servers = { iceServers: [{ urls: ["stun:new.example.org", "turn:new.example.org:3478?transport=tcp", "turns:[2001:db8::4]:443", "turn:new.example.org"] }], iceTransportPolicy: "all" };
    session.handlePeer({ kind: "servers", call: "other", configuration: servers });
    assert.deepEqual(peers[0].configuration, START.configuration);
    assert.deepEqual(session.view.relays, []);
    session.handlePeer({ kind: "servers", call: "one", configuration: servers });
    assert.deepEqual(peers[0].configuration, servers);
    assert.deepEqual(session.view.relays, ["new.example.org", "[2001:db8::4]"]);
  });

  test("another network restarts ICE once there is a connection to keep", (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    session.handlePeer({ kind: "network", call: "one" });
    assert.equal(peers[0].restarts, 0);
    peers[0].become("connected");
    peers[0].signalingState = "stable";
    session.handlePeer({ kind: "network", call: "one" });
    session.handlePeer({ kind: "network", call: "other" });
    context.mock.timers.tick(SETTLES_MS);
    context.mock.timers.tick(BETTER_AFTER_MS);
    assert.equal(peers[0].restarts, 1);
  });

  test("an untrusted connection is told to it", (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    peers[0].transport.iceTransport.state = "connected";
    peers[0].transport.state = "failed";
    peers[0].become("failed");
    assert.deepEqual(reports, [{ call: "one", state: "untrusted" }]);
  });
});

describe("the end", () => {
  for (const [how, end] of [
    ["the core says it ended", () => session.handleCall({ ...CALL, phase: "ended", reason: "ended_by_peer" })],
    ["there is no call any more", () => session.handleCall(null)],
    ["the peer is stopped", () => session.handlePeer({ kind: "stop", call: "one" })],
  ]) {
    test(`lets everything go: ${how}`, async () => {
      session.handleCall(CALL);
      await quiet();
      session.handlePeer(START);
      await quiet();
      end();
      assert.deepEqual(media.live(), []);
      assert.equal(peers[0].signalingState, "closed");
      assert.equal(session.view.local, null);
      assert.equal(session.view.remote, null);
    });
  }

  test("devices that open too late are closed at once", async () => {
    let open;
    media.hold = new Promise((resolve) => (open = resolve));
    session.handleCall(CALL);
    session.handleCall({ ...CALL, phase: "ended", reason: "declined" });
    open();
    await quiet();
    assert.deepEqual(media.live(), []);
    assert.equal(session.view.local, null);
  });

  test("late words about an ended call open nothing", async () => {
    session.handleCall(CALL);
    session.handlePeer({ kind: "stop", call: "one" });
    session.handlePeer(START);
    session.handleCall({ ...CALL, phase: "connecting" });
    await quiet();
    assert.deepEqual(media.live(), []);
    assert.equal(peers.length, 0);
  });

  test("the next call begins afresh", async () => {
    session.handleCall(CALL);
    await quiet();
    session.handleCall({ ...CALL, phase: "ended", reason: "busy" });
    session.handleCall({ ...CALL, id: "two" });
    session.handlePeer({ ...START, call: "two" });
    await quiet();
    assert.deepEqual(media.live(), ["audio", "video"]);
    assert.equal(peers.length, 1);
    session.handlePeer({ kind: "stop", call: "one" });
    assert.notEqual(peers[0].signalingState, "closed");
    assert.notEqual(session.view.local, null);
  });
});

describe("a page that took the place of one that was lost", () => {
  const RESUME = { kind: "resume", call: "one", polite: true, video: true, early: false, configuration: START.configuration };
  const CONNECTED = { ...CALL, phase: "connected", connected_ms: 5000 };
  const told = (at) => JSON.parse(signals.at(at).data);

  test("asks for a connection in place of the lost one", async () => {
    session.adopt(CONNECTED);
    assert.deepEqual(resumed, ["one"]);
    await quiet();
    assert.deepEqual(media.asked, ["microphone", "camera"]);
    assert.equal(peers.length, 0);
  });

  test("waits until the other page knows, deaf to what was meant for the lost one", async () => {
    session.adopt(CONNECTED);
    session.handlePeer(RESUME);
    await quiet();
    const { resume } = told(0);
    assert.equal(typeof resume, "string");
    session.handlePeer({ kind: "signal", call: "one", data: JSON.stringify({ restart: true }) });
    session.handlePeer({ kind: "signal", call: "one", data: JSON.stringify({ resumed: "for somebody else" }) });
    assert.equal(peers.length, 0);
    session.handlePeer({ kind: "signal", call: "one", data: JSON.stringify({ resumed: resume }) });
    assert.equal(peers.length, 1);
    await quiet();
    assert.equal(signals.length, 1, "the other page offers");
    assert.deepEqual(errors, []);
  });

  test("comes to one connection also where both pages were lost", async () => {
    session.adopt(CONNECTED);
    session.handlePeer(RESUME);
    session.handlePeer({ kind: "signal", call: "one", data: JSON.stringify({ resume: "theirs" }) });
    await quiet();
    assert.deepEqual(told(1), { resumed: "theirs" });
    assert.equal(peers.length, 1);
    session.handlePeer({ kind: "signal", call: "one", data: JSON.stringify({ resumed: told(0).resume }) });
    assert.equal(peers.length, 1, "theirs was there first");
  });

  test("does not turn on what was off", async () => {
    session.handleCall(CALL);
    await quiet();
    session.handlePeer(START);
    await session.toggleMicrophone();
    await session.toggleCamera();
    const next = newSession();
    next.adopt(CONNECTED);
    next.handlePeer(RESUME);
    await quiet();
    assert.deepEqual(media.asked, ["microphone", "camera", "microphone"]);
    assert.equal(next.view.muted, true);
    assert.equal(next.view.camera, "off");
    assert.equal(next.view.local.getAudioTracks()[0].enabled, false);
    next.handleCall(null);
    assert.equal(kept.size, 0, "nothing is kept of a call that is over");
  });

  test("leaves what was off to the next page also when it is lost before its microphone is open", async () => {
    session.handleCall(CALL);
    await quiet();
    session.handlePeer(START);
    await session.toggleMicrophone();
    media.microphone = () => new Promise(() => {});
    const next = newSession();
    next.adopt(CONNECTED);
    next.handlePeer(RESUME);
    await quiet();
    assert.equal(next.view.camera, "ok");
    assert.equal(JSON.parse(kept.get("ringdown.call")).one.muted, true);
  });

  test("goes on with a call that still rings", async () => {
    session.adopt({ ...CALL, phase: "ringing" });
    await quiet();
    assert.deepEqual(media.asked, ["microphone", "camera"]);
  });

  test("keeps a call whose connection began in the meantime", async () => {
    session.handlePeer(START);
    session.adopt({ ...CALL, phase: "connecting" });
    await quiet();
    assert.deepEqual(resumed, []);
  });
});

describe("a page whose counterpart was lost", () => {
  test("makes another connection, offers, and says meanwhile that there is none", async () => {
    session.handleCall(CALL);
    await quiet();
    session.handlePeer({ ...START, initiator: false, polite: true });
    await quiet();
    session.handlePeer({ kind: "signal", call: "one", data: JSON.stringify({ resume: "token" }) });
    await quiet();
    assert.equal(peers.length, 2);
    assert.equal(peers[0].signalingState, "closed");
    assert.deepEqual(JSON.parse(signals[0].data), { resumed: "token" });
    assert.equal(JSON.parse(signals[1].data).description.type, "offer");
    assert.deepEqual(reports, [{ call: "one", state: "disconnected" }]);
    assert.equal(sending("audio"), session.view.local.getAudioTracks()[0]);
    assert.deepEqual(media.asked, ["microphone", "camera"], "the devices stay open");
  });

  test("still shows the screen", async () => {
    session.handleCall(CALL);
    await quiet();
    session.handlePeer(START);
    await quiet();
    await session.toggleScreen();
    session.handlePeer({ kind: "signal", call: "one", data: JSON.stringify({ resume: "token" }) });
    await quiet();
    assert.equal(sending("video"), session.view.preview.getVideoTracks()[0]);
  });
});

describe("the controls", () => {
  beforeEach(async () => {
    session.handleCall(CALL);
    await quiet();
    session.handlePeer(START);
    await quiet();
  });

  test("mute keeps the microphone and silences it", async () => {
    await session.toggleMicrophone();
    assert.equal(session.view.muted, true);
    assert.equal(sending("audio").enabled, false);
    await session.toggleMicrophone();
    assert.equal(sending("audio").enabled, true);
  });

  test("the camera's light goes out when it is off, and it comes back", async () => {
    await session.toggleCamera();
    await quiet();
    assert.deepEqual(media.live(), ["audio"]);
    assert.equal(sending("video"), null);
    await session.toggleCamera();
    await quiet();
    assert.deepEqual(media.live(), ["audio", "video"]);
    assert.equal(sending("video"), session.view.local.getVideoTracks()[0]);
  });

  test("pressed twice in a hurry leaves one camera or none", async () => {
    await session.toggleCamera();
    await Promise.all([session.toggleCamera(), session.toggleCamera()]);
    await quiet();
    assert.ok(media.live().filter((kind) => kind === "video").length <= 1);
    assert.equal(session.view.camera === "ok", media.live().includes("video"));
  });

  test("the screen takes the camera's place and gives it back", async () => {
    const camera = sending("video");
    await session.toggleScreen();
    await quiet();
    assert.equal(session.view.sharing, true);
    assert.notEqual(sending("video"), camera);
    assert.deepEqual(session.view.preview.getTracks(), [sending("video")]);
    await session.toggleScreen();
    await quiet();
    assert.equal(session.view.sharing, false);
    assert.equal(session.view.preview, session.view.local);
    assert.equal(sending("video"), camera);
  });

  test("sharing that is stopped from outside gives the camera back too", async () => {
    const camera = sending("video");
    await session.toggleScreen();
    await quiet();
    sending("video").dispatchEvent(new Event("ended"));
    await quiet();
    assert.equal(session.view.sharing, false);
    assert.equal(sending("video"), camera);
  });

  test("a refused screen is said and changes nothing", async () => {
    media.screen = async () => {
      throw new DOMException("broken", "NotReadableError");
    };
    await session.toggleScreen();
    assert.equal(session.view.shareFailed, true);
    assert.equal(session.view.sharing, false);
  });

  test("a device that is pulled out is said, and the call goes on", async () => {
    sending("audio").dispatchEvent(new Event("ended"));
    sending("video").dispatchEvent(new Event("ended"));
    await quiet();
    assert.equal(session.view.microphone, "none");
    assert.equal(session.view.camera, "none");
    assert.equal(sending("audio"), null);
    assert.equal(peers[0].signalingState === "closed", false);
  });
});

test("no devices at all: the call goes on with what there is", async () => {
  media.failing = { audio: "none", video: "busy" };
  session.handleCall(CALL);
  await quiet();
  session.handlePeer(START);
  await quiet();
  assert.equal(session.view.microphone, "none");
  assert.equal(session.view.camera, "busy");
  assert.deepEqual([sending("audio"), sending("video")], [null, null]);
  media.failing = { audio: null, video: null };
  await session.toggleMicrophone();
  await session.toggleCamera();
  await quiet();
  assert.notEqual(sending("audio"), null);
  assert.notEqual(sending("video"), null);
  assert.deepEqual(errors, []);
});
