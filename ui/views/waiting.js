// Somebody else calls during a call: a card over the stage. The call that is on goes on until a person decides.
import { t } from "../i18n.js";
import { createAvatar } from "./avatar.js";
import { h, icon, setAttribute, setIcon, setText } from "./dom.js";

/** @typedef {import("../types.d.ts").WaitingCall} WaitingCall */

/** @param {Pick<import("./actions.d.ts").Actions, "holdAndAccept" | "endAndAccept" | "declineWaiting">} actions */
export function createWaiting(actions) {
  const avatar = createAvatar("small");
  const title = h("p", { class: "card-status", id: "waiting-title", dir: "auto" });
  const kind = h("p", { class: "hint", id: "waiting-kind", dir: "auto" });
  const decline = h("button", { type: "button", class: "button small danger", onclick: () => actions.declineWaiting() }, t("incoming.decline"));
  const mark = icon("video");
  let video = false;
  /**
   * @param {string} kind
   * @param {string} label
   * @param {() => void} onclick
   * @param {SVGElement} [mark]
   */
  const answer = (kind, label, onclick, mark) =>
    h("button", { type: "button", class: `button small ${kind}`, "aria-describedby": "waiting-kind", onclick }, mark, label);
  const hold = answer("primary", t("waiting.hold"), () => actions.holdAndAccept(video), mark);
  const end = answer("quiet", t("waiting.accept"), () => actions.endAndAccept(video));
  const holdVoice = answer("plain", t("waiting.hold_voice"), () => actions.holdAndAccept(false));
  const endVoice = answer("plain", t("waiting.accept_voice"), () => actions.endAndAccept(false));
  // It takes no focus: who is speaking may be typing, or be about to hang up.
  const element = h(
    "section",
    { class: "ended-card waiting-card", role: "group", "aria-labelledby": "waiting-title", "aria-describedby": "waiting-kind" },
    avatar.element,
    h("div", { class: "waiting-words" }, title, kind),
    h("div", { class: "card-buttons" }, hold, end, holdVoice, endVoice, decline),
  );
  const said = h("div", { class: "said", "aria-live": "assertive" });
  element.append(said);

  return {
    element,
    /**
     * @param {WaitingCall | null} waiting
     * @param {string} other the name of whom the call is with that is on
     */
    update(waiting, other) {
      if (!waiting) {
        if (element.contains(document.activeElement)) /** @type {HTMLElement | null} */ (document.querySelector(".stage"))?.focus();
        element.remove();
        setText(said, "");
        return;
      }
      video = waiting.video;
      avatar.update(waiting.name, waiting.contact);
      setText(title, t("waiting.title", { name: waiting.name }));
      const words = t(video ? "incoming.video" : "incoming.voice");
      setText(kind, `${words}. ${t("waiting.during", { name: other })}`);
      setIcon(mark, video ? "video" : "phone");
      holdVoice.hidden = !video;
      endVoice.hidden = !video;
      setAttribute(decline, "aria-label", t("waiting.decline", { name: waiting.name }));
      if (!element.isConnected) (document.querySelector(".stage") ?? document.body).append(element);
      // After it is there: a live region that comes with its words says none.
      setText(said, `${title.textContent}. ${words}`);
    },
  };
}
