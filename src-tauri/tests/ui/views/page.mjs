// A page without a browser: linkedom, and the little of a window that the views use and linkedom lacks.
import { parseHTML } from "linkedom";

export function createPage() {
  const { window } = parseHTML("<!doctype html><html><body><div id='app'></div></body></html>");
  const { document } = window;
  let focused = document.body;
  Object.defineProperty(document, "activeElement", { get: () => (focused.isConnected ? focused : document.body), configurable: true });

  const { HTMLElement, HTMLDialogElement = HTMLElement } = window;
  Object.assign(HTMLElement.prototype, {
    focus() {
      focused = this;
    },
    select() {},
    showModal() {
      this.setAttribute("open", "");
    },
    close() {
      this.removeAttribute("open");
      this.dispatchEvent(new window.Event("close"));
    },
  });
  for (const name of ["hidden", "disabled", "open", "readOnly"]) {
    const attribute = name.toLowerCase();
    Object.defineProperty(HTMLElement.prototype, name, {
      get() {
        return this.hasAttribute(attribute);
      },
      set(on) {
        this.toggleAttribute(attribute, on);
      },
      configurable: true,
    });
  }
  const wide = Object.assign(new EventTarget(), { matches: true });
  Object.assign(globalThis, {
    window,
    document,
    HTMLElement,
    HTMLDialogElement,
    HTMLInputElement: window.HTMLInputElement,
    Element: window.Element,
    Node: window.Node,
    matchMedia: (query) => (query.includes("min-width") ? wide : Object.assign(new EventTarget(), { matches: false })),
  });

  const SELECTORS = {
    button: "button",
    textbox: "input:not([type]), input[type=text], input[type=url]",
    searchbox: "input[type=search]",
    dialog: "dialog[open]",
    list: "ul",
    video: "video",
    group: "[role=group]",
  };
  const text = (element) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();
  const nameOf = (element) => {
    const by = element.getAttribute("aria-labelledby");
    return by ? text(document.getElementById(by)) : (element.getAttribute("aria-label") ?? text(element));
  };
  const shown = (element) => !element.closest("[hidden]");

  return {
    root: document.getElementById("app"),
    document,
    /** One column (below 720 px) or two. */
    resize(isWide) {
      wide.matches = isWide;
      wide.dispatchEvent(new Event("change"));
    },
    all: (role) => [...document.querySelectorAll(SELECTORS[role])].filter(shown),
    find: (role, name) => [...document.querySelectorAll(SELECTORS[role])].find((one) => shown(one) && nameOf(one) === name) ?? null,
    statuses: () => [...document.querySelectorAll("[role=status], output")].filter(shown).map(text),
    text: (selector) => text(document.querySelector(selector)),
    click: (element) => element.dispatchEvent(new window.Event("click", { bubbles: true })),
    type(element, value) {
      element.value = value;
      element.dispatchEvent(new window.Event("input", { bubbles: true }));
    },
    press(element, key) {
      const event = new window.Event("keydown", { bubbles: true, cancelable: true });
      event.key = key;
      element.dispatchEvent(event);
      return event;
    },
    submit: (element) => element.closest("form").dispatchEvent(new window.Event("submit", { bubbles: true, cancelable: true })),
  };
}
