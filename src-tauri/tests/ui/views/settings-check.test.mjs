import assert from "node:assert/strict";
import { test } from "node:test";
import { checkIceServer, checkIceUrl, checkNoAnswer, checkPolicy, checkServer, splitUrls } from "../../../../ui/settings-check.js";

test("STUN and TURN addresses as RFC 7064 and 7065 write them", () => {
  for (const url of [
    "stun:stun.example.org",
    "stun:stun.example.org:3478",
    "stuns:192.0.2.1:5349",
    "turn:turn.example.org?transport=udp",
    "turns:turn.example.org:443?transport=tcp",
    "TURN:[2001:db8::1]:3478",
  ]) assert.equal(checkIceUrl(url), null, url);
});

test("mistakes are named for what they are", () => {
  const wrong = {
    "turn.example.org": "settings.ice_bad_scheme",
    "https://turn.example.org": "settings.ice_bad_scheme",
    "turn://turn.example.org": "settings.ice_bad_scheme",
    "": "settings.ice_bad_scheme",
    "stun:": "settings.ice_bad_host",
    "stun:a b": "settings.ice_bad_host",
    "turn:user@host": "settings.ice_bad_host",
    "turn:[2001:db8::1": "settings.ice_bad_host",
    "turn:host:0": "settings.ice_bad_port",
    "turn:host:65536": "settings.ice_bad_port",
    "turn:host:": "settings.ice_bad_port",
    "turn:host:x": "settings.ice_bad_port",
    "turn:host?transport=sctp": "settings.ice_bad_transport",
    "turn:host?": "settings.ice_bad_transport",
    "stun:host?transport=udp": "settings.ice_bad_transport",
  };
  for (const [url, key] of Object.entries(wrong)) assert.equal(checkIceUrl(url), key, url);
});

test("a relay needs a login, STUN does not", () => {
  const server = (urls, username = "", credential = "") => checkIceServer({ urls: splitUrls(urls), username, credential });
  assert.equal(server("stun:a, stun:b"), null);
  assert.equal(server("stun:a turn:b"), "settings.ice_needs_login");
  assert.equal(server("turn:b", "me"), "settings.ice_needs_login");
  assert.equal(server("turn:b", "me", "secret"), null);
  assert.equal(server(" "), "settings.ice_bad_scheme");
});

test("a server is a WebSocket address and nothing more, or none", () => {
  for (const good of ["", "  ", "wss://calls.example.org", "ws://192.168.1.2:7470", "wss://[2001:db8::1]:443/"]) assert.equal(checkServer(good), null, good);
  for (const bad of ["calls.example.org", "https://x", "wss://", "wss://me:pw@x", "wss://x?y", "wss://x#y", "wss://x:99999"])
    assert.equal(checkServer(bad), "settings.server_bad", bad);
});

test("the ringing time has bounds", () => {
  for (const good of ["5", "45", "120"]) assert.equal(checkNoAnswer(good), null);
  for (const bad of ["", "4", "121", "4.5", "ten", "-45"]) assert.equal(checkNoAnswer(bad), "settings.no_answer_bad");
});

test("a policy says what it lacks", () => {
  const servers = (...urls) => [{ urls }];
  assert.equal(checkPolicy("lan_only", []), null);
  assert.equal(checkPolicy("relay_only", servers("stun:a")), "settings.relay_missing");
  assert.equal(checkPolicy("relay_only", servers("stun:a", "turns:b")), null);
  for (const policy of ["stun", "stun_turn"]) {
    assert.equal(checkPolicy(policy, []), "settings.stun_missing");
    assert.equal(checkPolicy(policy, servers("turn:a")), null);
  }
});
