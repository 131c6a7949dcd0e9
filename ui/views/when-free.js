// "Ring me when free": offered while somebody can't be called.
import { t } from "../i18n.js";
import { h, icon, sentence, setAttribute, setText } from "./dom.js";

/** @param {Pick<import("./actions.d.ts").Actions, "setRingWhenFree" | "notify">} actions */
export function createWhenFree(actions) {
  /** @type {import("../types.d.ts").ContactView | null} */
  let person = null;
  const button = h(
    "button",
    {
      type: "button",
      class: "button plain small",
      "aria-describedby": "when-free-hint",
      onclick: () => {
        if (!person) return;
        const wanted = !person.ring_when_free;
        actions.setRingWhenFree(person.key, wanted).catch((failure) => actions.notify(sentence(failure, t("error.unknown")), "error"));
      },
    },
    icon("bell"),
    t("people.when_free"),
  );
  const hint = h("p", { class: "hint", id: "when-free-hint", dir: "auto" });
  const element = h("div", { class: "when-free" }, button, hint);
  return {
    element,
    /** @param {import("../types.d.ts").ContactView} contact */
    update(contact) {
      person = contact;
      const useful = contact.reachable !== true || contact.ring_when_free;
      element.hidden = contact.blocked || contact.standing !== "mutual" || !useful;
      setAttribute(button, "aria-pressed", String(contact.ring_when_free));
      setText(hint, t("people.when_free_hint", { name: contact.name }));
    },
  };
}
