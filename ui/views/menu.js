// A menu: of a button, or of what was clicked with the other mouse button. By keyboard as menus are everywhere.
import { h, icon, setAttribute } from "./dom.js";

/**
 * @typedef {{
 *   label: string,
 *   icon?: string,
 *   danger?: boolean,
 *   checked?: boolean,
 *   run: () => void,
 * }} MenuItem `checked`: one of several of which one holds
 */
/** Where it opens: at a point of the window, or under an element. @typedef {{ x: number, y: number } | Element} Place */

/** How far from the window's edge it stays, in pixels. */
const MARGIN = 8;

/** The one that is open. @type {{ close(): void } | null} */
let current = null;

/** Closes the menu that is open, if one is. */
export const closeMenu = () => current?.close();

/**
 * @param {string} label
 * @param {readonly MenuItem[]} items
 * @param {Place} place
 * @param {() => void} [onclose]
 */
export function openMenu(label, items, place, onclose) {
  closeMenu();
  // Not every webview gives the focus to a button that is clicked.
  const before = place instanceof Element && document.activeElement === document.body ? place : document.activeElement;
  const buttons = items.map((item) =>
    h(
      "button",
      {
        type: "button",
        class: item.danger ? "menu-item danger" : "menu-item",
        role: item.checked === undefined ? "menuitem" : "menuitemradio",
        "aria-checked": item.checked === undefined ? null : String(item.checked),
        tabindex: -1,
        onclick: () => {
          close();
          item.run();
        },
      },
      item.checked === undefined ? item.icon && icon(item.icon) : h("span", { class: "menu-check" }, item.checked && icon("check")),
      h("span", { dir: "auto" }, item.label),
    ),
  );
  const element = h("div", { class: "menu", role: "menu", "aria-label": label, tabindex: -1 }, ...buttons);

  const close = () => {
    if (current !== menu) return;
    current = null;
    document.removeEventListener("pointerdown", outside, true);
    removeEventListener("blur", close);
    removeEventListener("resize", close);
    const held = element.contains(document.activeElement);
    element.remove();
    if (held && before instanceof HTMLElement && before.isConnected) before.focus();
    onclose?.();
  };
  const menu = { close };
  /** @param {Event} event */
  const outside = (event) => {
    if (!(event.target instanceof Node && element.contains(event.target))) close();
  };

  /** @param {number} index */
  const go = (index) => buttons.at(index % buttons.length)?.focus();
  element.addEventListener("keydown", (event) => {
    const at = buttons.findIndex((button) => button === document.activeElement);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at <= 0 ? -1 : at - 1),
      Home: () => go(0),
      End: () => go(-1),
      Escape: close,
      Tab: close,
    };
    const act = keys[event.key];
    if (act) {
      // Tab goes on from where the menu was opened.
      if (event.key !== "Tab") event.preventDefault();
      event.stopPropagation();
      act();
      return;
    }
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.key === " ") return;
    const next = [...buttons.slice(at + 1), ...buttons.slice(0, at + 1)];
    next.find((button) => button.textContent?.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  });

  // Inside of what is modal, all else is deaf; otherwise in the part of the page that it belongs to.
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? before?.closest("nav, main, section") ?? document.body;
  host.append(element);
  current = menu;
  settle(element, place);
  document.addEventListener("pointerdown", outside, true);
  addEventListener("blur", close);
  addEventListener("resize", close);
  const checked = items.findIndex((item) => item.checked);
  go(Math.max(0, checked));
  return menu;
}

/**
 * Puts it where it was asked for, as far as the window reaches.
 * @param {HTMLElement} element
 * @param {Place} place
 */
function settle(element, place) {
  const own = element.getBoundingClientRect?.();
  if (!own) return;
  const at = place instanceof Element ? place.getBoundingClientRect() : null;
  const rtl = document.documentElement.dir === "rtl";
  const x = at ? (rtl ? at.left : at.right - own.width) : "x" in place ? place.x : 0;
  const under = at ? at.bottom + 4 : "y" in place ? place.y : 0;
  const above = at && under + own.height > innerHeight - MARGIN ? at.top - 4 - own.height : under;
  const fit = (/** @type {number} */ wanted, /** @type {number} */ size, /** @type {number} */ room) =>
    Math.max(MARGIN, Math.min(wanted, room - size - MARGIN));
  const left = fit(x, own.width, innerWidth);
  // From where lines begin.
  element.style.setProperty("--x", `${rtl ? innerWidth - left - own.width : left}px`);
  element.style.setProperty("--y", `${fit(above, own.height, innerHeight)}px`);
}

/**
 * Opens a menu where an element is right-clicked, and for Shift+F10 and the menu key, which not every webview turns into
 * a click.
 * @param {HTMLElement} element
 * @param {(place: Place) => void} open
 */
export function onContextMenu(element, open) {
  element.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    open(event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : element);
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "ContextMenu" && !(event.key === "F10" && event.shiftKey)) return;
    event.preventDefault();
    open(element);
  });
}

/**
 * A button that opens a menu.
 * @param {HTMLElement} button
 * @param {() => { label: string, items: readonly MenuItem[] }} menuOf made anew each time
 */
export function opensMenu(button, menuOf) {
  setAttribute(button, "aria-haspopup", "menu");
  setAttribute(button, "aria-expanded", "false");
  /** The press that closes a menu does not open it again. */
  let wasOpen = false;
  button.addEventListener("pointerdown", () => {
    wasOpen = button.getAttribute("aria-expanded") === "true";
  });
  button.addEventListener("click", () => {
    if (wasOpen) {
      wasOpen = false;
      return;
    }
    const { label, items } = menuOf();
    setAttribute(button, "aria-expanded", "true");
    openMenu(label, items, button, () => setAttribute(button, "aria-expanded", "false"));
  });
}
