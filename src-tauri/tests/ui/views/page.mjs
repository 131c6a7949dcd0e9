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
  Object.defineProperty(window.HTMLSelectElement.prototype, "value", {
    get() {
      return this.chosen ?? this.querySelector("option")?.getAttribute("value");
    },
    set(value) {
      this.chosen = value;
    },
    configurable: true,
  });
  Object.defineProperty(HTMLElement.prototype, "checked", { value: false, writable: true, configurable: true });
  const wide = Object.assign(new EventTarget(), { matches: true });
  Object.assign(globalThis, {
    window,
    document,
    HTMLElement,
    HTMLDialogElement,
    HTMLInputElement: window.HTMLInputElement,
    Element: window.Element,
    Node: window.Node,
    ...{ innerWidth: 960, innerHeight: 640, addEventListener() {}, removeEventListener() {} },
    matchMedia: (query) => (query.includes("min-width") ? wide : Object.assign(new EventTarget(), { matches: false })),
  });

  const SELECTORS = {
    button: "button",
    textbox: "input:not([type]), input[type=text], input[type=url], input[type=password], textarea",
    number: "input[type=number]",
    radio: "input[type=radio]",
    switch: "[role=switch]",
    menu: "[role=menu]",
    menuitem: "[role=menuitem], [role=menuitemradio]",
    checkbox: "input[type=checkbox]",
    combobox: "select",
    image: "img, [role=img]",
    searchbox: "input[type=search]",
    dialog: "dialog[open]",
    list: "ul",
    video: "video",
    group: "[role=group]",
    meter: "[role=meter]",
  };
  const text = (element) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();
  const nameOf = (element) => {
    const by = element.getAttribute("aria-labelledby");
    return by ? text(document.getElementById(by)) : (element.getAttribute("aria-label") ?? element.getAttribute("alt") ?? text(element));
  };
  const folded = (element) => element.closest("details:not([open])") && !element.closest("summary");
  const shown = (element) => !element.closest("[hidden]") && !folded(element);

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
    press(element, key, more = {}) {
      const event = new window.Event("keydown", { bubbles: true, cancelable: true });
      Object.assign(event, { key, ...more });
      element.dispatchEvent(event);
      return event;
    },
    /** Opens or closes the fold of this name. */
    fold(name, open = true) {
      const fold = [...document.querySelectorAll("summary")].find((one) => shown(one) && text(one) === name).parentElement;
      fold.open = open;
      fold.dispatchEvent(new window.Event("toggle"));
      return fold;
    },
    change(element, value) {
      if (typeof value === "boolean") element.checked = value;
      else element.value = value;
      element.dispatchEvent(new window.Event("change", { bubbles: true }));
    },
    /** @param {Blob} file chosen in a file input */
    choose(element, file) {
      Object.defineProperty(element, "files", { value: [file], configurable: true });
      element.dispatchEvent(new window.Event("change", { bubbles: true }));
    },
    paste(element, { files, text: pasted }) {
      const event = new window.Event("paste", { bubbles: true, cancelable: true });
      event.clipboardData = { files, getData: () => pasted };
      element.dispatchEvent(event);
      return event;
    },
    /** Lets pictures be decoded (any blob but "broken", 300 × 200) and drawn (all black). */
    pictures() {
      const context = { drawImage() {}, getImageData: (x, y, width, height) => ({ data: new Uint8ClampedArray(4 * width * height) }) };
      window.HTMLCanvasElement.prototype.getContext = () => context;
      const blobs = new Map();
      URL.createObjectURL = (blob) => {
        blobs.set(`blob:${blobs.size}`, blob);
        return `blob:${blobs.size - 1}`;
      };
      URL.revokeObjectURL = (url) => blobs.delete(url);
      globalThis.Image = class {
        naturalWidth = 300;
        naturalHeight = 200;
        async decode() {
          if ((await blobs.get(this.src).text()) === "broken") throw new Error("no picture");
        }
      };
    },
    submit: (element) => element.closest("form").dispatchEvent(new window.Event("submit", { bubbles: true, cancelable: true })),
  };
}
