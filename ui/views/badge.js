// The mark beside the name of somebody whose safety number was compared.
import { t } from "../i18n.js";
import { h, icon } from "./dom.js";

export function createBadge() {
  const label = t("person.verified");
  const element = h("span", { class: "badge", role: "img", "aria-label": label, title: label, hidden: true }, icon("verified"));
  return {
    element,
    /** @param {boolean | undefined} verified */
    update(verified) {
      element.hidden = !verified;
    },
  };
}
