// What the polyfill's parts get from the one who installs it.

import type { Engine } from "./engine.js";
import type { Figures } from "./stats.js";
import type { Tracks } from "./tracks.js";

export interface Environment {
  engine: Engine;
  tracks: Tracks;
  media: Media;
  /** Runs a callback in a task of its own, also in a hidden window. */
  queueTask(callback: () => void): void;
  /** Resolves in a task of its own. */
  nextTask(): Promise<void>;
}

/** What a video sender is limited to, besides the engine's rate. */
export interface SendLimits {
  active: boolean;
  /** Black is sent. */
  muted: boolean;
  /** bits a second */
  maxBitrate: number | null;
  /** frames a second */
  maxFramerate?: number | undefined;
  /** factor, at least 1 */
  scale?: number | undefined;
}

/** Where a receiver's track comes from. */
export interface RemoteSource {
  readonly track: MediaStreamTrack;
  /** Frames of this m-line of this engine peer are shown on the track. */
  attach(peer: number, index: number): void;
  /** Ends the track. */
  end(): void;
}

/** Where the own picture of a camera of the engine's comes from. */
export interface PreviewSource {
  readonly track: MediaStreamTrack;
  /** Raw pictures of this camera are shown on the track. */
  attach(camera: number): void;
  /** Ends the track. */
  end(): void;
}

/** The page's side of coded media. */
export interface Media {
  /** Resolves when this many video tracks can be made at once without the slow stand-in, or cannot at all. */
  ready(tracks: number): Promise<void>;
  remote(kind: "audio" | "video"): RemoteSource;
  /** Resolves as soon as there is a track; with null where none can be made. */
  preview(): Promise<PreviewSource | null>;
  /** Called with a camera that the engine lost for good. */
  onCameraEnded: (camera: number) => void;
  /** What an m-line sends; `null` sends nothing. A camera of the engine's is sent by the engine. */
  send(peer: number, index: number, track: MediaStreamTrack | null, limits: SendLimits): void;
  closePeer(peer: number): void;
  figures(peer: number | null): Promise<Figures[]>;
}
