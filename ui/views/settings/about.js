// Settings → About: which Ringdown this is, whose work is in it, and what to send to whoever helps.
import { t } from "../../i18n.js";
import { openPanel } from "../dialog.js";
import { h, icon, sentence, setText } from "../dom.js";

/** @typedef {import("../actions.d.ts").Actions} Actions */

/**
 * @param {Pick<Actions, "diagnostics" | "licences" | "openLogs" | "copy" | "notify">} actions
 * @returns {import("../settings.js").Section}
 */
export function createAbout(actions) {
  /** @param {() => Promise<unknown>} work */
  const tell = (work) => () => {
    work().catch((failure) => actions.notify(sentence(failure, t("error.unknown")), "error"));
  };
  const version = h("p", { class: "about-version" }, icon("mark"), h("span", {}, t("app.name")));
  // The first line of the diagnostics says which version this is.
  tell(async () => {
    const found = /^ringdown: (.+)$/m.exec(await actions.diagnostics());
    if (found) setText(/** @type {Element} */ (version.lastElementChild), `${t("app.name")} ${found[1]}`);
  })();
  return {
    title: t("about.title"),
    icon: "info",
    element: h(
      "section",
      {},
      version,
      h("p", {}, t("about.text")),
      h(
        "div",
        { class: "buttons" },
        h(
          "button",
          { type: "button", class: "button quiet", onclick: tell(async () => openText(actions, t("about.licences"), await actions.licences())) },
          t("about.licences"),
        ),
        h("button", { type: "button", class: "button quiet", onclick: tell(() => actions.openLogs()) }, t("about.logs")),
        h(
          "button",
          {
            type: "button",
            class: "button quiet",
            onclick: tell(async () => openText(actions, t("about.diagnostics"), await actions.diagnostics(), t("about.diagnostics_hint"))),
          },
          t("about.diagnostics"),
        ),
      ),
      h("p", { class: "hint" }, t("about.logs_hint")),
    ),
  };
}

/**
 * @param {Pick<Actions, "copy" | "notify">} actions
 * @param {string} title
 * @param {string} content
 * @param {string} [hint]
 */
function openText(actions, title, content, hint) {
  const text = h("textarea", { class: "long-text", readonly: true, rows: 14, "aria-label": title, spellcheck: "false", dir: "ltr" });
  text.value = content;
  const copy = async () => {
    try {
      await actions.copy(text);
      actions.notify(t("about.copied"));
    } catch {
      text.focus();
      text.select();
      actions.notify(t("about.copy_failed"), "error");
    }
  };
  openPanel({
    title,
    large: true,
    body: [
      hint !== undefined && h("p", { class: "hint" }, hint),
      text,
      h("div", { class: "buttons" }, h("button", { type: "button", class: "button quiet", onclick: copy }, icon("copy"), t("about.copy"))),
    ],
  });
}
