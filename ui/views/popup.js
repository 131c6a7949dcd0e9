// Somebody calls and nobody looks at the window: the same question as the window's, in a window of its own.
import { t } from "../i18n.js";
import { createAvatar } from "./avatar.js";
import { createBadge } from "./badge.js";
import { h, icon } from "./dom.js";

/** @typedef {import("../types.d.ts").PopupView} PopupView */
/** @typedef {import("../types.d.ts").PopupAnswer} PopupAnswer */

/**
 * @param {PopupView} view
 * @param {(answer: PopupAnswer) => void} choose called once
 */
export function createPopup(view, choose) {
  const { during } = view;
  const title = t(during === null ? "incoming.title" : "waiting.title", { name: view.name });
  const kind = t(view.video ? "incoming.video" : "incoming.voice");
  const avatar = createAvatar("medium");
  avatar.update(view.name, view.key);
  const badge = createBadge();
  badge.update(view.verified);

  const mark = icon(view.video ? "video" : "phone");

  /** @param {PopupAnswer} answer */
  const answer = (answer) => () => {
    for (const button of element.querySelectorAll("button")) button.disabled = true;
    choose(answer);
  };
  /**
   * @param {string} kind
   * @param {PopupAnswer} wanted
   * @param {...(Node | string)} label
   */
  const button = (kind, wanted, ...label) =>
    h("button", { type: "button", class: `button ${kind}`, onclick: answer(wanted) }, ...label);

  const element = h(
    "div",
    {
      class: during === null ? "popup" : "popup popup-waiting",
      role: "dialog",
      "aria-labelledby": "popup-title",
      "aria-describedby": "popup-kind",
      // It has the focus itself until a person chooses, so that a stray key answers nothing.
      tabindex: -1,
    },
    h(
      "div",
      { class: "popup-caller" },
      h("div", { class: "popup-face" }, avatar.element),
      h(
        "div",
        { class: "popup-words" },
        h("div", { class: "popup-name" }, h("h1", { id: "popup-title", dir: "auto" }, title), badge.element),
        h("p", { id: "popup-kind", class: "hint", dir: "auto" }, during === null ? kind : `${kind}. ${t("waiting.during", { name: during })}`),
      ),
    ),
    h(
      "div",
      { class: "popup-answers" },
      button("danger", "decline", icon("hang-up"), t("incoming.decline")),
      during === null
        ? button("primary", "accept", mark, t("incoming.accept"))
        : button("primary", "hold_and_accept", mark, t("waiting.hold")),
    ),
    h(
      "div",
      { class: "popup-more" },
      during === null ? button("plain small", "later", t("incoming.later")) : button("plain small", "end_and_accept", t("waiting.accept")),
      // There is no picture to leave out of a voice call.
      during === null && view.video && button("plain small", "accept_voice", t("incoming.accept_voice")),
    ),
  );
  return { element, title };
}
