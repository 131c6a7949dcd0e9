// What there is to see and hear of a call, for the views.

/** @typedef {import("./media.js").DeviceState} DeviceState */
/**
 * @typedef {{
 *   local: MediaStream | null,
 *   preview: MediaStream | null,
 *   remote: MediaStream | null,
 *   remoteVideo: boolean,
 *   remoteMuted: boolean,
 *   held: boolean,
 *   microphone: DeviceState,
 *   muted: boolean,
 *   camera: DeviceState,
 *   sharing: boolean,
 *   canShare: boolean,
 *   shareFailed: boolean,
 *   relays: readonly string[],
 *   diagnosis: import("./call-diagnosis.js").Diagnosis | null,
 *   path: import("./call-stats.js").Path | null,
 *   details: import("./call-details.js").Details | null,
 *   quality: import("./call-stats.js").Quality | null,
 * }} MediaView `held`: the other side has put this call on hold
 */

/** @returns {Omit<MediaView, "canShare" | "preview" | "relays" | "diagnosis">} */
export const idle = () => ({
  local: null,
  remote: null,
  remoteVideo: false,
  remoteMuted: false,
  held: false,
  microphone: "off",
  muted: false,
  camera: "off",
  sharing: false,
  shareFailed: false,
  path: null,
  details: null,
  quality: null,
});

/**
 * The hosts of the TURN servers among these, each once.
 * @param {readonly import("./types.d.ts").IceServer[]} servers
 */
export function relaysIn(servers) {
  const hosts = servers.flatMap(({ urls }) => urls.map((url) => /^turns?:(\[[^\]]+\]|[^:?]+)/i.exec(url)?.[1] ?? ""));
  return [...new Set(hosts)].filter((host) => host !== "");
}
