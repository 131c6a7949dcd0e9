// RTCStatsReport: the engine's figures, with the worker's own put in.

import { claim, create, finish } from "./idl.js";

/** https://www.w3.org/TR/webrtc/#rtcstatsreport-object, a read-only maplike */
export class RTCStatsReport {
  /** @type {Map<string, any>} */
  #map = claim().map;

  get size() {
    return this.#map.size;
  }
  /** @param {string} key */
  get(key) {
    return this.#map.get(`${key}`);
  }
  /** @param {string} key */
  has(key) {
    return this.#map.has(`${key}`);
  }
  entries() {
    return this.#map.entries();
  }
  keys() {
    return this.#map.keys();
  }
  values() {
    return this.#map.values();
  }
  /**
   * @param {(value: any, key: string, report: RTCStatsReport) => void} callback
   * @param {any} [self]
   */
  forEach(callback, self) {
    this.#map.forEach((value, key) => callback.call(self, value, key, this));
  }
}
finish(RTCStatsReport);
Object.defineProperty(RTCStatsReport.prototype, Symbol.iterator, {
  value: RTCStatsReport.prototype.entries,
  writable: true,
  configurable: true,
});

/**
 * What the worker knows of one m-line; only these reach a report.
 * @typedef {{peer: number, index: number, inbound?: Record<string, unknown>, outbound?: Record<string, unknown>}} Figures
 */

/**
 * @param {any[]} engine stats objects as the engine answered
 * @param {Figures[]} figures of this peer
 * @param {(index: number) => string | null} midOf the mid of an m-line
 * @returns {any[]} the engine's objects, video figures put in by mid
 */
export function mergeFigures(engine, figures, midOf) {
  return engine.map((entry) => {
    if (entry.kind !== "video" || !["inbound-rtp", "outbound-rtp"].includes(entry.type)) return entry;
    const mine = figures.find((one) => entry.mid !== undefined && midOf(one.index) === entry.mid);
    return { ...entry, ...(entry.type === "inbound-rtp" ? mine?.inbound : mine?.outbound) };
  });
}

/**
 * The entries a selector leaves, and what they refer to.
 * https://www.w3.org/TR/webrtc/#the-stats-selection-algorithm
 * @param {any[]} entries
 * @param {{type: "outbound-rtp" | "inbound-rtp", mid: string | null} | null} selector
 */
export function select(entries, selector) {
  if (!selector) return entries;
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const wanted = new Set(entries.filter((entry) => entry.type === selector.type && entry.mid === selector.mid));
  for (const entry of wanted) {
    for (const [key, value] of Object.entries(entry)) {
      if (key !== "id" && /Ids?$/.test(key) && byId.has(value)) wanted.add(byId.get(value));
    }
  }
  return [...wanted];
}

/**
 * @param {any[]} entries
 * @returns {RTCStatsReport}
 */
export function report(entries) {
  return create(RTCStatsReport, { map: new Map(entries.map((entry) => [String(entry.id), entry])) });
}
