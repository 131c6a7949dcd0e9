// Notes as sound: played by an audio context, or rendered to be played elsewhere.

/** One note: when it begins and how long it lasts, in seconds; its pitch, in Hz. @typedef {[at: number, length: number, hz: number]} Note */
/** @typedef {{ notes: Note[], every: number | null, gain: number }} Sound `every`: repeated after so many seconds */

/** How long a note takes to rise and fall, in seconds: without it every note clicks. */
const EDGE = 0.02;

/** How long the notes sound, in seconds. @param {Note[]} notes */
export const lengthOf = (notes) => Math.max(...notes.map(([at, length]) => at + length)) + EDGE;

/**
 * Has the notes sounded from now on.
 * @param {BaseAudioContext} context
 * @param {Pick<Sound, "notes" | "gain">} sound
 * @returns {GainNode} what they come out of
 */
export function sing(context, { notes, gain }) {
  const output = new GainNode(context, { gain });
  output.connect(context.destination);
  for (const note of notes) schedule(context, output, note);
  return output;
}

/**
 * @param {Pick<Sound, "notes" | "gain">} sound
 * @param {number} rate samples a second
 * @returns {Promise<Int16Array>} one channel
 */
export async function render(sound, rate) {
  const context = new OfflineAudioContext(1, Math.ceil(lengthOf(sound.notes) * rate), rate);
  sing(context, sound);
  const rendered = await context.startRendering();
  return Int16Array.from(rendered.getChannelData(0), (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767));
}

/**
 * A note with an overtone an octave above, which makes it warm.
 * @param {BaseAudioContext} context
 * @param {AudioNode} output
 * @param {Note} note
 */
function schedule(context, output, [at, length, hz]) {
  const begin = context.currentTime + at;
  const end = begin + length;
  for (const [harmonic, level] of /** @type {const} */ ([[1, 1], [2, 0.3]])) {
    const envelope = new GainNode(context, { gain: 0 });
    envelope.gain.setValueAtTime(0, begin);
    envelope.gain.linearRampToValueAtTime(level, begin + EDGE);
    envelope.gain.setValueAtTime(level, Math.max(begin + EDGE, end - EDGE));
    envelope.gain.linearRampToValueAtTime(0, end);
    const oscillator = new OscillatorNode(context, { frequency: hz * harmonic });
    oscillator.connect(envelope).connect(output);
    oscillator.start(begin);
    oscillator.stop(end);
  }
}
