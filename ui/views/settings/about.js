// Settings → About: which Ringdown this is, whose work is in it, and what to send to whoever helps.
import { t } from "../../i18n.js";
import { openPanel } from "../dialog.js";
import { h, icon, sentence, setText } from "../dom.js";
import { createSwitch } from "../switch.js";

/** @typedef {import("../actions.d.ts").Actions} Actions */

/**
 * @param {Pick<Actions, "diagnostics" | "licences" | "openLogs" | "lookForUpdate" | "openUpdate" | "copy" | "notify">} actions
 * @param {import("./keeper.js").Keeper} keeper
 * @param {import("../../types.d.ts").UpdateView | null} update null: this build does not know where to look
 * @returns {import("../settings.js").Section}
 */
export function createAbout(actions, keeper, update) {
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
  const updates = update && createUpdates(actions, keeper, update);
  return {
    title: t("about.title"),
    icon: "info",
    element: h(
      "section",
      {},
      version,
      h("p", {}, t("about.text")),
      ...(updates?.elements ?? []),
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
    draw: (settings) => updates?.draw(settings),
  };
}

/**
 * Newer versions: looked for now or once a day, and got by the person.
 * @param {Pick<Actions, "lookForUpdate" | "openUpdate" | "notify">} actions
 * @param {import("./keeper.js").Keeper} keeper
 * @param {import("../../types.d.ts").UpdateView} update
 */
function createUpdates(actions, keeper, update) {
  const daily = createSwitch({
    id: "settings-check-updates",
    label: t("about.check_updates"),
    hint: t("about.check_updates_hint"),
    set: (on) => void keeper.keep({ check_updates: on }),
    failed: () => {},
  });
  const said = h("p", { role: "status" });
  const hint = h("p", { class: "hint", hidden: true }, t("about.get_hint"));
  /** @param {() => Promise<unknown>} work */
  const tell = (work) => () => work().catch((failure) => setText(said, sentence(failure, t("error.unknown"))));
  const open = h("button", { type: "button", class: "button", hidden: true, onclick: tell(() => actions.openUpdate()) }, t("about.open_page"));
  /** @param {import("../../types.d.ts").NewVersion | null} found */
  const show = (found) => {
    setText(said, found ? t("about.found", { version: found.version }) : t("about.newest"));
    open.hidden = hint.hidden = found === null;
  };
  const look = h(
    "button",
    {
      type: "button",
      class: "button quiet",
      onclick: async () => {
        look.disabled = true;
        await tell(async () => show(await actions.lookForUpdate()))();
        look.disabled = false;
      },
    },
    t("about.look"),
  );
  if (update.found) show(update.found);
  return {
    elements: [daily.element, said, hint, h("div", { class: "buttons" }, look, open)],
    /** @param {import("../../types.d.ts").Settings} settings */
    draw: (settings) => daily.update(settings.check_updates),
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
