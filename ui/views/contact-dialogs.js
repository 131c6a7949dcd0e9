// Adding, renaming and removing a contact.
import { t } from "../i18n.js";
import { openForm } from "./dialog.js";
import { createScan } from "./scan.js";
import { field, h, sentence, setAttribute, setText } from "./dom.js";

/** @typedef {import("./actions.d.ts").Actions} Actions */
/** @typedef {import("../types.d.ts").ContactView} ContactView */
/** @typedef {import("../types.d.ts").InvitePreview} InvitePreview */

/** How long typing rests before the link is looked at, in milliseconds. */
const PREVIEW_AFTER_MS = 150;

/**
 * @param {Pick<Actions, "addContact" | "previewInvite" | "notify" | "openCamera" | "readQr" | "readClipboard">} actions
 * @param {(key: string) => void} added shows the person
 * @param {string} [given] an invite that was opened
 */
export function openAddContact(actions, added, given = "") {
  const preview = h("p", { class: "hint", id: "add-preview", "aria-live": "polite", dir: "auto" }, t("add.link_hint"));
  const link = h("input", {
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "ringdown:…",
    "aria-describedby": "add-preview",
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(look, PREVIEW_AFTER_MS);
    },
  });
  const name = h("input", { type: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": "add-name-hint", dir: "auto" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /**
   * @param {string} text
   * @param {"good" | "warning" | "bad" | null} mood
   */
  const say = (text, mood) => {
    setText(preview, text);
    setAttribute(preview, "data-mood", mood);
  };

  const look = async () => {
    const asked = link.value;
    if (asked.trim() === "") {
      say(t("add.link_hint"), null);
      setAttribute(name, "placeholder", null);
      return;
    }
    try {
      const invite = await actions.previewInvite(asked);
      if (link.value !== asked) return;
      say(previewText(invite), moodOf(invite));
      setAttribute(name, "placeholder", invite.own ? null : (invite.known ?? invite.name));
    } catch (failure) {
      if (link.value !== asked) return;
      say(sentence(failure, t("error.unknown")), "bad");
      setAttribute(name, "placeholder", null);
    }
  };

  /** @param {string} text as typed, scanned or opened */
  const fill = (text) => {
    clearTimeout(timer);
    link.value = text;
    look();
    name.focus();
  };
  const scan = createScan(actions, fill);

  openForm({
    title: t("add.title"),
    submit: t("add.add"),
    onclose: scan.close,
    body: [
      field("add-link", t("add.link"), link, preview),
      scan.element,
      field("add-name", t("add.name"), name, h("p", { class: "hint", id: "add-name-hint" }, t("add.name_hint"))),
    ],
    onsubmit: async () => {
      clearTimeout(timer);
      const result = await actions.addContact(link.value, name.value.trim() === "" ? null : name.value);
      actions.notify(t(result.already_known ? "add.updated" : "add.added", { name: result.name }));
      added(result.key);
    },
  });
  if (given) fill(given);
  else link.focus();
}

/** @param {InvitePreview} invite */
function previewText({ name, known, own, expired, namesake }) {
  if (own) return t("add.preview_own");
  if (expired) return t("add.preview_expired", { name });
  if (known) return t("add.preview_known", { name: known });
  return namesake ? t("add.preview_namesake", { name, known: namesake }) : t("add.preview", { name });
}

/** @param {InvitePreview} invite */
function moodOf({ own, expired, namesake }) {
  if (own || expired) return "bad";
  return namesake ? "warning" : "good";
}

/**
 * @param {Pick<Actions, "renameContact">} actions
 * @param {ContactView} contact
 */
export function openRename(actions, contact) {
  const name = h("input", { type: "text", autocomplete: "off", spellcheck: "false", dir: "auto" });
  name.value = contact.name;
  openForm({
    title: t("rename.title", { name: contact.name }),
    submit: t("dialog.save"),
    body: [field("rename-name", t("rename.name"), name)],
    onsubmit: () => actions.renameContact(contact.key, name.value),
  });
  name.select();
}

/**
 * @param {Pick<Actions, "removeContact">} actions
 * @param {ContactView} contact
 */
export function openRemove(actions, contact) {
  openForm({
    title: t("remove.title", { name: contact.name }),
    submit: t("remove.confirm"),
    danger: true,
    body: [h("p", {}, t("remove.text"))],
    onsubmit: () => actions.removeContact(contact.key),
  });
}

/**
 * @param {Pick<Actions, "setBlocked">} actions
 * @param {ContactView} contact
 */
export function openBlock(actions, contact) {
  openForm({
    title: t("block.title", { name: contact.name }),
    submit: t("block.confirm"),
    danger: true,
    body: [h("p", {}, t("block.text"))],
    onsubmit: () => actions.setBlocked(contact.key, true),
  });
}
