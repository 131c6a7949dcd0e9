// Setting descriptions: https://www.w3.org/TR/webrtc/#set-description and JSEP (RFC 9429), sections 5.9 to 5.11.

import { invalidAccess, invalidModification, invalidState, RTCError } from "./errors.js";
import { RTCTrackEvent } from "./events.js";
import { parse, receives, reversed, SdpError, sends } from "./sdp.js";
import { Transceiver } from "./transceiver.js";

/** @typedef {import("./peer.js").Peer} Peer */
/** @typedef {import("./peer.js").SetDescription} SetDescription */
/** @typedef {import("./sdp.js").Section} Section */
/** @typedef {{type: "offer" | "pranswer" | "answer" | "rollback", sdp: string}} Init */

/** What applying a description does to remote tracks; fired at its end, in the specification's order. */
class TrackChanges {
  /** @type {Transceiver[]} */
  added = [];
  /** @type {MediaStreamTrack[]} */
  muted = [];
  /** @type {[MediaStream, MediaStreamTrack][]} */
  leaving = [];
  /** @type {[MediaStream, MediaStreamTrack][]} */
  joining = [];

  /**
   * "Set the associated remote streams".
   * @param {Transceiver} transceiver
   * @param {MediaStream[]} streams
   * @returns {boolean} the track joins a stream
   */
  associate(transceiver, streams) {
    const { receiver } = transceiver;
    for (const stream of receiver.streams) if (!streams.includes(stream)) this.leaving.push([stream, receiver.track]);
    const joining = streams.filter((stream) => !receiver.streams.includes(stream));
    for (const stream of joining) this.joining.push([stream, receiver.track]);
    receiver.streams = streams;
    return joining.length > 0;
  }

  /** "Process the removal of a remote track". @param {Transceiver} transceiver */
  remove(transceiver) {
    if (transceiver.receiver.track.readyState === "live") this.muted.push(transceiver.receiver.track);
  }

  /** @param {Peer} peer */
  fire(peer) {
    for (const track of this.muted) if (!track.muted) peer.env.tracks.setMuted(track, true);
    for (const [stream, track] of this.leaving) peer.env.tracks.leave(stream, track);
    for (const [stream, track] of this.joining) peer.env.tracks.join(stream, track);
    for (const transceiver of this.added) {
      const { receiver } = transceiver;
      peer.fire(
        new RTCTrackEvent("track", {
          receiver: receiver.facade,
          track: receiver.track,
          streams: [...receiver.streams],
          transceiver: transceiver.facade,
        }),
      );
    }
  }
}

/**
 * @param {string} sdp
 * @returns {import("./sdp.js").Description}
 * @throws {RTCError} sdp-syntax-error
 */
export function read(sdp) {
  try {
    return parse(sdp);
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    throw new RTCError({ errorDetail: "sdp-syntax-error", sdpLineNumber: error.line }, error.message);
  }
}

const LOCAL_STATES = {
  offer: ["stable", "have-local-offer"],
  pranswer: ["have-remote-offer", "have-local-pranswer"],
  answer: ["have-remote-offer", "have-local-pranswer"],
};
const REMOTE_STATES = {
  offer: ["stable", "have-remote-offer"],
  pranswer: ["have-local-offer", "have-remote-pranswer"],
  answer: ["have-local-offer", "have-remote-pranswer"],
};

/**
 * @param {Peer} peer
 * @param {{type?: Init["type"], sdp: string}} init without a type: what the state asks for
 */
export async function setLocal(peer, init) {
  const implicit = ["stable", "have-local-offer", "have-remote-pranswer"].includes(peer.signalingState) ? "offer" : "answer";
  const type = init.type ?? implicit;
  if (type === "rollback") return rollback(peer);
  if (!LOCAL_STATES[type].includes(peer.signalingState)) {
    throw invalidState(`A local ${type} cannot be set in the state ${peer.signalingState}`);
  }
  const offer = type === "offer";
  let sdp = init.sdp;
  if (sdp === "") {
    const last = offer ? peer.lastOffer : peer.lastAnswer;
    sdp = last && last.inputs === peer.inputs(offer) ? last.sdp : await (offer ? peer.makeOffer() : peer.makeAnswer());
  }
  const made = offer ? peer.lastOffer : peer.lastAnswer;
  if (!made || sdp !== made.sdp) throw invalidModification(`The ${type} is not the one made last`);
  const parsed = read(sdp);
  // what the engine has already is not set twice: the same offer again, or a pranswer that becomes the answer
  if (sdp !== (offer ? peer.appliedOffer : peer.appliedAnswer)) {
    if (offer && peer.signalingState === "have-local-offer") await peer.engine.request("rollback");
    await peer.engine.request(offer ? "setLocalOffer" : "setLocalAnswer", { sdp });
  }
  if (peer.closed) return;
  peer.appliedOffer = offer ? sdp : null;
  peer.appliedAnswer = type === "pranswer" ? sdp : null;
  applyLocal(peer, { type, sdp, parsed }, made);
}

