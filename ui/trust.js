// Whether the media's key was the one in the sealed description. A DTLS handshake with anybody else fails, and that
// is not a matter of the network: nothing is to be tried again.

/** The `errorDetail` that means "another key" (W3C webrtc, RTCErrorDetailType). */
const ANOTHER_KEY = "fingerprint-failure";
/** ICE states in which packets do arrive. */
const ARRIVES = ["connected", "completed"];

export class Trust {
  /** What each transport reported. @type {Map<RTCDtlsTransport, string | null>} */
  #reported = new Map();

  /** Listens to transports that came into being. @param {RTCPeerConnection} pc */
  watch(pc) {
    for (const transport of transportsOf(pc)) {
      if (this.#reported.has(transport)) continue;
      this.#reported.set(transport, null);
      transport.addEventListener("error", ({ error }) => this.#reported.set(transport, error.errorDetail));
    }
  }

  /**
   * Whether a connection that failed did so because somebody else answered. Chromium 156 refuses the other key and
   * fires no `error` event: there, DTLS that fails over a path that works says the same.
   * @param {RTCPeerConnection} pc
   */
  isBroken(pc) {
    return transportsOf(pc).some((transport) => {
      const reported = this.#reported.get(transport) ?? null;
      if (reported !== null) return reported === ANOTHER_KEY;
      return transport.state === "failed" && ARRIVES.includes(transport.iceTransport.state);
    });
  }
}

/** @param {RTCPeerConnection} pc */
function transportsOf(pc) {
  const all = [pc.sctp?.transport, ...pc.getSenders().map((sender) => sender.transport)];
  return [...new Set(all)].filter((transport) => transport instanceof EventTarget);
}
