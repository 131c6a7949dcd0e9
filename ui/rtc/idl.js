// The Web IDL behaviour the polyfilled interfaces share: conversions, illegal constructors, `on…` attributes.

/** The state waiting for the constructor that `create` is about to call. */
/** @type {object | null} */
let waiting = null;

/**
 * Makes an object of an interface pages may not construct.
 * @template T
 * @param {new () => T} Interface
 * @param {object} state handed to the constructor through `claim`
 * @returns {T}
 */
export function create(Interface, state) {
  waiting = state;
  try {
    return new Interface();
  } finally {
    waiting = null;
  }
}

/**
 * What `create` passed; called by a constructor.
 * @returns {any}
 * @throws {TypeError} when a page called the constructor
 */
export function claim() {
  const state = waiting;
  waiting = null;
  if (state === null) throw new TypeError("Illegal constructor");
  return state;
}

/** @type {WeakMap<EventTarget, Map<string, {value: Function | object, listener: (event: Event) => void}>>} */
const handlers = new WeakMap();

/**
 * @param {EventTarget} target
 * @param {string} type
 * @param {unknown} value
 */
function setHandler(target, type, value) {
  let mine = handlers.get(target);
  if (!mine) handlers.set(target, (mine = new Map()));
  const known = mine.get(type);
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    if (known) target.removeEventListener(type, known.listener);
    mine.delete(type);
  } else if (known) {
    known.value = value;
  } else {
    const entry = {
      value,
      /** @param {Event} event */
      listener: (event) => {
        if (typeof entry.value !== "function") return;
        if (entry.value.call(target, event) === false) event.preventDefault();
      },
    };
    mine.set(type, entry);
    target.addEventListener(type, entry.listener);
  }
}

/**
 * Finishes a class as Web IDL shapes an interface: tag, enumerable members, event handler attributes.
 * @param {Function & {prototype: any}} Interface
 * @param {string[]} [events] names without `on`
 */
export function finish(Interface, events = []) {
  const prototype = Interface.prototype;
  for (const type of events) {
    const name = `on${type}`;
    const accessors = Object.getOwnPropertyDescriptor(
      {
        /** @returns {any} */
        get [name]() {
          if (!(this instanceof Interface)) throw new TypeError("Illegal invocation");
          return handlers.get(/** @type {any} */ (this))?.get(type)?.value ?? null;
        },
        /** @param {any} value */
        set [name](value) {
          if (!(this instanceof Interface)) throw new TypeError("Illegal invocation");
          setHandler(/** @type {any} */ (this), type, value);
        },
      },
      name,
    );
    Object.defineProperty(prototype, name, { ...accessors, enumerable: true, configurable: true });
  }
  for (const holder of [prototype, Interface]) {
    for (const key of Object.getOwnPropertyNames(holder)) {
      if (["constructor", "prototype", "length", "name"].includes(key)) continue;
      Object.defineProperty(holder, key, { enumerable: true });
    }
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: Interface.name, configurable: true });
}

/**
 * A dictionary argument: nothing counts as empty.
 * @param {unknown} value
 * @param {string} what
 * @returns {Record<string, any>}
 * @throws {TypeError}
 */
export function dictionary(value, what) {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" && typeof value !== "function") {
    throw new TypeError(`${what} is not an object`);
  }
  return value;
}

/**
 * @template {string} T
 * @param {unknown} value
 * @param {readonly T[]} allowed
 * @param {string} what
 * @returns {T}
 * @throws {TypeError}
 */
export function enumeration(value, allowed, what) {
  const text = `${value}`;
  const found = allowed.find((one) => one === text);
  if (found === undefined) throw new TypeError(`'${text}' is not a valid value for ${what}`);
  return found;
}

/**
 * An integer under [EnforceRange].
 * @param {unknown} value
 * @param {number} max
 * @param {string} what
 * @returns {number}
 * @throws {TypeError}
 */
export function integer(value, max, what) {
  const number = Math.trunc(Number(value)) + 0;
  if (!Number.isFinite(number) || number < 0 || number > max) {
    throw new TypeError(`${what} is outside the range 0 to ${max}`);
  }
  return number;
}

/**
 * A `double`: finite.
 * @param {unknown} value
 * @param {string} what
 * @returns {number}
 * @throws {TypeError}
 */
export function double(value, what) {
  const number = Number(value);
  if (!Number.isFinite(number)) throw new TypeError(`${what} is not a finite number`);
  return number;
}

/**
 * A `sequence<T>`.
 * @param {unknown} value
 * @param {string} what
 * @returns {unknown[]}
 * @throws {TypeError}
 */
export function sequence(value, what) {
  if (value === null || typeof value !== "object" || !(Symbol.iterator in value)) {
    throw new TypeError(`${what} is not a sequence`);
  }
  return [.../** @type {Iterable<unknown>} */ (value)];
}

/**
 * @param {number} given
 * @param {number} needed
 * @throws {TypeError}
 */
export function needArguments(given, needed) {
  if (given < needed) throw new TypeError(`${needed} argument(s) required, but only ${given} present`);
}
