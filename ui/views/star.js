// The star that makes somebody a favourite.
import { t } from "../i18n.js";
import { h, icon, sentence, setAttribute, setIcon } from "./dom.js";

/** @param {Pick<import("./actions.d.ts").Actions, "setFavorite" | "notify">} actions */
export function createStar(actions) {
  /** @type {import("../types.d.ts").ContactView | null} */
  let person = null;
  const mark = icon("star");
  const element = h(
    "button",
    {
      type: "button",
      class: "icon-button star",
      "aria-label": t("people.favorite"),
      onclick: () => {
        if (!person) return;
        actions.setFavorite(person.key, !person.favorite).catch((failure) => actions.notify(sentence(failure, t("error.unknown")), "error"));
      },
    },
    mark,
  );
  return {
    element,
    /** @param {import("../types.d.ts").ContactView} contact */
    update(contact) {
      person = contact;
      setIcon(mark, contact.favorite ? "star-on" : "star");
      setAttribute(element, "aria-pressed", String(contact.favorite));
      setAttribute(element, "title", t(contact.favorite ? "people.favorite_remove" : "people.favorite_add"));
      element.hidden = contact.blocked;
    },
  };
}
