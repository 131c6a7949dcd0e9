// Modal dialogs on <dialog>: the page behind is inert, Esc closes, focus returns to where it was.
import { t } from "../i18n.js";
import { h, icon, sentence, setText } from "./dom.js";

let count = 0;

/**
 * @param {{ title: string, large?: boolean, onclose?: () => void }} options
 * @param {(head: HTMLElement) => HTMLElement} fill makes what is in it, under the head
 */
function openShell({ title, large = false, onclose }, fill) {
  count += 1;
  const titleId = `dialog-title-${count}`;
  const close = () => element.close();
  const head = h(
    "header",
    { class: "dialog-head" },
    h("h2", { id: titleId, dir: "auto" }, title),
    h("button", { type: "button", class: "icon-button", "aria-label": t("dialog.close"), onclick: close }, icon("close")),
  );
  const element = h(
    "dialog",
    {
      class: large ? "dialog dialog-large" : "dialog",
      "aria-labelledby": titleId,
      onclose: () => {
        element.remove();
        onclose?.();
      },
    },
    fill(head),
  );
  document.body.append(element);
  element.showModal();
  return { element, close };
}

/**
 * Opens a dialog that only shows, with controls of its own.
 * @param {{ title: string, body: import("./dom.js").Child[], large?: boolean, onclose?: () => void }} options
 */
export function openPanel({ body, ...options }) {
  return openShell(options, (head) => h("div", { class: "dialog-form" }, head, h("div", { class: "dialog-body" }, ...body)));
}

/**
 * Opens a dialog with a form in it.
 * @param {{
 *   title: string,
 *   body: import("./dom.js").Child[],
 *   submit: string,
 *   danger?: boolean,
 *   large?: boolean,
 *   onclose?: () => void,
 *   onsubmit: () => Promise<unknown>,
 * }} options `onsubmit` rejects to keep the dialog open; the sentence is shown, unless the body shows it already
 */
export function openForm({ body, submit, danger = false, onsubmit, ...options }) {
  const error = h("p", { class: "error", role: "alert" });
  const accept = h("button", { type: "submit", class: danger ? "button danger" : "button primary" }, submit);

  const handleSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (accept.disabled) return;
    accept.disabled = true;
    try {
      await onsubmit();
      dialog.close();
    } catch (failure) {
      const text = sentence(failure, t("error.unknown"));
      setText(error, "");
      if (!dialog.element.textContent?.includes(text)) setText(error, text);
      accept.disabled = false;
    }
  };
  const dialog = openShell(options, (head) =>
    h(
      "form",
      { class: "dialog-form", novalidate: true, onsubmit: handleSubmit },
      head,
      h("div", { class: "dialog-body" }, ...body, error),
      h(
        "footer",
        { class: "dialog-foot" },
        h("button", { type: "button", class: "button quiet", onclick: () => dialog.close() }, t("dialog.cancel")),
        accept,
      ),
    ),
  );
  return dialog;
}
