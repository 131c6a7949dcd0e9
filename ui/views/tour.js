// The first run after the name: what is left until one can be called, each step to be taken or left.
import { t } from "../i18n.js";
import { createSwitch } from "./switch.js";
import { h, icon, sentence, setAttribute, setIcon, setText } from "./dom.js";
import { openTestCall } from "./test-call.js";

/** @typedef {import("../types.d.ts").Snapshot} Snapshot */

/** Kept in the browser's storage: `open` from the first start until it is finished. */
const STORED = "tour";

/** Without storage (a private window, a test) it lasts as long as the page. @type {Pick<Storage, "getItem" | "setItem" | "removeItem">} */
const keeper = globalThis.localStorage ?? { getItem: () => null, setItem() {}, removeItem() {} };

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {{ add(): void, back(): void, finish(): void }} go
 */
export function createTour(actions, go) {
  let isOpen = keeper.getItem(STORED) === "open";
  let tested = false;
  /** @type {Snapshot | null} */
  let snapshot = null;

  const autostart = createSwitch({
    id: "tour-autostart",
    label: t("notify.autostart"),
    set: async (on) => {
      await actions.setAutostart(on);
      draw();
    },
    failed: (failure) => actions.notify(sentence(failure, t("error.unknown")), "error"),
  });
  const copy = h(
    "button",
    {
      type: "button",
      class: "button quiet",
      onclick: async () => {
        const field = h("input", { type: "text", readonly: true, class: "said", tabindex: -1 });
        field.value = snapshot?.invite ?? "";
        element.append(field);
        try {
          await actions.copy(field);
          actions.notify(t("invite.copied"));
        } catch {
          actions.notify(t("invite.copy_failed"), "error");
        } finally {
          field.remove();
        }
      },
    },
    icon("copy"),
    t("tour.invite"),
  );
  const steps = {
    autostart: createStep(1, t("tour.autostart"), t("tour.autostart_text"), autostart.element),
    people: createStep(
      2,
      t("tour.people"),
      t("tour.people_text"),
      h("div", { class: "buttons" }, copy, h("button", { type: "button", class: "button quiet", onclick: go.add }, icon("add"), t("home.paste"))),
    ),
    test: createStep(
      3,
      t("tour.test"),
      t("tour.test_text"),
      h(
        "button",
        {
          type: "button",
          class: "button quiet",
          onclick: () =>
            openTestCall(actions, () => {
              tested = true;
              draw();
            }),
        },
        icon("video"),
        t("tour.test_start"),
      ),
    ),
  };
  const title = h("h1", { class: "nobody-title", tabindex: -1 });
  const text = h("p", { class: "nobody-text", "aria-live": "polite" });
  const finish = h(
    "button",
    {
      type: "button",
      class: "button primary",
      onclick: () => {
        isOpen = false;
        keeper.removeItem(STORED);
        go.finish();
      },
    },
    "",
  );
  const element = h(
    "main",
    { class: "page nobody tour" },
    h(
      "button",
      { type: "button", class: "icon-button back", "aria-label": t("rail.back"), title: t("rail.back"), onclick: go.back },
      icon("back"),
    ),
    h(
      "div",
      { class: "nobody-card" },
      h("div", { class: "mark" }, icon("mark")),
      title,
      text,
      h("ol", { class: "tour-steps" }, ...Object.values(steps).map((step) => step.element)),
      finish,
    ),
  );

  const draw = () => {
    const count = snapshot?.contacts.length ?? 0;
    steps.autostart.update(autostart.isOn ? t("tour.autostart_done") : null);
    steps.people.update(count > 0 ? t("tour.people_done", { count }) : null);
    steps.test.update(tested ? t("tour.test_done") : null);
    const ready = count > 0 && tested;
    setText(title, t(ready ? "tour.ready" : "tour.title"));
    setText(text, ready ? t("tour.ready_text") : "");
    text.hidden = !ready;
    setText(finish, t(ready ? "tour.finish" : "tour.skip"));
    setAttribute(finish, "class", ready ? "button primary" : "button plain");
  };

  let asked = false;
  return {
    element,
    get isOpen() {
      return isOpen;
    },
    open() {
      isOpen = true;
      keeper.setItem(STORED, "open");
    },
    focus: () => title.focus(),
    /** @param {Snapshot} next */
    update(next) {
      snapshot = next;
      if (isOpen && !asked) {
        asked = true;
        autostart.load(actions.autostart(), draw);
      }
      draw();
    },
  };
}

/**
 * @param {number} count
 * @param {string} title
 * @param {string} text
 * @param {HTMLElement} control
 */
function createStep(count, title, text, control) {
  const mark = icon("check");
  const number = h("span", { class: "tour-number", role: "img", "aria-label": t("tour.step", { count }) }, String(count));
  const said = h("p", { class: "hint" }, text);
  const element = h(
    "li",
    { class: "tour-step" },
    h("span", { class: "tour-mark" }, number, mark),
    h("div", { class: "tour-words" }, h("h2", {}, title), said, control),
  );
  setIcon(mark, "check");
  return {
    element,
    /** @param {string | null} done what was done */
    update(done) {
      setAttribute(element, "data-done", String(done !== null));
      setText(said, done ?? text);
    },
  };
}
