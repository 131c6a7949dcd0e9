// The first screen of all: a name, nothing else.
import { t } from "../i18n.js";
import { openRestore } from "./backup.js";
import { field, h, icon, sentence, setText } from "./dom.js";

/** @param {Pick<import("./actions.d.ts").Actions, "start" | "restore" | "notify">} actions */
export function createFirstStart(actions) {
  const error = h("p", { class: "error", id: "first-error", role: "alert" });
  const name = h("input", {
    type: "text",
    autocomplete: "name",
    "aria-describedby": "first-error",
    spellcheck: "false",
    dir: "auto",
  });
  const button = h("button", { type: "submit", class: "button primary wide" }, t("first.start"));

  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await actions.start(name.value);
      setText(error, "");
    } catch (failure) {
      setText(error, sentence(failure, t("error.unknown")));
      name.focus();
    } finally {
      button.disabled = false;
    }
  };

  const element = h(
    "main",
    { class: "first" },
    h(
      "form",
      { class: "first-form", onsubmit: submit, novalidate: true },
      h("div", { class: "mark" }, icon("mark")),
      h("h1", {}, t("app.name")),
      h("p", { class: "first-title" }, t("first.title")),
      field("first-name", t("first.name"), name, error),
      button,
      h("p", { class: "hint" }, t("first.intro")),
      h("button", { type: "button", class: "button plain", onclick: () => openRestore(actions, false) }, t("first.restore")),
    ),
  );
  return { element, focus: () => name.focus() };
}
