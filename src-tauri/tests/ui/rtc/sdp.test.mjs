import { describe, test } from "node:test";
import assert from "node:assert/strict";
import * as sdp from "../../../../ui/rtc/sdp.js";

const OFFER = [
  "v=0",
  "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0 1 2",
  "a=ice-options:trickle",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 63",
  "c=IN IP4 0.0.0.0",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789012345678901",
  "a=mid:0",
  "a=sendrecv",
  "a=msid:alice voice",
  "a=rtpmap:111 opus/48000/2",
  "m=video 0 UDP/TLS/RTP/SAVPF 96",
  "a=bundle-only",
  "a=mid:1",
  "a=recvonly",
  "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
  "a=mid:2",
  "",
].join("\r\n");

describe("reading a description", () => {
  test("sections, mids, directions, streams and credentials", () => {
    const { session, media } = sdp.parse(OFFER);
    assert.equal(session.length, 6);
    assert.deepEqual(
      media.map(({ kind, mid, direction, rejected, port }) => [kind, mid, direction, rejected, port]),
      [
        ["audio", "0", "sendrecv", false, 9],
        ["video", "1", "recvonly", false, 0],
        ["application", "2", "sendrecv", true, 0],
      ],
    );
    const [audio] = media;
    assert.deepEqual(audio?.msids, [{ stream: "alice", track: "voice" }]);
    assert.equal(audio?.ufrag, "abcd");
  });

  test("what is at session level counts for every section", () => {
    const { media } = sdp.parse("v=0\no=- 1 1 IN IP4 0\ns=-\nt=0 0\na=inactive\na=ice-ufrag:s\na=ice-pwd:p\nm=audio 9 X 0\n");
    assert.equal(media[0]?.direction, "inactive");
    assert.equal(media[0]?.ufrag, "s");
    assert.equal(media[0]?.pwd, "p");
  });

  test("a track may be in several streams, or in none", () => {
    const text = `${OFFER.split("m=video")[0]}a=msid:bob voice\r\na=msid:alice voice\r\na=msid:- voice\r\n`;
    const section = sdp.parse(text).media[0];
    assert.ok(section);
    assert.deepEqual(sdp.streamIds(section), ["alice", "bob"]);
  });

  test("what is written is what was read", () => {
    assert.equal(sdp.serialize(sdp.parse(OFFER)), OFFER);
    assert.equal(sdp.serialize(sdp.parse(OFFER.replaceAll("\r\n", "\n"))), OFFER);
  });
});

describe("hostile descriptions", () => {
  const bad = {
    "nothing at all": "",
    "not a description": "hello",
    "a line without =": `${OFFER}garbage`,
    "no o= line": "v=0\r\ns=-\r\n",
    "an m= line without formats": `${OFFER}m=audio 9 RTP/AVP\r\n`,
    "a port that is none": `${OFFER}m=audio 70000 RTP/AVP 0\r\n`,
    "a port that is no number": `${OFFER}m=audio x RTP/AVP 0\r\n`,
    "the same mid twice": `${OFFER}m=audio 9 RTP/AVP 0\r\na=mid:0\r\n`,
    "a mid with a space": `${OFFER}m=audio 9 RTP/AVP 0\r\na=mid:a b\r\n`,
    "an empty mid": `${OFFER}m=audio 9 RTP/AVP 0\r\na=mid:\r\n`,
    "an msid of control characters": `${OFFER}m=audio 9 RTP/AVP 0\r\na=msid:\u0001 x\r\n`,
    "a NUL in a line": `${OFFER}a=x\0y\r\n`,
    "far too long": `${OFFER}${"a=x\r\n".repeat(200_000)}`,
    "far too many sections": `${OFFER}${"m=audio 9 RTP/AVP 0\r\n".repeat(sdp.MAX_SECTIONS)}`,
  };
  for (const [what, text] of Object.entries(bad)) {
    test(`${what} is an SdpError with its line`, () => {
      assert.throws(() => sdp.parse(text), (/** @type {any} */ error) => error instanceof sdp.SdpError && error.line >= 1);
    });
  }

  test("cutting a description anywhere reads or fails, and nothing else", () => {
    for (let length = 0; length <= OFFER.length; length += 1) {
      try {
        sdp.parse(OFFER.slice(0, length));
      } catch (error) {
        assert.ok(error instanceof sdp.SdpError);
      }
    }
  });

  test("flipping any character reads or fails, and what reads is written back the same", () => {
    let seed = 7;
    const random = (/** @type {number} */ below) => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 3000; round += 1) {
      const at = random(OFFER.length);
      const text = OFFER.slice(0, at) + String.fromCharCode(random(300)) + OFFER.slice(at + 1);
      try {
        const once = sdp.serialize(sdp.parse(text));
        assert.equal(sdp.serialize(sdp.parse(once)), once);
      } catch (error) {
        assert.ok(error instanceof sdp.SdpError, String(error));
      }
    }
  });
});

describe("candidates in a description", () => {
  const LINE = "candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host";

  test("one goes to the section of its mid, once", () => {
    const once = sdp.withCandidate(OFFER, "1", null, LINE);
    const { media } = sdp.parse(once);
    assert.ok(media[1]?.lines.includes(`a=${LINE}`));
    assert.ok(!media[0]?.lines.includes(`a=${LINE}`));
    assert.equal(sdp.withCandidate(once, "1", null, LINE), once);
  });

  test("or to the section at its index; an empty one ends the list", () => {
    assert.ok(sdp.parse(sdp.withCandidate(OFFER, null, 0, LINE)).media[0]?.lines.includes(`a=${LINE}`));
    assert.ok(sdp.parse(sdp.withCandidate(OFFER, "0", null, "")).media[0]?.lines.includes("a=end-of-candidates"));
  });

  test("no candidate can bring lines of its own", () => {
    assert.equal(sdp.withCandidate(OFFER, "0", null, `${LINE}\r\na=recvonly`), OFFER);
    assert.equal(sdp.withCandidate(OFFER, "none such", null, LINE), OFFER);
  });
});

test("directions turn round, and an answer stays within the offer", () => {
  assert.equal(sdp.reversed("sendonly"), "recvonly");
  assert.equal(sdp.reversed("sendrecv"), "sendrecv");
  assert.equal(sdp.intersection("sendrecv", "recvonly"), "recvonly");
  assert.equal(sdp.intersection("sendonly", "recvonly"), "inactive");
});
