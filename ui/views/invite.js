// My invite link, ready to be copied.
import { t } from "../i18n.js";
import { h, icon, setIcon } from "./dom.js";

/** How long the copy button shows that it worked, in milliseconds. */
const COPIED_MS = 2_000;

/** @param {Pick<import("./actions.d.ts").Actions, "copy" | "notify">} actions */
export function createInvite(actions) {
  const link = h("input", {
    type: "text",
    class: "invite-link",
    id: "my-invite",
    "aria-label": t("invite.mine"),
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
  const button = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": t("invite.copy"), title: t("invite.copy"), onclick: copy },
    mark,
  );
  const element = h(
    "div",
    { class: "invite" },
    h("label", { for: "my-invite" }, t("invite.mine")),
    h("div", { class: "invite-row" }, link, button),
  );
  return {
    element,
    /** @param {string | null} invite */
    update(invite) {
      if (link.value !== (invite ?? "")) link.value = invite ?? "";
      button.disabled = !invite;
    },
  };
}
