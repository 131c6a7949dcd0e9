// The app's process could not start: the only thing to show is why, and what can be done about it.
import { t } from "../i18n.js";
import { openRestore } from "./backup.js";
import { openForm } from "./dialog.js";
import { field, h, sentence, setText } from "./dom.js";

/**
 * What can be asked of an app that could not start. Each resolves once it has started, and rejects with why it has not.
 * @typedef {{
 *   restore(file: Blob, passphrase: string): Promise<unknown>,
 *   takeKey(file: Blob): Promise<unknown>,
 *   beginAnew(): Promise<unknown>,
 *   startAgain(): Promise<unknown>,
 *   started(): void,
 * }} WaysOut
 */

/** The key can't be had: it is lost, damaged, somebody else's, or in a keyring that stays locked. */
const KEY = ["key", "key_gone", "key_missing", "key_other", "keyring"];
/** The contacts can't be had, and never will. */
const CONTACTS = ["storage_damaged"];

/** @param {unknown} error */
const codeOf = (error) => String(/** @type {{ code?: unknown } | null} */ (error)?.code ?? "");

/**
 * @param {unknown} error whose sentence says what to do
 * @param {WaysOut} ways
 */
export function createFailed(error, ways) {
  const code = codeOf(error);
  const reason = h("p", {}, sentence(error, t("error.unknown")));
  const again = h("button", { type: "button", class: "button primary" }, t("failed.again"));
  again.addEventListener("click", async () => {
    again.disabled = true;
    try {
      await ways.startAgain();
      ways.started();
    } catch (failure) {
      // Another reason has other ways out.
      if (codeOf(failure) !== code) ways.started();
      setText(reason, sentence(failure, t("error.unknown")));
    } finally {
      again.disabled = false;
    }
  });
  /** @param {import("../i18n.js").Key} label @param {() => void} onclick */
  const way = (label, onclick) => h("button", { type: "button", class: "button quiet", onclick }, t(label));
  const keyIsLost = KEY.includes(code);
  const lost = keyIsLost || CONTACTS.includes(code);
  return h(
    "main",
    { class: "failed" },
    h("div", { role: "alert" }, h("h1", {}, t("failed.title")), reason),
    h("p", { class: "hint" }, t("failed.hint")),
    h(
      "div",
      { class: "buttons" },
      again,
      lost && way("first.restore", () => openRestore({ restore: ways.restore, notify: ways.started }, false)),
      keyIsLost && way("failed.key", () => openKey(ways)),
      lost && way("failed.anew", () => openAnew(ways)),
    ),
  );
}

/** @param {WaysOut} ways */
function openKey(ways) {
  const file = h("input", { type: "file", accept: ".key" });
  openForm({
    title: t("failed.key_title"),
    submit: t("failed.key_use"),
    body: [h("p", {}, t("failed.key_text")), field("key-file", t("failed.key_file"), file)],
    onsubmit: async () => {
      const chosen = file.files?.[0];
      if (!chosen) throw new Error(t("failed.key_choose"));
      await ways.takeKey(chosen);
      ways.started();
    },
  });
  file.focus();
}

/** @param {WaysOut} ways */
function openAnew(ways) {
  openForm({
    title: t("failed.anew_title"),
    submit: t("failed.anew_title"),
    danger: true,
    body: [h("p", { class: "warning" }, t("failed.anew_text")), h("p", { class: "hint" }, t("failed.anew_kept"))],
    onsubmit: async () => {
      await ways.beginAnew();
      ways.started();
    },
  });
}
