// What a call sounds like besides the voices: ringing, ring-back, connected, ended, dropped. Synthesised; no samples.

/** @typedef {import("./types.d.ts").CallSnapshot} CallSnapshot */
/** One note: when it begins and how long it lasts, in seconds; its pitch, in Hz. @typedef {[at: number, length: number, hz: number]} Note */
/** @typedef {{ notes: Note[], every: number | null, gain: number }} Sound `every`: repeated after so many seconds */

/** @type {Record<"ring" | "ringBack" | "connected" | "ended" | "dropped", Sound>} */
const SOUNDS = {
  ring: { notes: ringing([659.26, 523.25]), every: 5, gain: 0.25 },
  ringBack: { notes: [[0, 1, 440]], every: 4, gain: 0.05 },
  connected: { notes: [[0, 0.12, 523.25], [0.13, 0.18, 659.26]], every: null, gain: 0.1 },
  ended: { notes: [[0, 0.12, 659.26], [0.13, 0.18, 523.25]], every: null, gain: 0.1 },
  dropped: { notes: [[0, 0.16, 220], [0.24, 0.16, 220]], every: null, gain: 0.15 },
};

/** How long a note takes to rise and fall, in seconds: without it every note clicks. */
const EDGE = 0.02;
/** How long everything takes to fall silent, in seconds. */
const HUSH = 0.04;

/**
 * Two notes in turn for two seconds.
 * @param {[number, number]} pair
 * @returns {Note[]}
 */
function ringing([high, low]) {
  const step = 0.25;
  return Array.from({ length: 8 }, (_, index) => [index * step, step * 0.9, index % 2 ? low : high]);
}

/**
 * Which sound a change of the call calls for; null: silence.
 * @param {CallSnapshot | null} before
 * @param {CallSnapshot | null} now
 * @returns {keyof typeof SOUNDS | null}
 */
export function soundFor(before, now) {
  switch (now?.phase) {
    case "ringing":
      return now.direction === "incoming" ? "ring" : "ringBack";
    case "connected":
      return before?.phase === "reconnecting" ? null : "connected";
    case "ended":
      if (now.reason === "lost" || now.reason === "not_connected") return "dropped";
      return before && before.phase !== "inviting" ? "ended" : null;
    default:
      return null;
  }
}

export class Sounds {
  #createContext;
  /** @type {AudioContext | null} */ #context = null;
  /** What sounds now. @type {GainNode | null} */ #playing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {CallSnapshot | null} */ #call = null;

  /** @param {() => AudioContext} createContext called when the first sound is due */
  constructor(createContext) {
    this.#createContext = createContext;
  }

  /** @param {CallSnapshot | null} call after every change */
  handleCall(call) {
    const before = this.#call?.id === call?.id ? this.#call : null;
    this.#call = call;
    if (before?.phase === call?.phase) return;
    this.#hush();
    const name = soundFor(before, call);
    if (name) this.#play(SOUNDS[name]);
  }

  /** @param {Sound} sound */
  #play(sound) {
    const context = (this.#context ??= this.#createContext());
    // A machine without a speaker keeps the context suspended: then there is nothing to hear anyway.
    context.resume().catch(() => {});
    const gain = new GainNode(context, { gain: sound.gain });
    gain.connect(context.destination);
    this.#playing = gain;
    for (const note of sound.notes) schedule(context, gain, note);
    const last = Math.max(...sound.notes.map(([at, length]) => at + length));
    this.#timer = setTimeout(
      () => (sound.every === null ? this.#hush() : (this.#hush(), this.#play(sound))),
      (sound.every ?? last + EDGE) * 1000,
    );
  }

  #hush() {
    clearTimeout(this.#timer);
    const playing = this.#playing;
    const context = this.#context;
    this.#playing = null;
    if (!playing || !context) return;
    playing.gain.setTargetAtTime(0, context.currentTime, HUSH / 4);
    setTimeout(() => {
      playing.disconnect();
      // An idle context would keep the speaker open and a thread busy.
      if (!this.#playing) context.suspend().catch(() => {});
    }, HUSH * 1000);
  }
}

/**
 * A note with an overtone an octave above, which makes it warm.
 * @param {AudioContext} context
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