/**
 * @param {Peer} peer
 * @param {SetDescription} description
 * @param {import("./peer.js").Made} made
 */
function applyLocal(peer, description, made) {
  const { type, parsed } = description;
  const changes = new TrackChanges();
  parsed.media.forEach((section, index) => {
    const transceiver =
      peer.transceivers.find((one) => one.mid !== null && one.mid === section.mid) ??
      (section.mid === null ? undefined : made.mids.get(section.mid));
    if (!transceiver) return;
    transceiver.mid = section.mid;
    transceiver.index = index;
    if (transceiver.stopped) return;
    if (!section.rejected) transceiver.sender.transport = transceiver.receiver.transport = peer.transport();
    const { direction } = section;
    transceiver.announced = sends(direction) ? (made.streams.get(transceiver) ?? []) : null;
    transceiver.receptive = receives(direction) && !section.rejected;
    if (type === "offer") return;
    if (!receives(direction) && receives(transceiver.firedDirection)) {
      changes.associate(transceiver, []);
      changes.remove(transceiver);
    }
    transceiver.setCurrentDirection(direction);
    transceiver.firedDirection = direction;
  });
  finish(peer, "local", description, changes);
}

/**
 * @param {Peer} peer
 * @param {Init} init
 */
export async function setRemote(peer, init) {
  const { type, sdp } = init;
  if (type === "rollback") return rollback(peer);
  if (type === "offer" && peer.signalingState === "have-local-offer") await rollback(peer);
  if (peer.closed) return;
  if (!REMOTE_STATES[type].includes(peer.signalingState)) {
    throw invalidState(`A remote ${type} cannot be set in the state ${peer.signalingState}`);
  }
  const parsed = read(sdp);
  if (type === "offer") {
    const videos = parsed.media.filter((section) => section.kind === "video").length;
    await Promise.all([peer.engine.request("setRemoteOffer", { sdp }), peer.env.media.ready(videos)]);
  } else {
    checkAnswer(peer, parsed);
    // a provisional answer is kept here; the engine hears the final one
    if (type === "answer") await peer.engine.request("setRemoteAnswer", { sdp });
  }
  if (peer.closed) return;
  applyRemote(peer, { type, sdp, parsed });
}

/**
 * An answer has the offer's sections, in its order.
 * @param {Peer} peer
 * @param {import("./sdp.js").Description} answer
 */
function checkAnswer(peer, answer) {
  const offered = peer.pendingLocal?.parsed.media ?? [];
  const fits =
    answer.media.length === offered.length &&
    answer.media.every((section, at) => {
      const mine = offered[at];
      return mine && section.kind === mine.kind && (section.rejected || section.mid === mine.mid);
    });
  if (!fits) throw invalidAccess("The answer does not have the offer's sections");
}

/**
 * @param {Peer} peer
 * @param {Section} section
 * @param {number} index
 * @param {boolean} offer
 * @returns {Transceiver | null} null for a section there is nothing to do with
 */
function transceiverFor(peer, section, index, offer) {
  if (section.kind !== "audio" && section.kind !== "video") return null;
  const known = peer.transceivers.find((one) => one.mid !== null && one.mid === section.mid);
  if (known || !offer) {
    return known ?? peer.transceivers.find((one) => one.mid !== null && one.index === index) ?? null;
  }
  if (section.rejected) return null;
  const waiting = peer.transceivers.find(
    (one) => one.byAddTrack && one.mid === null && !one.stopping && one.kind === section.kind,
  );
  if (waiting && receives(section.direction)) return waiting;
  const made = new Transceiver(peer, section.kind, {
    direction: "recvonly",
    encodings: [section.kind === "video" ? { active: true, scaleResolutionDownBy: 1 } : { active: true }],
  });
  made.byPendingOffer = true;
  peer.transceivers.push(made);
  return made;
}

/**
 * @param {Peer} peer
 * @param {SetDescription} description
 */
