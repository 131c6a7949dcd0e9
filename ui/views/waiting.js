// Somebody else calls during a call: a card over the stage. The call that is on goes on until a person decides.
import { t } from "../i18n.js";
import { createAvatar } from "./avatar.js";
import { h, icon, setAttribute, setIcon, setText } from "./dom.js";

/** @typedef {import("../types.d.ts").WaitingCall} WaitingCall */

/** @param {Pick<import("./actions.d.ts").Actions, "endAndAccept" | "declineWaiting">} actions */
export function createWaiting(actions) {
  const avatar = createAvatar("small");
  const title = h("p", { class: "card-status", id: "waiting-title", dir: "auto" });
  const kind = h("p", { class: "hint", id: "waiting-kind", dir: "auto" });
  const decline = h("button", { type: "button", class: "button small danger", onclick: () => actions.declineWaiting() }, t("incoming.decline"));
  const mark = icon("video");
  let video = false;
  const accept = h(
    "button",
    { type: "button", class: "button small primary", "aria-describedby": "waiting-kind", onclick: () => actions.endAndAccept(video) },
    mark,
    t("waiting.accept"),
  );
  const voice = h(
    "button",
    { type: "button", class: "button small plain", "aria-describedby": "waiting-kind", onclick: () => actions.endAndAccept(false) },
    t("waiting.accept_voice"),
  );
  // It takes no focus: who is speaking may be typing, or be about to hang up.
  const element = h(
    "section",
    { class: "ended-card waiting-card", role: "group", "aria-labelledby": "waiting-title", "aria-describedby": "waiting-kind" },
    avatar.element,
    h("div", { class: "waiting-words" }, title, kind),
    h("div", { class: "card-buttons" }, decline, accept, voice),
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
      setText(kind, `${words}. ${t("waiting.hint", { name: other })}`);
      setIcon(mark, video ? "video" : "phone");
      voice.hidden = !video;
      setAttribute(decline, "aria-label", t("waiting.decline", { name: waiting.name }));
      if (!element.isConnected) (document.querySelector(".stage") ?? document.body).append(element);
      // After it is there: a live region that comes with its words says none.
      setText(said, `${title.textContent}. ${words}`);
    },
  };
}
