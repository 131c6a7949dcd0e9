// The way a call takes: always in sight, what is behind it one click away, changes said once.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { DetailsMeter } from "../../../../ui/call-details.js";
import { openWindow } from "./window.mjs";

const report = (...stats) => new Map(stats.map((one) => [one.id, one]));
const pair = (local, remote, { rtt, received = 0, lost = 0, theirs } = {}) =>
  report(
    { id: "t", type: "transport", selectedCandidatePairId: "p" },
    { id: "p", type: "candidate-pair", localCandidateId: "l", remoteCandidateId: "r", currentRoundTripTime: rtt },
    { id: "l", type: "local-candidate", ...local },
    { id: "r", type: "remote-candidate", ...remote },
    { id: "in", type: "inbound-rtp", packetsReceived: received, packetsLost: lost },
    ...(theirs === undefined ? [] : [{ id: "re", type: "remote-inbound-rtp", fractionLost: theirs }]),
  );
const HOST = { candidateType: "host", protocol: "udp" };
const RELAY = { candidateType: "relay", protocol: "udp", relayProtocol: "tls", url: "turns:turn.example.org:443?transport=tcp" };

describe("the details", () => {
  test("are unknown until a pair is selected", () => {
    assert.equal(new DetailsMeter().read(report()), null);
  });

  test("name both ends, the protocol to the relay, the delay and the loss in between", () => {
    const meter = new DetailsMeter();
    meter.read(pair(HOST, HOST, { received: 1000, lost: 500 }));
    assert.deepEqual(meter.read(pair(RELAY, { candidateType: "prflx" }, { rtt: 0.042, received: 1990, lost: 510, theirs: 0.0234 })), {
      mine: "relay",
      theirs: "prflx",
      protocol: "tls",
      relay: "turn.example.org",
      delay_ms: 40,
      lost_in: 1,
      lost_out: 2.3,
    });
  });

  test("say nothing they do not know", () => {
    assert.deepEqual(new DetailsMeter().read(pair({ candidateType: "new kind" }, {}, { received: 3, lost: 1 })), {
      mine: null,
      theirs: null,
      protocol: null,
      relay: null,
      delay_ms: null,
      lost_in: null,
      lost_out: null,
    });
  });
});

describe("the badge", () => {
  const PATH = { kind: "relay", relay: "turn.example.org", delay_ms: 40 };
  const DETAILS = { mine: "relay", theirs: "srflx", protocol: "tcp", relay: "turn.example.org", delay_ms: 40, lost_in: 0.3, lost_out: null };

  let page, show, ring;
  beforeEach(async () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    ({ page, show, ring } = await openWindow());
  });
  afterEach(() => {
    show();
    mock.timers.reset();
  });
  const badge = () => page.find("group", "Connection path");
  const talk = (media = {}, phase = "connected") => ring({ phase, connected_ms: 0 }, { path: PATH, details: DETAILS, ...media });
  const details = () => page.find("group", "Connection details");
  const open = () => page.click(badge().querySelector("button"));

  test("is there while connected and while reconnecting", () => {
    for (const phase of ["connected", "reconnecting"]) {
      talk({}, phase);
      assert.equal(badge().textContent, "Relayed through turn.example.org");
    }
    assert.deepEqual(page.statuses(), ["Reconnecting…"]);
  });

  test("opens the details, which follow the call", () => {
    talk();
    assert.equal(details(), null);
    open();
    const rows = () => [...details().querySelectorAll(".path-rows > div")].map((row) => [...row.children].map((part) => part.textContent));
    assert.deepEqual(rows(), [
      ["Your end", "at a relay"],
      ["Bob's end", "through a router (server reflexive)"],
      ["Carried by", "TCP"],
      ["Relay", "turn.example.org"],
      ["There and back", "40 ms"],
      ["Lost on the way to you", "0.3 %"],
    ]);
    talk({ details: { ...DETAILS, relay: null, delay_ms: 7 } });
    assert.deepEqual(rows()[3], ["There and back", "7 ms"]);
  });

  test("is opened and closed by keyboard, and the focus returns", () => {
    talk();
    open();
    assert.equal(badge().querySelector("button").getAttribute("aria-expanded"), "true");
    page.press(details(), "Escape");
    assert.equal(details(), null);
    assert.equal(page.document.activeElement, badge().querySelector("button"));
  });

  test("says a change once, politely, and no mere change of delay", () => {
    const said = () => page.text(".marks [aria-live=polite]");
    talk();
    assert.equal(said(), "The call goes: Relayed through turn.example.org");
    const node = page.document.querySelector(".marks [aria-live=polite]").firstChild;
    talk({ path: { ...PATH, delay_ms: 90 } });
    assert.equal(page.document.querySelector(".marks [aria-live=polite]").firstChild, node);
    talk({ path: { kind: "network", relay: null, delay_ms: 1 } });
    assert.equal(said(), "The call goes: Direct on this network");
  });

  test("closes with the call", () => {
    talk();
    open();
    show();
    talk();
    assert.equal(details(), null);
  });
});
