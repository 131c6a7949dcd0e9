// Between the page and the media worker.

import type { SendLimits } from "./environment.d.ts";
import type { Figures } from "./stats.js";

export type ToWorker =
  | { t: "socket"; url: string }
  /** Answered by `track` or `no-track`. */
  | { t: "make-track" }
  | { t: "send"; peer: number; index: number; track: MediaStreamTrack; limits: SendLimits }
  | { t: "limits"; peer: number; index: number; limits: SendLimits }
  | { t: "stop-sending"; peer: number; index: number }
  /** Pictures of this m-line go to this made track. */
  | { t: "receive"; peer: number; index: number; sink: number }
  /** Raw pictures of this camera of the engine's go to this made track. */
  | { t: "preview"; camera: number; sink: number }
  | { t: "drop-sink"; sink: number }
  | { t: "close-peer"; peer: number }
  | { t: "figures"; request: number; peer: number };

export type FromWorker =
  | { t: "track"; id: number; track: MediaStreamTrack }
  | { t: "no-track" }
  | { t: "figures"; request: number; figures: Figures[] }
  /** The engine lost this camera for good. */
  | { t: "camera-ended"; camera: number }
  /** `replaced`: another page has the engine's ear now. */
  | { t: "socket-closed"; replaced: boolean };
