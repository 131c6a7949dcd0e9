// People who opened my invite and would like to call: a card each, above the contacts.
import { t } from "../i18n.js";
import { createAvatar } from "./avatar.js";
import { openForm } from "./dialog.js";
import { field, h, icon, reconcile, sentence, setAttribute, setText } from "./dom.js";

/** @typedef {import("./actions.d.ts").Actions} Actions */
/** @typedef {import("../types.d.ts").RequestView} RequestView */
/** @typedef {Pick<Actions, "acceptRequest" | "ignoreRequest" | "blockRequest" | "notify">} RequestActions */

/** @param {RequestActions} actions */
export function createRequests(actions) {
  const element = h("ul", { class: "requests", "aria-label": t("requests.title"), "aria-live": "polite" });
  /** @type {WeakMap<HTMLElement, ReturnType<typeof createCard>>} */
  const cards = new WeakMap();
  return {
    element,
    /** Puts the person before this request, not yet on one of its answers. One that was answered is not there. @param {string} key */
    focus(key) {
      for (const one of element.children) {
        const card = one instanceof HTMLElement ? cards.get(one) : undefined;
        if (card?.key === key) card.focus();
      }
    },
    /** @param {readonly RequestView[]} requests */
    update(requests) {
      element.hidden = requests.length === 0;
      reconcile(
        element,
        requests,
        ({ key }) => key,
        () => {
          const card = createCard(actions);
          cards.set(card.element, card);
          return card.element;
        },
        (card, request) => cards.get(card)?.update(request),
      );
    },
  };
}

/** @param {RequestActions} actions */
function createCard(actions) {
  /** @type {RequestView | null} */
  let request = null;
  const avatar = createAvatar("small");
  const title = h("p", { class: "request-title", dir: "auto" });
  const warning = h("p", { class: "request-warning", dir: "auto" }, icon("warning"), h("span"));
  const group = h(
    "div",
    { class: "request", role: "group", tabindex: "-1" },
    h("div", { class: "request-who" }, avatar.element, title),
    warning,
  );

  /** @param {(request: RequestView) => unknown} act a refusal is told, and the card stays */
  const press = (act) => async () => {
    try {
      if (request) await act(request);
    } catch (failure) {
      actions.notify(sentence(failure, t("error.unknown")), "error");
    }
  };
  /**
   * @param {string} look
   * @param {string} text
   * @param {(request: RequestView) => unknown} act
   */
  const button = (look, text, act) => h("button", { type: "button", class: `button small ${look}`, onclick: press(act) }, text);
  group.append(
    h(
      "div",
      { class: "request-answers" },
      button("primary", t("requests.accept"), (one) => openAccept(actions, one)),
      button("quiet", t("requests.ignore"), (one) => actions.ignoreRequest(one.key)),
      button("plain", t("requests.block"), async (one) => {
        await actions.blockRequest(one.key);
        actions.notify(t("requests.blocked", { name: one.name }));
      }),
    ),
  );

  return {
    element: h("li", {}, group),
    get key() {
      return request?.key;
    },
    focus: () => group.focus(),
    /** @param {RequestView} next */
    update(next) {
      request = next;
      avatar.update(next.name, next.key);
      const words = t("requests.wants", { name: next.name });
      setText(title, words);
      setAttribute(group, "aria-label", words);
      const risks = riskText(next);
      warning.hidden = risks === "";
      setText(/** @type {Element} */ (warning.lastElementChild), risks);
    },
  };
}

/**
 * @param {Pick<Actions, "acceptRequest" | "notify">} actions
 * @param {RequestView} request
 */
function openAccept(actions, request) {
  const risks = riskText(request);
  const name = h("input", { type: "text", autocomplete: "off", spellcheck: "false", dir: "auto", "aria-describedby": "request-name-hint" });
  name.value = request.name;
  openForm({
    title: t("requests.wants", { name: request.name }),
    submit: t("add.add"),
    body: [
      risks !== "" && h("p", { class: "warning" }, risks),
      field("request-name", t("add.name"), name, h("p", { class: "hint", id: "request-name-hint" }, t("requests.name_hint"))),
    ],
    onsubmit: async () => {
      const typed = name.value.trim();
      await actions.acceptRequest(request.key, typed === "" ? null : typed);
      actions.notify(t("add.added", { name: typed === "" ? request.name : typed }));
    },
  });
  name.select();
}

/**
 * Why the person may not be who the name says. A key never changes: who has an old contact's name and another key is somebody
 * else, until they show otherwise; and a one-time invite was for one person.
 * @param {RequestView} request
 */
const riskText = ({ namesake, alike, shared }) =>
  [namesake !== null && t("requests.namesake", { name: namesake }), shared && t("requests.shared"), alike && t("requests.alike")]
    .filter(Boolean)
    .join(" ");
