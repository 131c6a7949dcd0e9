// How loud a microphone is, to show that it hears.

/**
 * @param {MediaStreamTrack} track
 * @param {() => AudioContext} createContext
 * @param {Pick<import("./rtc/native-sound.js").NativeSound, "listen"> | null} [native] what knows the tracks whose voice is
 *   not this webview's own
 * @returns {() => number} the level now, 0 to 1. It ends with the track
 */
export function levelOf(track, createContext, native = null) {
  const heard = native?.listen(track);
  if (heard) return () => loudnessAt(heard());
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

/** @param {Float32Array} samples */
function loudnessOf(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  return loudnessAt(Math.sqrt(power));
}

/**
 * As ears would have it, on a scale of decibels.
 * @param {number} amplitude root mean square, 0 to 1
 */
function loudnessAt(amplitude) {
  if (amplitude === 0) return 0;
  const decibels = 20 * Math.log10(amplitude);
  return Math.max(0, Math.min(1, (decibels - QUIET_DB) / (LOUD_DB - QUIET_DB)));
}
