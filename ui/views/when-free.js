// "Ring me when free": offered while somebody can't be called.
import { t } from "../i18n.js";
import { h, icon, sentence, setAttribute, setText } from "./dom.js";

/** @typedef {import("../types.d.ts").ContactView} ContactView */
/** @typedef {Pick<import("./actions.d.ts").Actions, "setRingWhenFree" | "notify">} WhenFreeActions */

/** Only who is a contact of both can tell when they are free. @param {ContactView} contact */
const canTell = ({ blocked, standing }) => !blocked && standing === "mutual";

/**
 * @param {WhenFreeActions} actions
 * @param {string} className
 */
function createButton(actions, className) {
  /** @type {ContactView | null} */
  let person = null;
  const element = h(
    "button",
    {
      type: "button",
      class: className,
      onclick: () => {
        if (!person) return;
        const wanted = !person.ring_when_free;
        actions.setRingWhenFree(person.key, wanted).catch((failure) => actions.notify(sentence(failure, t("error.unknown")), "error"));
      },
    },
    icon("bell"),
    t("people.when_free"),
  );
  return {
    element,
    /** @param {ContactView} contact */
    update(contact) {
      person = contact;
      setAttribute(element, "aria-pressed", String(contact.ring_when_free));
    },
  };
}

/** On a person's page. @param {WhenFreeActions} actions */
export function createWhenFree(actions) {
  const button = createButton(actions, "button plain small");
  setAttribute(button.element, "aria-describedby", "when-free-hint");
  const hint = h("p", { class: "hint", id: "when-free-hint", dir: "auto" });
  const element = h("div", { class: "when-free" }, button.element, hint);
  return {
    element,
    /** @param {ContactView} contact */
    update(contact) {
      button.update(contact);
      const useful = contact.reachable !== true || contact.ring_when_free;
      element.hidden = !canTell(contact) || !useful;
      setText(hint, t("people.when_free_hint", { name: contact.name }));
    },
  };
}

/** Of calls that found nobody: somebody is away, or busy, or did not hear it. */
const FOUND_NOBODY = ["busy", "unreachable", "no_answer"];

/** Below the reason why a call did not come about. @param {WhenFreeActions} actions */
export function createFreeAfterCall(actions) {
  const button = createButton(actions, "button quiet");
  return {
    element: button.element,
    /**
     * @param {import("../types.d.ts").CallSnapshot} call
     * @param {ContactView | undefined} contact
     */
    update(call, contact) {
      const useful = call.direction === "outgoing" && FOUND_NOBODY.includes(call.reason ?? "");
      button.element.hidden = !useful || !contact || !canTell(contact);
      if (contact) button.update(contact);
    },
  };
}
