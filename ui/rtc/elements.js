// What media elements play in place of the streams they are given. The engine plays voice itself, so the stand-ins for
// native audio are left out: WebKitGTK often never starts a stream that holds a silent Web Audio track (measured: two in
// five). And a remote video track may be a place holder for one that the worker makes a moment later.

/** What is played in place of a stream, and by which elements. @typedef {{playing: MediaStream | null, elements: Set<WeakRef<HTMLMediaElement>>}} Shown */

/**
 * @param {Window & typeof globalThis} window
 * @param {(track: MediaStreamTrack) => MediaStreamTrack | null} played what is played for a track
 * @returns {() => void} to be called when the answer of `played` changed
 */
export function wrapElements(window, played) {
  const element = window.HTMLMediaElement?.prototype;
  const native = element && Object.getOwnPropertyDescriptor(element, "srcObject");
  const { get, set } = native ?? {};
  if (!get || !set) return () => {};
  /** What each element was given. @type {WeakMap<HTMLMediaElement, MediaStream>} */
  const given = new WeakMap();
  /** @type {WeakMap<MediaStream, Shown>} */
  const shown = new WeakMap();
  /** Every stream in `shown`. @type {Set<WeakRef<MediaStream>>} */
  const all = new Set();
  const streams = window.MediaStream.prototype;
  const { addTrack, removeTrack } = streams;
  const resume = resumeWhenShown(window);

  /**
   * Brings what is played in a stream's place up to date. A stream of stand-ins alone plays as nothing: WebKitGTK
   * tells no size for video that joins an empty stream.
   * @param {MediaStream} stream
   * @param {Shown} state
   */
  function update(stream, state) {
    const wanted = stream.getTracks().flatMap((track) => played(track) ?? []);
    const before = state.playing;
    if (wanted.length === 0) state.playing = null;
    else state.playing ??= new window.MediaStream();
    const { playing } = state;
    for (const track of playing?.getTracks() ?? []) if (!wanted.includes(track)) removeTrack.call(playing, track);
    if (playing) for (const track of wanted) addTrack.call(playing, track);
    if (playing === before) return;
    for (const weak of state.elements) {
      const one = weak.deref();
      if (one && given.get(one) === stream) set?.call(one, playing);
      else state.elements.delete(weak);
    }
  }

  Object.defineProperty(element, "srcObject", {
    ...native,
    /** @this {HTMLMediaElement} */
    get() {
      return given.get(this) ?? get.call(this);
    },
    /** @this {HTMLMediaElement} @param {unknown} value */
    set(value) {
      if (!(value instanceof window.MediaStream)) {
        set.call(this, value);
        given.delete(this);
        return;
      }
      let state = shown.get(value);
      if (!state) {
        shown.set(value, (state = { playing: null, elements: new Set() }));
        all.add(new WeakRef(value));
      }
      update(value, state);
      set.call(this, state.playing);
      if (given.get(this) !== value) state.elements.add(new WeakRef(this));
      given.set(this, value);
      resume(this);
    },
  });

  for (const [name, original] of /** @type {const} */ ([
    ["addTrack", addTrack],
    ["removeTrack", removeTrack],
  ])) {
    Object.defineProperty(streams, name, {
      ...Object.getOwnPropertyDescriptor(streams, name),
      /** @this {MediaStream} @param {MediaStreamTrack} track */
      value(track) {
        original.call(this, track);
        const state = shown.get(this);
        if (state) update(this, state);
      },
    });
  }

  return () => {
    for (const weak of all) {
      const stream = weak.deref();
      const state = stream && shown.get(stream);
      if (state) update(stream, state);
      else all.delete(weak);
    }
  };
}

/**
 * WebKitGTK pauses silent videos in a hidden window, and does not always go on with all of them.
 * @param {Window & typeof globalThis} window
 * @returns {(element: HTMLMediaElement) => void} has an element looked after
 */
function resumeWhenShown(window) {
  const { document } = window;
  /** @type {WeakSet<HTMLMediaElement>} */
  const known = new WeakSet();
  /** Paused by the window's hiding, not by the page. @type {Set<HTMLMediaElement>} */
  const paused = new Set();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const element of paused) if (element.srcObject) element.play().catch(() => {});
    paused.clear();
  });
  return (element) => {
    if (known.has(element)) return;
    known.add(element);
    element.addEventListener("pause", () => document.hidden && paused.add(element));
    element.addEventListener("playing", () => paused.delete(element));
  };
}
