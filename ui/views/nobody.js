// Beside the people while nobody is chosen: what to do next.
import { t } from "../i18n.js";
import { h, icon, setText } from "./dom.js";

/** @param {{ add(): void }} go */
export function createNobody(go) {
  const title = h("h1", { class: "nobody-title" });
  const choose = h("p", { class: "nobody-text" }, t("home.choose"));
  const steps = h(
    "ol",
    { class: "steps" },
    h("li", {}, t("home.first_send")),
    h("li", {}, t("home.first_paste")),
    h("li", {}, t("home.first_call")),
  );
  const add = h("button", { type: "button", class: "button primary", onclick: go.add }, icon("add"), t("home.paste"));
  const element = h(
    "main",
    { class: "page nobody" },
    h("div", { class: "nobody-card" }, h("div", { class: "mark" }, icon("mark")), title, choose, steps, add),
  );
  return {
    element,
    /** @param {boolean} alone no contacts at all */
    update(alone) {
      setText(title, alone ? t("home.first_title") : t("home.choose_title"));
      choose.hidden = alone;
      steps.hidden = !alone;
      add.hidden = !alone;
    },
  };
}
