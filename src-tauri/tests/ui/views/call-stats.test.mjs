import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { QualityMeter, isLocalAddress, readPath } from "../../../../ui/call-stats.js";

const report = (...stats) => new Map(stats.map((one) => [one.id, one]));
const path = (local, remote, pair = {}) =>
  readPath(
    report(
      { id: "t", type: "transport", selectedCandidatePairId: "p" },
      { id: "p", type: "candidate-pair", localCandidateId: "l", remoteCandidateId: "r", ...pair },
      { id: "l", type: "local-candidate", ...local },
      { id: "r", type: "remote-candidate", ...remote },
    ),
  );
const host = (address) => ({ candidateType: "host", address });

describe("the path", () => {
  test("is unknown until a pair is selected", () => {
    assert.equal(readPath(report()), null);
    assert.equal(readPath(report({ id: "t", type: "transport" })), null);
  });

  test("is direct on this network between private, link-local and hidden addresses", () => {
    for (const [mine, theirs] of [
      ["192.168.1.2", "192.168.1.3"],
      ["10.0.0.1", "172.20.3.4"],
      ["fe80::1", "fe80::2"],
      ["fd00::1", "fd00::2"],
      ["127.0.0.1", "127.0.0.1"],
      ["192.168.1.2", "0af1.local"],
      ["192.168.1.2", undefined],
      ["2001:db8:1:2::1", "2001:db8:1:2:aaaa::9"],
      ["2001:db8::1", "2001:db8:0:0::2"],
      ["203.0.113.4", "203.0.113.9"],
    ]) {
      assert.equal(path(host(mine), host(theirs)).kind, "network", `${mine} ${theirs}`);
    }
    assert.equal(path(host("192.168.1.2"), { candidateType: "prflx", address: "192.168.1.9" }).kind, "network");
  });

  test("is over the internet where an address was translated or is someone else's", () => {
    assert.equal(path({ candidateType: "srflx", address: "203.0.113.4" }, host("192.168.1.3")).kind, "internet");
    assert.equal(path(host("192.168.1.2"), { candidateType: "srflx" }).kind, "internet");
    assert.equal(path(host("192.168.1.2"), { candidateType: "prflx", address: "198.51.100.1" }).kind, "internet");
    assert.equal(path(host("2001:db8:1:2::1"), host("2001:db8:1:3::1")).kind, "internet");
  });

  test("names the relay when it is one's own", () => {
    const relay = { candidateType: "relay", url: "turns:turn.example.org:5349?transport=tcp" };
    assert.deepEqual(path(relay, host("10.0.0.2")), { kind: "relay", relay: "turn.example.org", delay_ms: null });
    assert.equal(path({ candidateType: "relay", url: "turn:[2001:db8::1]:3478" }, host("10.0.0.2")).relay, "[2001:db8::1]");
    assert.equal(path(host("10.0.0.2"), { candidateType: "relay" }).relay, null);
  });

  test("is found by its nominated pair where no transport is reported", () => {
    const found = readPath(
      report(
        { id: "x", type: "candidate-pair", state: "in-progress", localCandidateId: "l", remoteCandidateId: "r" },
        { id: "p", type: "candidate-pair", state: "succeeded", nominated: true, localCandidateId: "l", remoteCandidateId: "r" },
        { id: "l", type: "local-candidate", ...host("10.0.0.1") },
        { id: "r", type: "remote-candidate", ...host("10.0.0.2") },
      ),
    );
    assert.equal(found.kind, "network");
  });

  test("has a delay that does not flicker", () => {
    const delay = (seconds) => path(host("10.0.0.1"), host("10.0.0.2"), { currentRoundTripTime: seconds }).delay_ms;
    assert.equal(delay(0.0002), 1);
    assert.equal(delay(0.0124), 12);
    assert.equal(delay(0.0423), 40);
  });
});

test("local addresses", () => {
  for (const address of ["10.1.2.3", "172.16.0.1", "172.31.9.9", "192.168.0.1", "169.254.3.4", "100.64.0.1", "::1", "fe80::1", "fdaa::1", "::ffff:10.0.0.1", "a.local"])
    assert.ok(isLocalAddress(address), address);
  for (const address of ["172.32.0.1", "8.8.8.8", "100.128.0.1", "2001:db8::1", "::ffff:8.8.8.8"]) assert.ok(!isLocalAddress(address), address);
});

describe("the quality", () => {
  const stats = ({ received = 0, lost = 0, theirs = 0, delay = 0 }) =>
    report(
      { id: "in", type: "inbound-rtp", packetsReceived: received, packetsLost: lost },
      { id: "re", type: "remote-inbound-rtp", fractionLost: theirs, roundTripTime: delay },
    );

  test("is unknown before anything came", () => {
    assert.equal(new QualityMeter().read(stats({})), null);
  });

  test("judges what happened since the last reading, not the whole call", () => {
    const meter = new QualityMeter();
    assert.equal(meter.read(stats({ received: 1000, lost: 200 })).level, 1);
    assert.deepEqual(meter.read(stats({ received: 2000, lost: 200 })), { level: 3, weak: null });
  });

  test("says whose connection loses", () => {
    assert.deepEqual(new QualityMeter().read(stats({ received: 900, lost: 100 })), { level: 1, weak: "theirs" });
    assert.deepEqual(new QualityMeter().read(stats({ received: 1000, theirs: 0.2 })), { level: 1, weak: "mine" });
  });

  test("counts a long delay too, and never a single loss", () => {
    assert.equal(new QualityMeter().read(stats({ received: 100, delay: 0.4 })).level, 2);
    assert.equal(new QualityMeter().read(stats({ received: 100, delay: 0.9 })).level, 1);
    assert.equal(new QualityMeter().read(stats({ received: 3, lost: 1 })).level, 3);
  });
});
