// The call on hold: a card on the stage of the other one. What becomes of it is said, wherever the eyes are.
import { t } from "../i18n.js";
import { createAvatar } from "./avatar.js";
import { h, icon, setAttribute, setText } from "./dom.js";

/** @typedef {import("../types.d.ts").CallSnapshot} CallSnapshot */

/** @param {Pick<import("./actions.d.ts").Actions, "swap" | "hangUpHeld" | "notify">} actions */
export function createHeld(actions) {
  const avatar = createAvatar("small");
  const title = h("p", { class: "card-status", id: "held-title", dir: "auto" });
  const status = h("p", { class: "hint", dir: "auto" });
  const swap = h("button", { type: "button", class: "button small quiet", onclick: () => actions.swap() }, icon("swap"), t("hold.swap"));
  const end = h("button", { type: "button", class: "button small danger", onclick: () => actions.hangUpHeld() }, t("hold.end"));
  const said = h("div", { class: "said", "aria-live": "polite" });
  const element = h(
    "section",
    { class: "held-card", role: "group", "aria-labelledby": "held-title" },
    avatar.element,
    h("div", { class: "held-words" }, title, status),
    h("div", { class: "card-buttons" }, swap, end),
    said,
  );
  /** @type {CallSnapshot | null} */
  let before = null;
  /** The call beside it. @type {CallSnapshot | null} */
  let other = null;

  /**
   * What became of the call that was on hold, and of the other one.
   * @param {CallSnapshot | null} held
   * @param {CallSnapshot | null} call
   */
  const tell = (held, call) => {
    if (!before) return;
    const goesOn = call && call.phase !== "ended" && call.id !== before.id;
    if (held === null && call?.id === before.id && call.phase !== "ended") {
      actions.notify(t("hold.back", { name: before.name, other: other?.name ?? "" }));
    } else if (held?.id !== before.id && goesOn) {
      actions.notify(t("hold.ended", { name: before.name }));
    }
  };

  return {
    element,
    /**
     * @param {CallSnapshot | null} held
     * @param {CallSnapshot | null} call the one that is on
     */
    update(held, call) {
      tell(held, call);
      const moved = held?.id !== before?.id;
      before = held;
      other = call;
      if (!held) {
        if (element.contains(document.activeElement)) /** @type {HTMLElement | null} */ (document.querySelector(".stage"))?.focus();
        element.remove();
        setText(said, "");
        return;
      }
      avatar.update(held.name, held.contact);
      setText(title, t("hold.title", { name: held.name }));
      const lost = held.phase === "reconnecting";
      setText(status, lost ? t("status.reconnecting") : "");
      status.hidden = !lost;
      setAttribute(swap, "aria-label", t("hold.swap_with", { name: held.name }));
      setAttribute(end, "aria-label", t("hold.end_with", { name: held.name }));
      if (!element.isConnected) (document.querySelector(".stage") ?? document.body).append(element);
      // After it is there: a live region that comes with its words says none.
      if (moved) setText(said, title.textContent ?? "");
    },
  };
}
