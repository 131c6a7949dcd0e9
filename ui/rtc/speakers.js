// HTMLMediaElement.setSinkId where voice is native: every element's voice comes out of the engine's one speaker.

/**
 * @param {Window & typeof globalThis} window
 * @param {Pick<import("./engine.js").Engine, "request">} engine
 */
export function wrapSpeakers(window, engine) {
  const prototype = window.HTMLMediaElement?.prototype;
  if (!prototype || "setSinkId" in prototype) return;
  let chosen = "";
  Object.defineProperty(prototype, "sinkId", { configurable: true, enumerable: true, get: () => chosen });
  Object.defineProperty(prototype, "setSinkId", {
    configurable: true,
    enumerable: true,
    writable: true,
    /** @param {unknown} id a `deviceId` of an `audiooutput`; empty: the system's choice */
    async value(id) {
      const wanted = String(id);
      await engine.request("speaker", { deviceId: wanted === "" || wanted === "default" ? null : wanted });
      chosen = wanted;
    },
  });
}
