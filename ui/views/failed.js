// The app's process could not start: the only thing to show is why, and what to do.
import { t } from "../i18n.js";
import { h } from "./dom.js";

/** @param {string} reason a sentence that says what to do */
export function createFailed(reason) {
  return h(
    "main",
    { class: "failed", role: "alert" },
    h("h1", {}, t("failed.title")),
    h("p", {}, reason),
    h("p", { class: "hint" }, t("failed.hint")),
  );
}
