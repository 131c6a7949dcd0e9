// A call that was never taken here: said in a corner, without seizing the window.
import { statusText } from "../wording.js";
import { t } from "../i18n.js";
import { createAvatar } from "./avatar.js";
import { createBadge } from "./badge.js";
import { h, setText } from "./dom.js";
import { callAgain } from "./stage.js";

/** @typedef {import("../types.d.ts").CallSnapshot} CallSnapshot */

/** @param {Pick<import("./actions.d.ts").Actions, "call" | "dismiss">} actions */
export function createEndedCard(actions) {
  /** @type {CallSnapshot | null} */
  let call = null;
  const avatar = createAvatar("small");
  const badge = createBadge();
  const status = h("p", { class: "card-status", id: "ended-status", role: "status", dir: "auto" });
  const element = h(
    "section",
    { class: "ended-card", "aria-labelledby": "ended-status" },
    avatar.element,
    h("div", { class: "card-words" }, status, badge.element),
    h(
      "div",
      { class: "card-buttons" },
      h("button", { type: "button", class: "button quiet", onclick: () => actions.dismiss() }, t("ended.close")),
      h("button", { type: "button", class: "button primary", onclick: () => call && callAgain(actions, call) }, t("ended.again")),
    ),
  );
  return {
    element,
    /**
     * @param {CallSnapshot} next
     * @param {boolean} verified the other side
     */
    update(next, verified) {
      call = next;
      avatar.update(next.name, next.contact);
      badge.update(verified);
      setText(status, statusText(next));
    },
  };
}
