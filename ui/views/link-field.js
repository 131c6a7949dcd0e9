// A link to give away: to be read, selected, copied.
import { t } from "../i18n.js";
import { h, icon, setIcon } from "./dom.js";

/** How long the copy button shows that it worked, in milliseconds. */
const COPIED_MS = 2_000;

/**
 * @param {Pick<import("./actions.d.ts").Actions, "copy" | "notify">} actions
 * @param {{ id: string, label: string, copy: string }} names `copy`: of the button
 */
export function createLinkField(actions, { id, label, copy: copyLabel }) {
  const link = h("input", {
    type: "text",
    class: "invite-link",
    id,
    "aria-label": label,
    readonly: true,
    placeholder: t("invite.waiting"),
    onfocus: () => link.select(),
  });
  const mark = icon("copy");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const copy = async () => {
    try {
      await actions.copy(link);
      actions.notify(t("invite.copied"));
      setIcon(mark, "check");
      clearTimeout(timer);
      timer = setTimeout(() => setIcon(mark, "copy"), COPIED_MS);
    } catch {
      link.focus();
      actions.notify(t("invite.copy_failed"), "error");
    }
  };
  const button = h("button", { type: "button", class: "icon-button", "aria-label": copyLabel, title: copyLabel, onclick: copy }, mark);
  const element = h("div", { class: "invite" }, h("label", { for: id }, label), h("div", { class: "invite-row" }, link, button));
  return {
    element,
    /** @param {string | null} text */
    update(text) {
      if (link.value !== (text ?? "")) link.value = text ?? "";
      button.disabled = !text;
    },
  };
}
