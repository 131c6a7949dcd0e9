// Everything one can do with a person, in one menu.
import { t } from "../i18n.js";
import { sentence } from "./dom.js";
import { openMenu } from "./menu.js";

/** @typedef {import("../types.d.ts").ContactView} ContactView */
/** @typedef {import("./menu.js").MenuItem} MenuItem */

/**
 * @param {Pick<import("./actions.d.ts").Actions, "call" | "setFavorite" | "setBlocked" | "setRingWhenFree" | "notify">} actions
 * @param {{ note(contact: ContactView): void, rename(contact: ContactView): void, remove(contact: ContactView): void, block(contact: ContactView): void }} go
 * @param {ContactView} contact
 * @param {import("./menu.js").Place} place
 */
export function openPersonMenu(actions, go, contact, place) {
  const { key, name } = contact;
  /** @param {Promise<unknown>} work */
  const tell = (work) => void work.catch((failure) => actions.notify(sentence(failure, t("error.unknown")), "error"));
  /** @type {(MenuItem | false)[]} */
  const items = [
    !contact.blocked && { label: t("person.call"), icon: "video", run: () => actions.call(key, true) },
    !contact.blocked && { label: t("person.voice"), icon: "phone", run: () => actions.call(key, false) },
    !contact.blocked && {
      label: t(contact.favorite ? "people.favorite_remove" : "people.favorite_add"),
      icon: contact.favorite ? "star-on" : "star",
      run: () => tell(actions.setFavorite(key, !contact.favorite)),
    },
    { label: t("people.note_edit"), icon: "note", run: () => go.note(contact) },
    { label: t("person.rename"), icon: "edit", run: () => go.rename(contact) },
    contact.blocked
      ? { label: t("person.unblock"), icon: "block", run: () => tell(actions.setBlocked(key, false)) }
      : { label: t("person.block"), icon: "block", run: () => go.block(contact) },
    { label: t("person.remove"), icon: "remove", danger: true, run: () => go.remove(contact) },
  ];
  return openMenu(t("people.menu", { name }), items.filter((item) => item !== false), place);
}
