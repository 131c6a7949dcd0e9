// Perfect negotiation (https://www.w3.org/TR/webrtc/#perfect-negotiation-example) between two polyfilled pages over one
// engine, with messages that cross.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { FakeEngine } from "./fake-engine.mjs";
import { page, turns, until } from "./page.mjs";

/** A person with a page, a connection, and the negotiation every guide shows. */
class Person {
  /** @type {Person | null} */
  other = null;
  /** Messages not yet delivered. @type {string[]} */
  post = [];
  /** @type {unknown[]} */
  errors = [];
  #makingOffer = false;
  #ignoreOffer = false;
  #answerPending = false;

  /** @param {FakeEngine} engine @param {boolean} polite */
  constructor(engine, polite) {
    this.polite = polite;
    this.page = page(engine);
    this.pc = new this.page.RTCPeerConnection();
    this.pc.onnegotiationneeded = async () => {
      try {
        this.#makingOffer = true;
        await this.pc.setLocalDescription();
        this.send({ description: this.pc.localDescription });
      } catch (error) {
        this.errors.push(error);
      } finally {
        this.#makingOffer = false;
      }
    };
    this.pc.onicecandidate = (/** @type {any} */ { candidate }) => this.send({ candidate });
  }

  /** @param {object} message */
  send(message) {
    this.other?.post.push(JSON.stringify(message));
  }

  /** Takes one message off the pile. */
  async take() {
    const text = this.post.shift();
    if (text === undefined) return;
    const { description, candidate } = JSON.parse(text);
    // the next message may be taken before this one is done
    let ignoring = this.#ignoreOffer;
    try {
      if (description) {
        const ready = !this.#makingOffer && (this.pc.signalingState === "stable" || this.#answerPending);
        this.#ignoreOffer = !this.polite && description.type === "offer" && !ready;
        ignoring = this.#ignoreOffer;
        if (ignoring) return;
        this.#answerPending = description.type === "answer";
        await this.pc.setRemoteDescription(description);
        this.#answerPending = false;
        if (description.type === "offer") {
          await this.pc.setLocalDescription();
          this.send({ description: this.pc.localDescription });
        }
      } else {
        await this.pc.addIceCandidate(candidate);
      }
    } catch (error) {
      if (!ignoring) this.errors.push(error);
    }
  }
}

/** @param {FakeEngine} [engine] */
function two(engine = new FakeEngine()) {
  const alice = new Person(engine, false);
  const bob = new Person(engine, true);
  alice.other = bob;
  bob.other = alice;
  return { alice, bob, engine };
}

/** Delivers everything, one message at a time in an order drawn by `random`. @param {Person} alice @param {Person} bob @param {(below: number) => number} random */
async function talk(alice, bob, random) {
  for (let quiet = 0; quiet < 40; ) {
    const [one, other] = random(2) ? [alice, bob] : [bob, alice];
    const who = one.post.length > 0 ? one : other;
    // sometimes without waiting for the last one to be done
    const taking = who.take();
    if (random(2)) await taking;
    await turns(random(4));
    quiet = alice.post.length + bob.post.length === 0 ? quiet + 1 : 0;
  }
  await turns();
}

/** @param {any} pc */
const directions = (pc) => pc.getTransceivers().map((/** @type {any} */ one) => one.currentDirection);

describe("both call at once", () => {
  test("one offer survives, both tracks arrive, nobody sees an error", async () => {
    const { alice, bob } = two();
    alice.pc.addTrack(alice.page.track("audio"));
    bob.pc.addTrack(bob.page.track("audio"));
    await until(() => alice.post.length > 0 && bob.post.length > 0);
    assert.equal(alice.pc.signalingState, "have-local-offer");
    assert.equal(bob.pc.signalingState, "have-local-offer");
    await talk(alice, bob, () => 1);
    assert.deepEqual([alice.errors, bob.errors], [[], []]);
    assert.deepEqual(directions(alice.pc), ["sendrecv"]);
    assert.deepEqual(directions(bob.pc), ["sendrecv"]);
    await until(() => alice.pc.connectionState === "connected" && bob.pc.connectionState === "connected");
  });

  test("a hundred times, with every order of messages and changes in the middle", async () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      let state = seed * 7919;
      const random = (/** @type {number} */ below) => (state = (state * 48271) % 2147483647) % below;
      const { alice, bob } = two();
      for (const person of [alice, bob]) {
        person.pc.addTrack(person.page.track("audio"));
        if (random(2)) person.pc.addTrack(person.page.track("video"));
        if (random(3) === 0) person.pc.createDataChannel("chat");
      }
      const talking = talk(alice, bob, random);
      for (let change = 0; change < 3; change += 1) {
        await turns(random(12));
        const { pc, page: its } = random(2) ? alice : bob;
        const [first] = pc.getSenders();
        [
          () => pc.addTrack(its.track("video")),
          () => first && pc.removeTrack(first),
          () => pc.restartIce(),
          () => pc.getTransceivers()[0] && (pc.getTransceivers()[0].direction = "recvonly"),
          () => pc.createDataChannel("more"),
        ][random(5)]?.();
      }
      await talking;
      await talk(alice, bob, random);
      assert.deepEqual([...alice.errors, ...bob.errors].map(String), [], `seed ${seed}`);
      assert.equal(alice.pc.signalingState, "stable", `seed ${seed}`);
      assert.equal(bob.pc.signalingState, "stable", `seed ${seed}`);
      const mirrored = directions(bob.pc).map((/** @type {string} */ one) => ({ sendonly: "recvonly", recvonly: "sendonly" })[one] ?? one);
      assert.deepEqual([...directions(alice.pc)].sort(), mirrored.sort(), `seed ${seed}`);
    }
  });
});
