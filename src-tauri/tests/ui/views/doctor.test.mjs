// Why a call does not connect: each server tried alone, the router in words, a call with oneself through the relay.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { FakePeerConnection, FakeStream, FakeTrack, installFakes } from "./fake-peer.mjs";
import { openWindow, settled } from "./window.mjs";

installFakes();
const { Doctor } = await import("../../../../ui/ice-doctor.js");
const { PATIENCE_MS, targetsOf } = await import("../../../../ui/ice-probe.js");
const { judge, stunUrls } = await import("../../../../ui/nat.js");

const LOGIN = { username: "alice", credential: "secret" };
const candidate = (type, address = "203.0.113.7", port = 5000, relatedPort = 4000) => ({ candidate: "candidate:", type, address, port, relatedPort });

/** Gathers what the world has for its servers: candidates and error codes, then the end, unless it is silent. */
class Gatherer extends EventTarget {
  static world = {};
  static open = 0;
  constructor(configuration) {
    super();
    this.configuration = configuration;
    if (configuration.iceServers.some(({ urls }) => urls[0] === "turn:bad host")) throw new DOMException("bad", "SyntaxError");
    Gatherer.open += 1;
  }
  createDataChannel() {}
  async setLocalDescription() {
    for (const [url] of this.configuration.iceServers.map(({ urls }) => urls)) {
      const { candidates = [], error, silent } = Gatherer.world[url] ?? { silent: true };
      for (const one of candidates) this.#fire("icecandidate", { candidate: one });
      if (error) this.#fire("icecandidateerror", { errorCode: error });
      if (silent) return;
    }
    this.#fire("icecandidate", { candidate: null });
  }
  close() {
    Gatherer.open -= 1;
  }
  #fire(type, properties) {
    this.dispatchEvent(Object.assign(new Event(type), properties));
  }
}

/** Devices that are there. */
const devices = (...tracks) => ({ acquire: async () => ({ stream: new FakeStream(tracks), microphone: "ok", camera: "ok" }) });
const examine = (servers, { lent = async () => [] } = {}) =>
  new Doctor({ servers, lent, createPeerConnection: (configuration) => new Gatherer(configuration), media: devices() });

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  Gatherer.world = {};
  Gatherer.open = 0;
});
afterEach(() => mock.timers.reset());

/** Until the round is over, patience included. */
async function finish(doctor, round) {
  await settled();
  mock.timers.tick(PATIENCE_MS);
  await settled();
  mock.timers.tick(PATIENCE_MS);
  await round;
  assert.ok(doctor.done);
}

describe("what is tried", () => {
  test("is every address once, and relays over TCP where only UDP is configured", () => {
    const targets = targetsOf([
      { urls: ["stun:a", "turn:b:3478?transport=udp"], ...LOGIN },
      { urls: ["stun:a", "turn:c", "turns:c:443?transport=tcp", "nonsense"], ...LOGIN },
    ]);
    assert.deepEqual(
      targets.map(({ url, relay, transport, extra }) => [url, relay, transport, extra]),
      [
        ["stun:a", false, "udp", false],
        ["turn:b:3478?transport=udp", true, "udp", false],
        ["turn:c", true, "udp", false],
        ["turns:c:443?transport=tcp", true, "tls", false],
        ["turn:b:3478?transport=tcp", true, "tcp", true],
      ],
    );
  });

  test("is tried by a connection that may use it alone, a relay as a relay only", async () => {
    const asked = [];
    const create = (configuration) => (asked.push(configuration), new Gatherer(configuration));
    const doctor = new Doctor({ servers: [{ urls: ["stun:a"] }, { urls: ["turn:b?transport=tcp"], ...LOGIN }], createPeerConnection: create, media: devices(), lent: async () => [] });
    await finish(doctor, doctor.run());
    assert.deepEqual(asked.slice(0, 2), [
      { iceServers: [{ urls: ["stun:a"] }], iceTransportPolicy: "all" },
      { iceServers: [{ urls: ["turn:b?transport=tcp"], ...LOGIN }], iceTransportPolicy: "relay" },
    ]);
    assert.equal(Gatherer.open, 0);
  });
});

test("servers that a meeting point lends are tried as well, also before the first call", async () => {
  Gatherer.world = { "stun:own": { candidates: [candidate("srflx")] }, "turn:lent?transport=tcp": { candidates: [candidate("relay")] } };
  const doctor = examine([{ urls: ["stun:own"] }], { lent: async () => [{ urls: ["turn:lent?transport=tcp"], ...LOGIN }] });
  await finish(doctor, doctor.run());
  assert.deepEqual(doctor.rows.map(({ target, answer }) => [target.url, answer.verdict]), [["stun:own", "reachable"], ["turn:lent?transport=tcp", "reachable"]]);
  assert.ok(doctor.hasRelay);
  const alone = examine([{ urls: ["stun:own"] }], { lent: () => Promise.reject(new Error("no")) });
  await finish(alone, alone.run());
  assert.equal(alone.rows.length, 1);
});

