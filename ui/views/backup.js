// A file with everything that makes this Ringdown mine, under a passphrase: made, and read back.
import { t } from "../i18n.js";
import { LEAST, strengthOf } from "../passphrase.js";
import { openForm, openPanel } from "./dialog.js";
import { field, h, setAttribute, setText } from "./dom.js";

/** @typedef {import("./actions.d.ts").Actions} Actions */

/** @type {Record<import("../passphrase.js").Strength, import("../i18n.js").Key>} */
const STRENGTHS = { short: "backup.short", weak: "backup.weak", fair: "backup.fair", strong: "backup.strong" };

/** @param {string} [autocomplete] */
const secret = (autocomplete = "new-password") => h("input", { type: "password", autocomplete, spellcheck: "false" });

/** @param {Pick<Actions, "backup">} actions */
export function openBackup(actions) {
  const first = secret();
  const second = secret();
  const hint = h("p", { class: "hint", id: "backup-hint", "aria-live": "polite" }, t("backup.hint", { count: LEAST }));
  const wrong = h("p", { class: "error", "aria-live": "polite" });
  setAttribute(first, "aria-describedby", hint.id);

  const differ = () => second.value !== "" && second.value !== first.value;
  const judge = () => {
    const strength = first.value === "" ? null : strengthOf(first.value);
    setText(hint, strength ? t(STRENGTHS[strength], { count: LEAST }) : t("backup.hint", { count: LEAST }));
    setAttribute(hint, "data-mood", strength === "strong" ? "good" : strength === "fair" || strength === null ? null : "warning");
    setText(wrong, differ() ? t("backup.differ") : "");
    setAttribute(second, "aria-invalid", differ() ? "true" : null);
  };
  for (const input of [first, second]) input.addEventListener("input", judge);

  openForm({
    title: t("backup.title"),
    submit: t("backup.make"),
    body: [
      h("p", {}, t("backup.text")),
      field("backup-first", t("backup.passphrase"), first, hint),
      field("backup-second", t("backup.again"), second, wrong),
      h("p", { class: "hint" }, t("backup.lost")),
    ],
    onsubmit: async () => {
      judge();
      if (strengthOf(first.value) === "short") throw new Error(t("backup.short", { count: LEAST }));
      if (first.value !== second.value) throw new Error(t("backup.differ"));
      const { path } = await actions.backup(first.value);
      openPanel({
        title: t("backup.done"),
        body: [h("p", {}, t("backup.where")), h("p", { class: "file-path", dir: "auto" }, path), h("p", { class: "hint" }, t("backup.keep"))],
      });
    },
  });
  first.focus();
}

/**
 * @param {Pick<Actions, "restore" | "notify">} actions
 * @param {boolean} replaces there is an identity here already
 */
export function openRestore(actions, replaces) {
  const file = h("input", { type: "file", accept: ".age,.ringdown" });
  const passphrase = secret("current-password");
  openForm({
    title: t("restore.title"),
    submit: t("restore.restore"),
    danger: replaces,
    body: [
      replaces ? h("p", { class: "warning" }, t("restore.replaces")) : h("p", {}, t("restore.text")),
      field("restore-file", t("restore.file"), file),
      field("restore-passphrase", t("restore.passphrase"), passphrase),
      h("p", { class: "hint" }, t("restore.one")),
    ],
    onsubmit: async () => {
      const chosen = file.files?.[0];
      if (!chosen) throw new Error(t("restore.choose"));
      await actions.restore(chosen, passphrase.value);
      actions.notify(t("restore.done"));
    },
  });
  file.focus();
}
