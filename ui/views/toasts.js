// Notices: what happened, in a sentence, out of the way. Errors stay until they are dismissed.
import { t } from "../i18n.js";
import { translated } from "../refusals.js";
import { h, icon } from "./dom.js";

/** How long a notice that needs no action stays, in milliseconds. */
const SHOWN_MS = 5_000;
/** And one that offers a way back: long enough to get there by keyboard. */
const SHOWN_WITH_WAY_MS = 12_000;
/** More than these at once would cover what they are about. */
const MOST = 3;

export function createToasts() {
  const element = h("div", { class: "toasts", role: "region", "aria-label": t("notices.title"), "aria-live": "polite" });
  /** Notices of the snapshot already shown. @type {Set<string>} */
  let standing = new Set();

  /**
   * @param {string} text
   * @param {"info" | "error"} [kind]
   * @param {{ label: string, run: () => void }} [way] a button in it
   */
  const show = (text, kind = "info", way) => {
    for (const old of [...element.children]) {
      if (textOf(old) === text) old.remove();
    }
    const toast = h(
      "div",
      { class: `toast toast-${kind}`, role: kind === "error" ? "alert" : null },
      icon(kind === "error" ? "warning" : "check"),
      h("p", { dir: "auto" }, text),
      way && h("button", { type: "button", class: "button small quiet", onclick: () => (toast.remove(), way.run()) }, way.label),
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": t("notices.dismiss", { text }), onclick: () => toast.remove() },
        icon("close"),
      ),
    );
    element.append(toast);
    while (element.children.length > MOST) element.firstElementChild?.remove();
    if (kind === "info") setTimeout(() => toast.remove(), way ? SHOWN_WITH_WAY_MS : SHOWN_MS);
    if (element.isConnected) settle();
  };

  /** In the open dialog, which makes all outside of it deaf; and above it, so that it covers no word. */
  const settle = () => {
    const dialog = [...document.querySelectorAll("dialog[open]:not(.incoming)")].at(-1);
    const host = dialog ?? document.body;
    if (element.parentElement !== host) {
      host.append(element);
      dialog?.addEventListener("close", settle, { once: true });
    }
    if ("popover" in element) {
      element.popover = "manual";
      element.hidePopover();
      element.showPopover();
    }
  };

  return {
    element,
    show,
    /** What was said about something else than the call that begins now. */
    clear() {
      for (const toast of element.querySelectorAll(".toast-info")) toast.remove();
    },
    /** @param {readonly import("../types.d.ts").Notice[]} notices that hold until the core takes them back */
    update(notices) {
      const now = new Set(notices.map(({ message }) => translated(message)));
      for (const message of now) if (!standing.has(message)) show(message, "error");
      for (const toast of [...element.children]) {
        const text = textOf(toast);
        if (standing.has(text) && !now.has(text)) toast.remove();
      }
      standing = now;
    },
  };
}

/** @param {Element} toast */
const textOf = (toast) => toast.querySelector("p")?.textContent ?? "";