test("how a server answers is told apart", async () => {
  Gatherer.world = {
    "stun:good": { candidates: [candidate("host"), candidate("srflx", "2001:db8::7")] },
    "stun:same": { candidates: [candidate("host")] },
    "stun:lost": { candidates: [candidate("host")], error: 701 },
    "turn:good?transport=tcp": { candidates: [candidate("relay", "198.51.100.1", 49152)] },
    "turn:login?transport=tcp": { error: 401 },
    "turn:full?transport=tcp": { error: 486 },
    "turn:dead?transport=tcp": {},
  };
  const urls = [...Object.keys(Gatherer.world), "stun:silent", "turn:bad host"];
  const doctor = examine([{ urls, ...LOGIN }]);
  await finish(doctor, doctor.run());
  const verdicts = Object.fromEntries(doctor.rows.map(({ target, answer }) => [target.url, [answer.verdict, answer.candidate]]));
  assert.deepEqual(verdicts, {
    "stun:good": ["reachable", "[2001:db8::7]:5000"],
    "stun:same": ["reachable", null],
    "stun:lost": ["unreachable", null],
    "turn:good?transport=tcp": ["reachable", "198.51.100.1:49152"],
    "turn:login?transport=tcp": ["refused", null],
    "turn:full?transport=tcp": ["full", null],
    "turn:dead?transport=tcp": ["unreachable", null],
    "stun:silent": ["unreachable", null],
    "turn:bad host": ["unusable", null],
    "turn:bad host?transport=tcp": ["unreachable", null],
  });
});

describe("the router", () => {
  const seen = (...ports) => ports.map((port) => candidate("srflx", "203.0.113.7", port));

  test("is friendly where two servers see one port, symmetric where each sees another", () => {
    assert.equal(judge(seen(5000), 2), "friendly");
    assert.equal(judge(seen(5000, 5001), 2), "symmetric");
    assert.equal(judge(seen(5000), 1), "unknown");
  });

  test("is judged by each of our ports alone, where several networks are there", () => {
    const other = { ...candidate("srflx", "198.51.100.9", 6000), relatedPort: 4001 };
    assert.equal(judge([...seen(5000), other], 2), "friendly");
    const hidden = [5000, 5001].map((port) => ({ ...candidate("srflx", "203.0.113.7", port), relatedPort: 0 }));
    assert.equal(judge(hidden, 2), "symmetric");
  });

  test("is none where the servers see what we have", () => {
    assert.equal(judge([candidate("host"), ...seen(5000)], 2), "none");
    assert.equal(judge([candidate("host", "x.local")], 2), "none");
  });

  test("is asked from one port through every server that answers over UDP, relays too", () => {
    const urls = ["stun:a:3478", "stun:a", "turn:b:3479?transport=udp", "turn:c?transport=tcp", "turns:d"];
    assert.deepEqual(stunUrls(targetsOf([{ urls }])), ["stun:a", "stun:b:3479"]);
  });

  test("is not blamed where there is nobody to ask, and UDP is where nobody answers", async () => {
    for (const [urls, nat] of [[[], "no_stun"], [["turn:a?transport=tcp"], "no_stun"], [["stun:silent"], "blocked"]]) {
      const doctor = examine([{ urls, ...LOGIN }]);
      await finish(doctor, doctor.run());
      assert.equal(doctor.nat, nat);
    }
  });
});

test("a doctor that was sent away says nothing more", async () => {
  const doctor = examine([{ urls: ["stun:silent"] }]);
  const round = doctor.run();
  doctor.close();
  let changes = 0;
  doctor.addEventListener("change", () => (changes += 1));
  await settled();
  mock.timers.tick(PATIENCE_MS);
  await round;
  assert.equal(changes, 0);
  assert.equal(Gatherer.open, 0);
});

describe("the call with oneself", () => {
  const relay = [{ urls: ["stun:a", "turn:b", "turn:b?transport=tcp"], ...LOGIN }];
  const dial = (...tracks) => {
    const peers = [];
    const create = (configuration) => (peers.push(new FakePeerConnection(configuration)), peers.at(-1));
    const doctor = new Doctor({ servers: relay, createPeerConnection: create, media: devices(...tracks), lent: async () => [] });
    return { doctor, peers };
  };

  test("may use the relays alone, and brings the own voice and picture back", async () => {
    const [voice, lens] = [new FakeTrack("audio"), new FakeTrack("video")];
    const { doctor, peers } = dial(voice, lens);
    await doctor.call();
    await settled();
    for (const { configuration } of peers) {
      assert.equal(configuration.iceTransportPolicy, "relay");
      assert.deepEqual(configuration.iceServers.map(({ urls }) => urls[0]), ["turn:b", "turn:b?transport=tcp"]);
    }
    assert.equal(doctor.loop.state, "connected");
    assert.equal(typeof doctor.loop.ms, "number");
    assert.deepEqual(doctor.loop.stream.getTracks().map(({ kind }) => kind), ["audio", "video"]);
    doctor.hangUp();
    for (const track of [voice, lens]) assert.equal(track.readyState, "ended");
    assert.equal(peers[0].signalingState, "closed");
    assert.equal(doctor.loop, null);
  });

  test("works without a camera, and fails in words", async () => {
    const { doctor } = dial();
    await doctor.call();
    await settled();
    assert.equal(doctor.loop.state, "connected");
    const broken = dial();
    FakePeerConnection.prototype.createDataChannel = ((original) => {
      broken.restore = () => (FakePeerConnection.prototype.createDataChannel = original);
      return () => {
        throw new DOMException("no", "OperationError");
      };
    })(FakePeerConnection.prototype.createDataChannel);
    await broken.doctor.call();
    broken.restore();
    assert.equal(broken.doctor.loop.state, "failed");
  });

  test("a camera that opens after it was ended is closed", async () => {
    const lens = new FakeTrack("video");
    const { doctor } = dial(lens);
    const call = doctor.call();
    doctor.close();
    await call;
    assert.equal(lens.readyState, "ended");
  });
});

