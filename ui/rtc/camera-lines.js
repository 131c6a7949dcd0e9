// Which camera of the engine's each m-line sends. Only changes are told; an m-line has one request under way at a time,
// so that the engine sees them in order.

/** @typedef {import("./environment.d.ts").SendLimits} SendLimits */
/** @typedef {{peer: number, index: number, camera: number | null, limits: SendLimits}} Wanted */
/** @typedef {{wanted: Wanted, told: string, telling: Promise<void> | null}} Line */

export class CameraLines {
  /** By `peer/index`. @type {Map<string, Line>} */
  #lines = new Map();

  /** @param {Pick<import("./engine.js").Engine, "request">} engine */
  constructor(engine) {
    this.engine = engine;
  }

  /**
   * @param {number} peer
   * @param {number} index of the m-line
   * @param {number | null} camera null: it sends no camera
   * @param {SendLimits} limits
   * @returns {Promise<void> | null} resolves when the engine knows; null when there is nothing to tell
   */
  send(peer, index, camera, limits) {
    const key = `${peer}/${index}`;
    let line = this.#lines.get(key);
    const wanted = { peer, index, camera, limits };
    if (!line) {
      if (camera === null) return null;
      line = { wanted, told: "", telling: null };
      this.#lines.set(key, line);
    } else if (camera !== null || line.wanted.camera !== null) {
      line.wanted = wanted;
    }
    if (!line.telling && JSON.stringify(line.wanted) === line.told) return null;
    line.telling ??= this.#tell(key, line);
    return line.telling;
  }

  /** @param {string} key @param {Line} line */
  async #tell(key, line) {
    // what changes meanwhile is told in one
    for (let text = JSON.stringify(line.wanted); text !== line.told; text = JSON.stringify(line.wanted)) {
      line.told = text;
      // the engine reports a camera that it cannot send by itself
      await this.engine.request("sendCamera", line.wanted).catch(() => {});
      if (this.#lines.get(key) !== line) return;
    }
    line.telling = null;
    if (line.wanted.camera === null) this.#lines.delete(key);
  }

  /** The engine drops what a peer sends with the peer. @param {number} peer */
  closePeer(peer) {
    for (const key of [...this.#lines.keys()]) if (key.startsWith(`${peer}/`)) this.#lines.delete(key);
  }
}
