// Settings → Privacy: who sees that I am here, where the key rests, and how not to lose it.
import { t } from "../../i18n.js";
import { openBackup, openRestore } from "../backup.js";
import { h } from "../dom.js";
import { createSwitch } from "../switch.js";

/** @type {Record<import("../../types.d.ts").KeyStore, import("../../i18n.js").Key>} */
const KEPT = { keyring: "privacy.keyring", file: "privacy.file" };

/** What is told of the pages' sandbox; nothing where the system's webview sees to it. @type {Partial<Record<import("../../types.d.ts").Sandbox, import("../../i18n.js").Key>>} */
const SHUT_IN = {
  on: "privacy.sandbox",
  missing: "privacy.sandbox_missing",
  refused: "privacy.sandbox_refused",
};

/**
 * @param {Pick<import("../actions.d.ts").Actions, "backup" | "restore" | "notify">} actions
 * @param {import("./keeper.js").Keeper} keeper
 * @param {import("../../types.d.ts").Privacy} privacy
 * @returns {import("../settings.js").Section}
 */
export function createPrivacy(actions, keeper, privacy) {
  const sandbox = SHUT_IN[privacy.sandbox];
  const invisible = createSwitch({
    id: "settings-invisible",
    label: t("privacy.invisible"),
    hint: t("privacy.invisible_hint"),
    set: (on) => void keeper.keep({ invisible: on }),
    failed: () => {},
  });
  return {
    title: t("privacy.title"),
    icon: "verified",
    element: h(
      "section",
      { class: "privacy" },
      invisible.element,
      h("p", { class: "hint" }, t("privacy.presence")),
      h("p", {}, t(KEPT[privacy.key_store])),
      ...(sandbox ? [h("p", { id: "settings-sandbox" }, t(sandbox))] : []),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "button quiet", onclick: () => openBackup(actions) }, t("privacy.backup")),
        h("button", { type: "button", class: "button quiet", onclick: () => openRestore(actions, true) }, t("privacy.restore")),
      ),
    ),
    draw: (settings) => invisible.update(settings.invisible),
  };
}