describe("the check as people see it", () => {
  let page, done, answers, show, ring;
  beforeEach(async () => {
    ({ page, done, answers, show, ring } = await openWindow());
    Gatherer.world = {
      "stun:stun.example.org": { candidates: [candidate("srflx")] },
      "turn:turn.example.org": { error: 401 },
      "turn:turn.example.org?transport=tcp": {},
    };
    answers.examine = (servers) => (doctor = examine(servers));
  });
  afterEach(() => {
    for (const dialog of page.all("dialog")) dialog.close();
    show();
  });
  let doctor;
  const SERVERS = [{ urls: ["stun:stun.example.org"] }, { urls: ["turn:turn.example.org"], ...LOGIN }];
  const settings = { server: null, ice_policy: "stun_turn", ice_servers: SERVERS, no_answer_seconds: 45 };
  const open = async () => {
    show({ settings });
    page.click(page.find("button", "Settings"));
    page.click(page.find("button", "Check connections"));
    await finish(doctor, Promise.resolve());
    await settled();
  };

  test("names each server, how it answered, and what the router means", async () => {
    await open();
    const rows = [...page.find("list", "Servers").children].map((row) => row.querySelector(".given-words").children);
    assert.deepEqual(
      rows.map(([name, says]) => [name.textContent, says.textContent.replace(/\d+ ms/, "N ms")]),
      [
        ["stun.example.org: STUN over UDP", "Answers in N ms. Sees this computer as 203.0.113.7:5000."],
        ["turn.example.org: TURN over UDP", "It is there, but refuses the user name or password. Ask whoever runs it."],
      ],
    );
    assert.deepEqual(page.statuses(), ["1 of 2 answers."]);
    assert.match(page.find("dialog", "Check connections").textContent, /One server is not enough/);
  });

  test("a way that passes where UDP does not is offered", async () => {
    Gatherer.world["turn:turn.example.org?transport=tcp"] = { candidates: [candidate("relay")] };
    await open();
    assert.match(page.find("list", "Servers").textContent, /add turn:turn\.example\.org\?transport=tcp for networks that block UDP/);
  });

  test("what is typed is what is tried, once it is right", () => {
    show();
    page.click(page.find("button", "Settings"));
    page.click(page.find("button", "Add server"));
    page.type(page.find("textbox", "Address of server 1"), "nonsense");
    page.click(page.find("button", "Check connections"));
    assert.equal(page.find("dialog", "Check connections"), null);
    page.type(page.find("textbox", "Address of server 1"), "stun:stun.example.org");
    page.click(page.find("button", "Check connections"));
    assert.deepEqual(done, [["examine", [{ urls: ["stun:stun.example.org"] }]]]);
  });

  test("is offered when a call could not connect, and only then", async () => {
    ring({ phase: "ended", reason: "declined" });
    assert.equal(page.find("button", "Find out why"), null);
    show({ settings, call: { id: "one", contact: "bob-key", name: "Bob", direction: "outgoing", phase: "ended", reason: "not_connected", video: true, peer_video: true, connected_ms: null } });
    page.click(page.find("button", "Find out why"));
    assert.ok(page.find("dialog", "Check connections"));
    assert.deepEqual(done, [["examine", SERVERS]]);
  });

  test("leaves when the next call comes", () => {
    ring({ phase: "ended", reason: "not_connected" });
    page.click(page.find("button", "Find out why"));
    ring({ id: "two", phase: "inviting" });
    assert.equal(page.find("dialog", "Check connections"), null);
  });

  test("without servers it says that one network needs none", async () => {
    show();
    page.click(page.find("button", "Settings"));
    page.click(page.find("button", "Check connections"));
    await finish(doctor, Promise.resolve());
    assert.match(page.find("dialog", "Check connections").textContent, /On one network calls need none/);
    assert.equal(page.find("button", "Start test call"), null);
  });
});
