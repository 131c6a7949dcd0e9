// Modal dialogs on <dialog>: the page behind is inert, Esc closes, focus returns to where it was.
import { t } from "../i18n.js";
import { h, icon, sentence, setText } from "./dom.js";

let count = 0;

/**
 * Opens a dialog with a form in it.
 * @param {{
 *   title: string,
 *   body: import("./dom.js").Child[],
 *   submit: string,
 *   danger?: boolean,
 *   large?: boolean,
 *   onsubmit: () => Promise<unknown>,
 * }} options `onsubmit` rejects to keep the dialog open; the sentence is shown, unless the body shows it already
 */
export function openForm({ title, body, submit, danger = false, large = false, onsubmit }) {
  count += 1;
  const titleId = `dialog-title-${count}`;
  const error = h("p", { class: "error", role: "alert" });
  const accept = h("button", { type: "submit", class: danger ? "button danger" : "button primary" }, submit);
  const close = () => element.close();

  const handleSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (accept.disabled) return;
    accept.disabled = true;
    try {
      await onsubmit();
      close();
    } catch (failure) {
      const text = sentence(failure, t("error.unknown"));
      setText(error, "");
      if (!element.textContent?.includes(text)) setText(error, text);
      accept.disabled = false;
    }
  };

  const element = h(
    "dialog",
    { class: large ? "dialog dialog-large" : "dialog", "aria-labelledby": titleId, onclose: () => element.remove() },
    h(
      "form",
      { class: "dialog-form", novalidate: true, onsubmit: handleSubmit },
      h(
        "header",
        { class: "dialog-head" },
        h("h2", { id: titleId, dir: "auto" }, title),
        h("button", { type: "button", class: "icon-button", "aria-label": t("dialog.close"), onclick: close }, icon("close")),
      ),
      h("div", { class: "dialog-body" }, ...body, error),
      h(
        "footer",
        { class: "dialog-foot" },
        h("button", { type: "button", class: "button quiet", onclick: close }, t("dialog.cancel")),
        accept,
      ),
    ),
  );
  document.body.append(element);
  element.showModal();
  return { element, close };
}
