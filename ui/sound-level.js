// How loud a microphone is, to show that it hears.

/**
 * @param {MediaStreamTrack} track of this webview, not of the media engine behind it
 * @param {() => AudioContext} createContext
 * @returns {() => number} the level now, 0 to 1. It ends with the track
 */
export function levelOf(track, createContext) {
  const context = createContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  const source = new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) });
  source.connect(analyser);
  context.resume().catch(() => {});
  const samples = new Float32Array(analyser.fftSize);
  let over = false;
  return () => {
    if (track.readyState === "ended" && !over) {
      over = true;
      context.close().catch(() => {});
    }
    if (over) return 0;
    analyser.getFloatTimeDomainData(samples);
    return loudnessOf(samples);
  };
}

/** What is hardly heard and what is as loud as speech close by, in decibels of full scale. */
const QUIET_DB = -60;
const LOUD_DB = -12;

/**
 * As ears would have it, on a scale of decibels.
 * @param {Float32Array} samples
 */
export function loudnessOf(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  if (power === 0) return 0;
  const decibels = 10 * Math.log10(power);
  return Math.max(0, Math.min(1, (decibels - QUIET_DB) / (LOUD_DB - QUIET_DB)));
}
