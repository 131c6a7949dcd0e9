// What each side tells the other of its own means to connect, so that a call that can't says on whose side that was.
// Sealed as all signals are, and without addresses: `{"diagnosis": {"relay": …, "relayOnly": …}}`.

/** @typedef {"none" | "reachable" | "unreachable"} RelayState `none`: no relay to be asked */
/** @typedef {{ relay: RelayState, relayOnly: boolean }} Means */
/** @typedef {{ mine: Means | null, theirs: Means | null }} Diagnosis null: not known yet */

export class OwnMeans {
  #hasRelay;
  #relayOnly;
  #told = false;

  /** @param {RTCConfiguration} configuration */
  constructor({ iceServers = [], iceTransportPolicy }) {
    const urls = iceServers.flatMap((server) => server.urls);
    this.#hasRelay = urls.some((url) => /^turns?:/i.test(url));
    this.#relayOnly = iceTransportPolicy === "relay";
  }

  /**
   * A candidate of one's own, or null: there are no more.
   * @param {{ type?: string | null } | null} candidate
   * @returns {{ relay: RelayState, relayOnly: boolean } | null} what is known now, once
   */
  take(candidate) {
    const reachable = candidate?.type === "relay";
    if (this.#told || (candidate && !reachable)) return null;
    this.#told = true;
    const relay = reachable ? "reachable" : this.#hasRelay ? "unreachable" : "none";
    return { relay, relayOnly: this.#relayOnly };
  }
}

/**
 * What the other side says; anybody may say anything.
 * @param {unknown} said
 * @returns {{ relay: RelayState, relayOnly: boolean } | null}
 */
export function readMeans(said) {
  const { relay, relayOnly } = /** @type {any} */ (said ?? {});
  if (relay !== "none" && relay !== "reachable" && relay !== "unreachable") return null;
  return { relay, relayOnly: relayOnly === true };
}
