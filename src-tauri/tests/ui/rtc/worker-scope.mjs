// What the media worker runs in, and what a window needs to start one.

import { WorkerPlane } from "../../../../ui/rtc/worker-plane.js";
import { codecs } from "./codecs.mjs";

/** A worker's scope with everything fake, and the worker's part in it. */
export function scope() {
  const { seen, classes } = codecs();
  /** @type {any[]} */
  const posted = [];
  /** @type {any[]} */
  const sockets = [];
  /** @type {any[]} */
  const written = [];
  class WebSocket {
    readyState = 0;
    bufferedAmount = 0;
    /** @type {any[]} */
    sent = [];
    /** @param {string} url */
    constructor(url) {
      this.url = url;
      sockets.push(this);
    }
    opened() {
      this.readyState = 1;
      /** @type {any} */ (this).onopen();
    }
    /** @param {any} data */
    send(data) {
      this.sent.push(data);
    }
    close() {
      this.readyState = 3;
    }
  }
  class VideoTrackGenerator {
    track = { made: true };
    writable = { getWriter: () => ({ closed: Promise.resolve(), write: async (/** @type {any} */ picture) => void (written.push(picture), picture.close()), close: async () => {} }) };
  }
  class MediaStreamTrackProcessor {
    /** @param {{track: any}} init */
    constructor({ track }) {
      this.readable = { getReader: () => track.reader };
    }
  }
  const it = { ...classes, WebSocket, VideoTrackGenerator, MediaStreamTrackProcessor, onmessage: null, postMessage: (/** @type {any} */ message) => posted.push(message) };
  return { it, seen, posted, sockets, written, plane: new WorkerPlane(/** @type {any} */ (it)) };
}

/**
 * Gives a window what place holders and silence are made of.
 * @param {any} window
 * @returns {any[]} the place holders' tracks, as they are made
 */
export function mediaClasses(window) {
  const canvasTracks = /** @type {any[]} */ ([]);
  window.document.createElement = (/** @type {string} */ name) =>
    name === "video"
      ? { canPlayType: () => "" }
      : { getContext() {}, captureStream: () => ({ getVideoTracks: () => [canvasTracks[canvasTracks.push(new window.MediaStreamTrack("video")) - 1]] }) };
  window.AudioContext = class {
    createMediaStreamDestination() {
      return { stream: new window.MediaStream([new window.MediaStreamTrack("audio")]) };
    }
    async close() {}
  };
  return canvasTracks;
}