function applyRemote(peer, description) {
  const { type, parsed } = description;
  const offer = type === "offer";
  const changes = new TrackChanges();
  parsed.media.forEach((section, index) => {
    const transceiver = transceiverFor(peer, section, index, offer);
    if (!transceiver) return;
    if (transceiver.mid === null) transceiver.mid = section.mid ?? `${index}`;
    transceiver.index = index;
    const direction = section.rejected ? "inactive" : reversed(section.direction);
    const joins = receives(direction)
      ? changes.associate(transceiver, peer.remoteStreams(section))
      : changes.associate(transceiver, []);
    if (receives(direction) && (!receives(transceiver.firedDirection) || joins)) {
      changes.added.push(transceiver);
    }
    if (!receives(direction)) {
      transceiver.receptive = false;
      if (receives(transceiver.firedDirection)) changes.remove(transceiver);
    }
    transceiver.firedDirection = direction;
    if (!offer) {
      transceiver.setCurrentDirection(direction);
      if (!section.rejected) transceiver.sender.transport = transceiver.receiver.transport = peer.transport();
    }
    if (section.rejected && !transceiver.stopped) transceiver.stop(false);
  });
  finish(peer, "remote", description, changes);
}

/**
 * Back to the last stable state.
 * @param {Peer} peer
 */
async function rollback(peer) {
  if (!["have-local-offer", "have-remote-offer"].includes(peer.signalingState)) {
    throw invalidState(`There is nothing to roll back in the state ${peer.signalingState}`);
  }
  await peer.engine.request("rollback");
  if (peer.closed) return;
  const changes = new TrackChanges();
  for (const transceiver of [...peer.transceivers]) {
    const received = receives(transceiver.firedDirection);
    changes.associate(transceiver, transceiver.stable.streams);
    transceiver.restoreStable();
    if (received && !receives(transceiver.firedDirection)) changes.remove(transceiver);
    if (!received && receives(transceiver.firedDirection)) changes.added.push(transceiver);
    if (!transceiver.byPendingOffer) continue;
    transceiver.byPendingOffer = false;
    if (transceiver.byAddTrack) continue;
    transceiver.stop(false);
    peer.transceivers.splice(peer.transceivers.indexOf(transceiver), 1);
  }
  peer.pendingLocal = peer.pendingRemote = null;
  peer.appliedOffer = peer.appliedAnswer = null;
  peer.lastOffer = peer.lastAnswer = null;
  settle(peer, "stable", changes);
}

/**
 * The end common to local and remote descriptions.
 * @param {Peer} peer
 * @param {"local" | "remote"} side
 * @param {SetDescription} description
 * @param {TrackChanges} changes
 */
function finish(peer, side, description, changes) {
  const { type } = description;
  const local = side === "local";
  peer.sctpFrom(description);
  if (type === "answer") {
    if (local) [peer.currentLocal, peer.currentRemote] = [description, peer.pendingRemote];
    else [peer.currentLocal, peer.currentRemote] = [peer.pendingLocal, description];
    peer.pendingLocal = peer.pendingRemote = null;
    peer.lastOffer = peer.lastAnswer = null;
    peer.appliedOffer = peer.appliedAnswer = null;
    peer.transceivers = peer.transceivers.filter((transceiver) => {
      const at = transceiver.index === null ? undefined : description.parsed.media[transceiver.index];
      if (transceiver.mid === null || !at?.rejected) return true;
      if (!transceiver.stopped) transceiver.stop(false);
      transceiver.mid = transceiver.index = null;
      return false;
    });
    settle(peer, "stable", changes);
  } else {
    if (local && type === "offer") dropStoppedUnseen(peer);
    if (local) peer.pendingLocal = description;
    else peer.pendingRemote = description;
    settle(peer, type === "offer" ? `have-${side}-offer` : `have-${side}-pranswer`, changes);
  }
}

/**
 * Transceivers stopped before an offer named them take no part in it.
 * @param {Peer} peer
 */
function dropStoppedUnseen(peer) {
  peer.transceivers = peer.transceivers.filter((transceiver) => {
    if (!transceiver.stopping || transceiver.mid !== null) return true;
    transceiver.stop(false);
    return false;
  });
}

/**
 * @param {Peer} peer
 * @param {import("./peer.js").SignalingState} state
 * @param {TrackChanges} changes
 */
function settle(peer, state, changes) {
  const changed = peer.signalingState !== state;
  peer.signalingState = state;
  if (state === "stable") {
    for (const transceiver of peer.transceivers) transceiver.rememberStable();
    peer.negotiation.settled();
  }
  for (const transceiver of peer.transceivers) peer.syncMedia(transceiver);
  if (changed) peer.fire(new Event("signalingstatechange"));
  if (!peer.closed) changes.fire(peer);
}
