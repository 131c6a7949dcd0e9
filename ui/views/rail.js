// The left rail: me, the search box, the people, my invite, settings. Alone on narrow windows.
import { t } from "../i18n.js";
import { translated } from "../refusals.js";
import { search } from "../search.js";
import { createAvatar } from "./avatar.js";
import { createBadge } from "./badge.js";
import { h, icon, reconcile, setAttribute, setText } from "./dom.js";
import { createLinkField } from "./link-field.js";
import { createRequests } from "./requests.js";

/** @typedef {import("../types.d.ts").Snapshot} Snapshot */
/** @typedef {import("../types.d.ts").ContactView} ContactView */

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {{ choose(key: string): void, add(): void, invite(): void, settings(): void }} go
 */
export function createRail(actions, go) {
  const me = createAvatar("small");
  const myName = h("div", { class: "me-name", dir: "auto" });
  const line = h("div", { class: "me-line" });
  const query = h("input", {
    type: "search",
    class: "search-input",
    "aria-label": t("rail.find"),
    placeholder: t("rail.find"),
    autocomplete: "off",
    spellcheck: "false",
    dir: "auto",
  });
  const list = h("ul", { class: "people", "aria-label": t("rail.contacts") });
  const blocked = h("ul", { class: "people", "aria-label": t("person.blocked_list") });
  const fold = h("details", { class: "blocked" }, h("summary"), blocked);
  const nothing = h("p", { class: "people-none" });
  const next = h("p", { class: "people-none narrow-only" }, t("rail.none_next"));
  const requests = createRequests(actions);
  const invite = createLinkField(actions, { id: "my-invite", label: t("invite.mine"), copy: t("invite.copy") });

  /** @type {ContactView[]} */ let contacts = [];
  /** @type {ContactView[]} */ let shown = [];
  /** @type {string | null} */ let chosen = null;

  /** The parts of each row that change. @type {WeakMap<HTMLElement, ReturnType<typeof createRow>>} */
  const rows = new WeakMap();
  /** @param {ContactView} contact */
  const make = (contact) => {
    const row = createRow(contact.key, actions, go.choose);
    rows.set(row.element, row);
    return row.element;
  };

  /**
   * @param {Element} people
   * @param {ContactView[]} who
   */
  const fill = (people, who) =>
    reconcile(people, who, (contact) => contact.key, make, (element, contact) =>
      rows.get(element)?.update(contact, contact.key === chosen),
    );
  const draw = () => {
    const found = search(contacts, query.value);
    shown = found.filter((contact) => !contact.blocked);
    fill(list, shown);
    const hidden = found.filter((contact) => contact.blocked);
    fill(blocked, hidden);
    fold.hidden = hidden.length === 0;
    setText(/** @type {Element} */ (fold.firstElementChild), t("rail.blocked", { count: hidden.length }));
    nothing.hidden = found.length > 0;
    next.hidden = contacts.length > 0;
    setText(nothing, contacts.length === 0 ? t("rail.none") : t("rail.no_match", { query: query.value.trim() }));
  };

  query.addEventListener("input", draw);
  query.addEventListener("keydown", (event) => {
    const first = shown[0];
    if (event.key === "Enter" && !event.isComposing && query.value.trim() !== "" && first) {
      event.preventDefault();
      actions.call(first.key, true);
      query.value = "";
      draw();
    } else if (event.key === "Escape" && query.value !== "") {
      event.preventDefault();
      query.value = "";
      draw();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      focusRow(list, 0);
    }
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !(event.target instanceof Element)) return;
    event.preventDefault();
    const at = [...list.children].indexOf(event.target.closest("li") ?? list);
    if (at + step < 0) query.focus();
    else focusRow(list, at + step);
  });

  const element = h(
    "nav",
    { class: "rail" },
    h(
      "header",
      { class: "me" },
      me.element,
      h("div", { class: "me-text" }, myName, line),
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": t("rail.settings"), title: t("rail.settings"), onclick: go.settings },
        icon("settings"),
      ),
    ),
    h("div", { class: "search" }, icon("search"), query),
    h("div", { class: "people-scroll" }, requests.element, list, nothing, next, fold),
    h(
      "footer",
      { class: "rail-foot" },
      invite.element,
      h(
        "div",
        { class: "rail-buttons" },
        h("button", { type: "button", class: "button quiet", onclick: go.invite }, icon("qr"), t("rail.invite")),
        h("button", { type: "button", class: "button quiet", onclick: go.add }, icon("add"), t("rail.add")),
      ),
    ),
  );

  return {
    element,
    focus: () => query.focus(),
    /**
     * @param {Snapshot} snapshot
     * @param {string | null} chosenKey
     */
    update(snapshot, chosenKey) {
      contacts = snapshot.contacts;
      chosen = chosenKey;
      if (snapshot.profile) {
        me.update(snapshot.profile.name, snapshot.profile.key);
        setText(myName, snapshot.profile.name);
      }
      const { online, message } = snapshot.line;
      setText(line, message !== null ? translated(message) : t(online ? "rail.online" : "rail.offline"));
      setAttribute(line, "data-online", String(online));
      setAttribute(line, "title", line.textContent);
      requests.update(snapshot.requests);
      invite.update(snapshot.invite);
      draw();
    },
  };
}

/**
 * @param {Element} list
 * @param {number} index
 */
function focusRow(list, index) {
  list.children[index]?.querySelector("button")?.focus();
}

/**
 * @param {string} key
 * @param {Pick<import("./actions.d.ts").Actions, "call">} actions
 * @param {(key: string) => void} choose
 */
function createRow(key, actions, choose) {
  const avatar = createAvatar("small");
  const name = h("span", { class: "row-name", dir: "auto" });
  const standing = h("span", { class: "row-standing", dir: "auto" });
  const badge = createBadge();
  const line = h("span", { class: "row-line" }, name, badge.element);
  const words = h("span", { class: "row-words" }, line, standing);
  const open = h("button", { type: "button", class: "row-open", onclick: () => choose(key) }, avatar.element, words);
  const voice = h("button", { type: "button", class: "icon-button", onclick: () => actions.call(key, false) }, icon("phone"));
  const video = h("button", { type: "button", class: "icon-button", onclick: () => actions.call(key, true) }, icon("video"));
  const element = h("li", { class: "row" }, open, voice, video);
  return {
    element,
    /**
     * @param {ContactView} contact
     * @param {boolean} chosen
     */
    update(contact, chosen) {
      avatar.update(contact.name, contact.key);
      setText(name, contact.name);
      const waiting = contact.standing === "requested";
      standing.hidden = !waiting;
      setText(standing, waiting ? t("standing.waiting_short") : "");
      badge.update(contact.verified);
      for (const button of [voice, video]) button.hidden = contact.blocked;
      setAttribute(open, "aria-description", contact.verified ? t("person.verified") : null);
      setAttribute(open, "aria-label", t("person.open", { name: contact.name }));
      setAttribute(open, "title", contact.name);
      setAttribute(open, "aria-current", chosen ? "true" : null);
      for (const [button, label] of /** @type {const} */ ([
        [video, t("person.call_name", { name: contact.name })],
        [voice, t("person.voice_name", { name: contact.name })],
      ])) {
        setAttribute(button, "aria-label", label);
        setAttribute(button, "title", label);
      }
    },
  };
}
