// What one wrote down about somebody. Kept when one stops typing.
import { t } from "../i18n.js";
import { field, h, sentence, setAttribute, setText } from "./dom.js";

/** How long a note may be, in characters. The core allows no more. */
export const LONGEST = 500;
/** How long typing rests before it is kept, in milliseconds. */
const KEEP_AFTER_MS = 800;

/** @param {Pick<import("./actions.d.ts").Actions, "setNote" | "notify">} actions */
export function createNote(actions) {
  /** @type {import("../types.d.ts").ContactView | null} */
  let person = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const error = h("p", { class: "error", id: "person-note-error", "aria-live": "polite" });
  const hint = h("p", { class: "hint", id: "person-note-hint" }, t("people.note_hint"));
  const text = h("textarea", {
    rows: 2,
    dir: "auto",
    "aria-describedby": "person-note-hint person-note-error",
    oninput: () => {
      clearTimeout(timer);
      const over = [...text.value].length - LONGEST;
      setText(error, over > 0 ? t("people.note_long", { count: over }) : "");
      setAttribute(text, "aria-invalid", over > 0 ? "true" : null);
      if (over <= 0) timer = setTimeout(keep, KEEP_AFTER_MS);
    },
    onchange: () => keep(),
  });
  const element = h("div", { class: "person-section" }, field("person-note", t("people.note"), text, hint, error));

  const keep = async () => {
    clearTimeout(timer);
    const whose = person;
    const note = text.value.trim();
    if (!whose || note === whose.note || [...note].length > LONGEST) return;
    try {
      await actions.setNote(whose.key, note);
      setText(hint, t("people.note_saved"));
    } catch (failure) {
      actions.notify(sentence(failure, t("error.unknown")), "error");
    }
  };

  return {
    element,
    focus: () => text.focus(),
    /** What was typed last is kept at once. */
    rest: keep,
    /** @param {import("../types.d.ts").ContactView} contact */
    update(contact) {
      const other = contact.key !== person?.key;
      if (other) keep();
      // What is being typed is newer than what was kept.
      const typing = !other && (document.activeElement === text || text.value.trim() !== person?.note);
      person = contact;
      if (typing) return;
      text.value = contact.note;
      setText(hint, t("people.note_hint"));
      setText(error, "");
      setAttribute(text, "aria-invalid", null);
    },
  };
}
