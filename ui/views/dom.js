// The little that the views need to make and keep DOM. No innerHTML: every text is a text node.
import { translated } from "../refusals.js";

/** @typedef {Node | string | null | false | undefined} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. Functions become listeners (`onclick` -> `click`), true an empty attribute,
 * null, undefined and false none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else setAttribute(element, name, value);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean | null | undefined} value
 */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/**
 * Writes a text only if it differs: selections stay, live regions are quiet.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * An icon of the sprite, decorative: whoever holds it has the name.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * @param {Element} svg made by `icon`
 * @param {string} name
 */
export function setIcon(svg, name) {
  const use = svg.firstElementChild;
  if (use) setAttribute(use, "href", `#icon-${name}`);
}

/**
 * Keeps a list's children in step with `items`, reusing those that stay, so that focus survives.
 * @template T
 * @param {Element} list
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} make
 * @param {(element: HTMLElement, item: T) => void} [update]
 */
export function reconcile(list, items, keyOf, make, update) {
  /** @type {Map<string, HTMLElement>} */
  const old = new Map();
  for (const child of list.children) {
    if (child instanceof HTMLElement) old.set(child.dataset.key ?? "", child);
  }
  items.forEach((item, index) => {
    const key = keyOf(item);
    let element = old.get(key);
    old.delete(key);
    if (!element) {
      element = make(item);
      element.dataset.key = key;
    }
    update?.(element, item);
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  for (const element of old.values()) element.remove();
}

/**
 * A labelled control.
 * @param {string} id
 * @param {string} label
 * @param {HTMLElement} control
 * @param {...Child} below hint and error
 */
export function field(id, label, control, ...below) {
  control.id = id;
  setAttribute(control, "aria-label", label);
  return h("div", { class: "field" }, h("label", { for: id }, label), control, ...below);
}

/**
 * The sentence of whatever a command rejected with.
 * @param {unknown} error
 * @param {string} otherwise
 */
export function sentence(error, otherwise) {
  const message = /** @type {{ message?: unknown } | null} */ (error)?.message;
  return typeof message === "string" && message !== "" ? translated(message) : otherwise;
}
