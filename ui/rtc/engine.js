// One engine peer: requests in order, events as they come.

import { fromEngine } from "./errors.js";

/**
 * The bridge to the engine, made by the page's owner.
 * @typedef {object} Backend
 * @property {(op: string, args: Record<string, unknown>) => Promise<any>} request rejects with `{name, message}`
 * @property {(handler: (event: any) => void) => void} onEvent
 */

/** Hands the engine's events to the peer they are for. */
export class Engine {
  /** @type {Map<number, (event: any) => void>} */
  #peers = new Map();
  /** @type {Promise<unknown>} */
  #hello;

  /** @param {Backend} backend */
  constructor(backend) {
    this.backend = backend;
    backend.onEvent((event) => this.#peers.get(event?.peer)?.(event));
    // closes what an earlier page of this window left open; a failure shows at the first open
    this.#hello = Promise.resolve(backend.request("hello", {})).catch(() => {});
  }

  /**
   * @param {string} op
   * @param {Record<string, unknown>} [args]
   * @returns {Promise<any>}
   */
  async request(op, args = {}) {
    await this.#hello;
    try {
      return await this.backend.request(op, args);
    } catch (error) {
      throw fromEngine(error);
    }
  }

  /**
   * @param {object} configuration
   * @param {(event: any) => void} handler
   * @returns {Promise<number>} the peer's handle
   */
  async open(configuration, handler) {
    const { peer } = await this.request("open", { configuration });
    this.#peers.set(peer, handler);
    return peer;
  }

  /** @param {number} peer */
  async close(peer) {
    this.#peers.delete(peer);
    await this.request("close", { peer });
  }
}

/** A peer of the engine: opened at the first request, one request under way at a time, so that their order holds. */
export class EnginePeer {
  /** @type {Promise<number> | null} */
  #opened = null;
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();
  #closed = false;
  /** Known once opened. @type {number | null} */
  handle = null;

  /**
   * @param {Engine} engine
   * @param {() => object} configuration read when the peer is opened
   * @param {(event: any) => void} handler
   */
  constructor(engine, configuration, handler) {
    this.engine = engine;
    this.configuration = configuration;
    this.handler = handler;
  }

  /** @returns {Promise<number>} */
  open() {
    this.#opened ??= this.engine.open(this.configuration(), this.handler).then((handle) => {
      this.handle = handle;
      return handle;
    });
    return this.#opened;
  }

  /**
   * @param {string} op
   * @param {Record<string, unknown>} [args]
   * @returns {Promise<any>} never settles once closed
   */
  request(op, args = {}) {
    const answer = this.#last.then(async () => {
      const peer = await this.open();
      if (this.#closed) return new Promise(() => {});
      return this.engine.request(op, { peer, ...args });
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  /**
   * An event was handled. The engine asks for this with some of them: while too many are not, it reads no data channel.
   * Not in order with the requests: one that takes long would hold it up.
   * @param {any} event
   */
  handled(event) {
    if (event.mark === undefined) return;
    // a peer that was closed meanwhile waits for nothing
    this.engine.request("acknowledge", { peer: this.handle, mark: event.mark }).catch(() => {});
  }

  /** The configuration changed: told where the peer was opened with the one before, and in order with all else. */
  reconfigure() {
    if (!this.#opened) return;
    // it was checked here already; a peer that is gone says so at the next request
    this.request("setConfiguration", { configuration: this.configuration() }).catch(() => {});
  }

  /** Closes the engine's peer without waiting for requests under way. */
  close() {
    this.#closed = true;
    this.#opened?.then((peer) => this.engine.close(peer)).catch(() => {});
  }
}
