// What a call sounds like besides the voices: ringing, ring-back, a second caller, connected, ended, dropped.
// Synthesised; no samples.

/** @typedef {import("./types.d.ts").CallSnapshot} CallSnapshot */
/** @typedef {import("./types.d.ts").Ringtone} Ringtone */
/** One note: when it begins and how long it lasts, in seconds; its pitch, in Hz. @typedef {[at: number, length: number, hz: number]} Note */
/** @typedef {{ notes: Note[], every: number | null, gain: number }} Sound `every`: repeated after so many seconds */

/** How a ringtone may sound, at full volume no louder than speech. @type {Record<Ringtone, Sound>} */
const RINGTONES = {
  classic: { notes: ringing([659.26, 523.25]), every: 5, gain: 0.35 },
  chime: { notes: [[0, 0.5, 783.99], [0.28, 0.5, 659.26], [0.56, 0.5, 987.77], [0.84, 1.1, 783.99]], every: 5, gain: 0.35 },
  pulse: { notes: beating(329.63), every: 4, gain: 0.4 },
};
/** @type {Record<"ringBack" | "waiting" | "connected" | "ended" | "dropped", Sound>} */
const SOUNDS = {
  ringBack: { notes: [[0, 1, 440]], every: 4, gain: 0.05 },
  waiting: { notes: [[0, 0.12, 587.33], [0.2, 0.12, 587.33]], every: 6, gain: 0.06 },
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
 * Two beats like a heart's, four times over.
 * @param {number} hz
 * @returns {Note[]}
 */
function beating(hz) {
  return Array.from({ length: 8 }, (_, index) => [Math.floor(index / 2) * 0.6 + (index % 2) * 0.18, 0.14, index % 2 ? hz * 1.5 : hz]);
}

/**
 * How loud a volume is. Ears hear ratios: half of the way is a quarter of the amplitude.
 * @param {number} percent
 */
export const loudness = (percent) => (Math.max(0, Math.min(100, percent)) / 100) ** 2;

/**
 * Which sound a change of the call calls for; null: silence.
 * @param {CallSnapshot | null} before
 * @param {CallSnapshot | null} now
 * @returns {"ring" | keyof typeof SOUNDS | null}
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

/** @typedef {{ ringtone: Ringtone, ringtone_volume: number, ring_device: string | null }} RingSettings */

export class Sounds {
  #createContext;
  /** Those that ring, and those that accompany a call, may come out at different places. */
  #ring;
  #call;
  /** @type {RingSettings} */ #settings = { ringtone: "classic", ringtone_volume: 70, ring_device: null };
  /** @type {CallSnapshot | null} */ #now = null;
  #waits = false;

  /** @param {() => AudioContext} createContext called when the first sound is due */
  constructor(createContext) {
    this.#createContext = createContext;
    this.#ring = new Player(createContext);
    this.#call = new Player(createContext);
  }

  /** @param {RingSettings} settings */
  handleSettings(settings) {
    this.#settings = settings;
    this.#ring.comeOutAt(settings.ring_device);
  }

  /**
   * @param {CallSnapshot | null} call after every change
   * @param {{ silent?: boolean, waits?: boolean }} [besides] `silent`: it does not ring; `waits`: somebody else calls
   */
  handleCall(call, { silent = false, waits = false } = {}) {
    const before = this.#now?.id === call?.id ? this.#now : null;
    this.#now = call;
    const changed = before?.phase !== call?.phase;
    if (!changed && waits === this.#waits) return;
    this.#waits = waits;
    this.#ring.hush();
    this.#call.hush();
    const name = changed ? soundFor(before, call) : null;
    if (name === "ring") {
      if (!silent) this.#ring.play(this.#ringtone());
    } else if (name !== null) {
      this.#call.play(SOUNDS[name]);
    } else if (waits) {
      this.#call.play(SOUNDS.waiting);
    }
  }

  /**
   * Plays a ringtone once, to choose it.
   * @param {Ringtone} ringtone
   * @param {number} volume in percent
   * @returns {() => void} ends it
   */
  sample(ringtone, volume) {
    const player = new Player(this.#createContext);
    player.comeOutAt(this.#settings.ring_device);
    const { notes, gain } = RINGTONES[ringtone];
    player.play({ notes, gain: gain * loudness(volume), every: null });
    return () => player.close();
  }

  #ringtone() {
    const { ringtone, ringtone_volume } = this.#settings;
    const sound = RINGTONES[ringtone];
    return { ...sound, gain: sound.gain * loudness(ringtone_volume) };
  }
}

/** Plays one sound at a time. */
class Player {
  #createContext;
  /** @type {AudioContext | null} */ #context = null;
  /** What sounds now. @type {GainNode | null} */ #playing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** Null: where the system plays. @type {string | null} */ #device = null;

  /** @param {() => AudioContext} createContext */
  constructor(createContext) {
    this.#createContext = createContext;
  }

  /** @param {string | null} device */
  comeOutAt(device) {
    this.#device = device;
    if (this.#context) moveTo(this.#context, device);
  }

  /** @param {Sound} sound */
  play(sound) {
    const context = (this.#context ??= this.#open());
    // A machine without a speaker keeps the context suspended: then there is nothing to hear anyway.
    context.resume().catch(() => {});
    const gain = new GainNode(context, { gain: sound.gain });
    gain.connect(context.destination);
    this.#playing = gain;
    for (const note of sound.notes) schedule(context, gain, note);
    const last = Math.max(...sound.notes.map(([at, length]) => at + length));
    this.#timer = setTimeout(
      () => (sound.every === null ? this.hush() : (this.hush(), this.play(sound))),
      (sound.every ?? last + EDGE) * 1000,
    );
  }

  hush() {
    clearTimeout(this.#timer);
    const playing = this.#playing;
    const context = this.#context;
    this.#playing = null;
    if (!playing || !context) return;
    playing.gain.setTargetAtTime(0, context.currentTime, HUSH / 4);
    setTimeout(() => {
      playing.disconnect();
      // An idle context would keep the speaker open and a thread busy.
      if (!this.#playing && context.state !== "closed") context.suspend().catch(() => {});
    }, HUSH * 1000);
  }

  /** It plays nothing any more. */
  close() {
    this.hush();
    const context = this.#context;
    this.#context = null;
    if (context) setTimeout(() => context.close().catch(() => {}), HUSH * 1000);
  }

  #open() {
    const context = this.#createContext();
    moveTo(context, this.#device);
    return context;
  }
}

/** Whether a page can choose where a context sounds. Chromium's can; a device that is gone leaves the system's choice. */
const moveTo = (/** @type {AudioContext & { setSinkId?: (id: string) => Promise<void>, sinkId?: unknown }} */ context, /** @type {string | null} */ device) => {
  if (typeof context.setSinkId !== "function" || context.sinkId === (device ?? "")) return;
  context.setSinkId(device ?? "").catch(() => {});
};

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
