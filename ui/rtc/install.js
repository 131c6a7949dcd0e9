// Puts RTCPeerConnection into a window that has none.

import { RTCDataChannel } from "./channel.js";
import { RTCIceCandidate, RTCSessionDescription } from "./description.js";
import { Engine } from "./engine.js";
import { RTCError } from "./errors.js";
import * as events from "./events.js";
import { wrapMediaDevices } from "./media-devices.js";
import { MediaPlane } from "./media.js";
import { NativeSound } from "./native-sound.js";
import { definePeerConnection } from "./peer-connection.js";
import { wrapSpeakers } from "./speakers.js";
import { RTCStatsReport } from "./stats.js";
import { Tracks } from "./tracks.js";
import { RTCRtpReceiver, RTCRtpSender, RTCRtpTransceiver } from "./transceiver.js";
import { RTCDtlsTransport, RTCIceTransport, RTCSctpTransport } from "./transports.js";

/** @typedef {Window & typeof globalThis} AnyWindow */

/**
 * @param {AnyWindow} window
 * @returns {(callback: () => void) => void} tasks that a hidden window does not put off, as it does timers
 */
function taskQueue(window) {
  /** @type {(() => void)[]} */
  const queue = [];
  const { port1, port2 } = new window.MessageChannel();
  port1.onmessage = () => queue.shift()?.();
  return (callback) => {
    queue.push(callback);
    port2.postMessage(null);
  };
}

/**
 * Installs the polyfill, unless the window has the native thing.
 * @param {AnyWindow} window
 * @param {import("./engine.js").Backend} backend
 * @param {{media?: (engine: Engine) => import("./environment.d.ts").Media & {silence(): MediaStreamTrack}}} [parts] for tests
 * @returns {NativeSound | null} the engine's sound; null where nothing was installed
 */
export function installIfMissing(window, backend, parts = {}) {
  if ("RTCPeerConnection" in window && window.RTCPeerConnection) return null;
  const engine = new Engine(backend);
  const tracks = new Tracks(window);
  const media = parts.media?.(engine) ?? new MediaPlane(window, engine, tracks);
  const queueTask = taskQueue(window);
  const nextTask = () => new Promise((/** @type {(value: void) => void} */ resolve) => queueTask(resolve));
  const RTCPeerConnection = definePeerConnection({ engine, tracks, media, queueTask, nextTask });
  const interfaces = {
    RTCPeerConnection,
    RTCSessionDescription,
    RTCIceCandidate,
    RTCRtpSender,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCDataChannel,
    RTCStatsReport,
    RTCDtlsTransport,
    RTCIceTransport,
    RTCSctpTransport,
    RTCError,
    ...events,
  };
  for (const [name, value] of Object.entries(interfaces)) {
    Object.defineProperty(window, name, { value, writable: true, configurable: true, enumerable: false });
  }
  wrapMediaDevices({ window, engine, tracks, media });
  wrapSpeakers(window, engine);
  return new NativeSound(engine, tracks);
}
