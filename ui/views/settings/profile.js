// Settings → Profile: the name friends see.
import { t } from "../../i18n.js";
import { checkName } from "../../settings-check.js";
import { h, sentence } from "../dom.js";
import { createTyped } from "./typed.js";

/**
 * @param {Pick<import("../actions.d.ts").Actions, "start" | "notify">} actions
 * @param {import("../../types.d.ts").Snapshot} snapshot
 * @returns {import("../settings.js").Section}
 */
export function createProfile(actions, { profile }) {
  let held = profile?.name ?? "";
  /**
   * @param {string} wanted
   * @param {boolean} undoing
   */
  const rename = async (wanted, undoing) => {
    const before = held;
    held = wanted;
    try {
      await actions.start(wanted);
      if (undoing) actions.notify(t("settings.undone"));
      else actions.notify(t("settings.saved"), "info", { label: t("settings.undo"), run: () => (name.draw(before), rename(before, true)) });
    } catch (failure) {
      held = before;
      actions.notify(sentence(failure, t("error.unknown")), "error");
      name.draw(before);
    }
  };
  const name = createTyped({
    id: "settings-name",
    label: t("settings.name"),
    judge: checkName,
    keep: (text) => rename(text.trim(), false),
    attributes: { dir: "auto" },
    below: [h("p", { class: "hint" }, t("settings.name_hint"))],
  });
  name.draw(held);
  const key = h("p", { class: "file-path" }, profile?.key ?? "");
  return {
    title: t("settings.profile"),
    icon: "person",
    element: h("section", {}, name.element, h("div", {}, h("p", { class: "label" }, t("settings.key")), key)),
    flush: name.flush,
  };
}
