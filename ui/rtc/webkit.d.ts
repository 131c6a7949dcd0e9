// What a dedicated Worker has in WebKit for tracks and frames, and TypeScript's DOM library does not know.
// https://www.w3.org/TR/mediacapture-transform/

export interface MediaStreamTrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}

export interface VideoTrackGenerator {
  readonly writable: WritableStream<VideoFrame>;
  muted: boolean;
  readonly track: MediaStreamTrack;
}

export interface MediaWorkerScope {
  MediaStreamTrackProcessor: new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => MediaStreamTrackProcessor;
  VideoTrackGenerator: new () => VideoTrackGenerator;
  VideoEncoder: typeof VideoEncoder;
  VideoDecoder: typeof VideoDecoder;
  VideoFrame: typeof VideoFrame;
  EncodedVideoChunk: typeof EncodedVideoChunk;
  WebSocket: typeof WebSocket;
  onmessage: ((event: MessageEvent<any>) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}
