// Settings → Privacy: where the key rests, and how not to lose it.
import { t } from "../i18n.js";
import { openBackup, openRestore } from "./backup.js";
import { h } from "./dom.js";

/** @type {Record<import("../types.d.ts").KeyStore, import("../i18n.js").Key>} */
const KEPT = { keyring: "privacy.keyring", file: "privacy.file" };

/**
 * @param {Pick<import("./actions.d.ts").Actions, "backup" | "restore" | "notify">} actions
 * @param {import("../types.d.ts").Privacy} privacy
 */
export function createPrivacy(actions, privacy) {
  return h(
    "section",
    { class: "settings-group privacy" },
    h("h3", {}, t("privacy.title")),
    h("p", {}, t(KEPT[privacy.key_store])),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", class: "button quiet", onclick: () => openBackup(actions) }, t("privacy.backup")),
      h("button", { type: "button", class: "button quiet", onclick: () => openRestore(actions, true) }, t("privacy.restore")),
    ),
  );
}
