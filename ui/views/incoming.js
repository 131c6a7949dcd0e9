// Someone is calling: a dialog above everything, with two large answers and a quiet third.
import { t } from "../i18n.js";
import { createAvatar } from "./avatar.js";
import { createBadge } from "./badge.js";
import { h, icon, setText } from "./dom.js";

/** @typedef {import("../types.d.ts").CallSnapshot} CallSnapshot */

/** How long one takes to call back who can't answer now, in minutes. */
const LATER_MINUTES = 10;

/** @param {Pick<import("./actions.d.ts").Actions, "accept" | "decline" | "later">} actions */
export function createIncoming(actions) {
  const avatar = createAvatar("medium");
  const title = h("h2", { id: "incoming-title", class: "incoming-title", dir: "auto" });
  const badge = createBadge();
  const kind = h("p", { class: "incoming-kind" });
  const hushed = h("p", { class: "hint incoming-silent" }, icon("bell-off"), h("span", {}, t("incoming.silent")));
  const acceptIcon = icon("video");
  const accept = h(
    "button",
    { type: "button", class: "button primary", onclick: () => actions.accept(true) },
    acceptIcon,
    t("incoming.accept"),
  );
  const element = h(
    "dialog",
    {
      class: "dialog incoming",
      "aria-labelledby": "incoming-title",
      // Neither declined nor accepted by a stray key of someone who was typing: Esc does nothing, and the dialog
      // itself has the focus until a person chooses.
      autofocus: true,
      tabindex: -1,
      closedby: "none",
      oncancel: (/** @type {Event} */ event) => event.preventDefault(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && event.preventDefault(),
      onclose: () => ringing && open(),
    },
    h("div", { class: "incoming-face" }, avatar.element),
    h("div", { class: "incoming-name" }, title, badge.element),
    kind,
    hushed,
    h(
      "div",
      { class: "incoming-answers" },
      h("button", { type: "button", class: "button danger", onclick: () => actions.decline() }, icon("hang-up"), t("incoming.decline")),
      accept,
    ),
    h(
      "div",
      { class: "incoming-more" },
      h("button", { type: "button", class: "button plain small", onclick: () => actions.accept(false) }, t("incoming.accept_voice")),
      h("button", { type: "button", class: "button plain small", onclick: () => actions.later(LATER_MINUTES) }, icon("later"), t("incoming.later")),
    ),
  );
  let ringing = false;

  const open = () => {
    if (!element.isConnected) document.body.append(element);
    if (!element.open) element.showModal();
    element.focus();
  };

  return {
    /**
     * @param {CallSnapshot | null} call
     * @param {boolean} verified who calls
     * @param {boolean} silent it does not ring
     */
    update(call, verified, silent) {
      const rings = call?.direction === "incoming" && (call.phase === "ringing" || call.phase === "inviting");
      if (call && rings) {
        avatar.update(call.name, call.contact);
        badge.update(verified);
        setText(title, t("incoming.title", { name: call.name }));
        setText(kind, t(call.peer_video ? "incoming.video" : "incoming.voice"));
        hushed.hidden = !silent;
        if (!ringing) {
          ringing = true;
          open();
        }
      } else if (ringing) {
        ringing = false;
        element.close();
        element.remove();
      }
    },
  };
}
