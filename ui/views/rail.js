// The left rail: me, the search box, the people, my invite, history and settings. Alone on narrow windows.
import { t } from "../i18n.js";
import { translated } from "../refusals.js";
import { search } from "../search.js";
import { createAvatar } from "./avatar.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { createLinkField } from "./link-field.js";
import { createPeopleList } from "./people-list.js";
import { createQuiet, quietText } from "./quiet.js";
import { createRequests } from "./requests.js";

/** @typedef {import("../types.d.ts").Snapshot} Snapshot */
/** @typedef {import("../types.d.ts").ContactView} ContactView */

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {{
 *   choose(key: string): void,
 *   menu(key: string, place: import("./menu.js").Place): void,
 *   add(): void,
 *   invite(): void,
 *   history(): void,
 *   settings(): void,
 *   setUp(): void,
 * }} go
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
  const people = createPeopleList(actions, go);
  const quiet = createQuiet(actions);
  const missed = h("span", { class: "count-badge", "aria-hidden": "true" });
  const history = h("button", { type: "button", class: "icon-button", onclick: go.history }, icon("history"), missed);
  const nothing = h("p", { class: "people-none" });
  const next = h("p", { class: "people-none narrow-only" }, t("rail.none_next"));
  const setUp = h("button", { type: "button", class: "button quiet wide set-up", onclick: go.setUp }, t("tour.again"));
  const requests = createRequests(actions);
  const invite = createLinkField(actions, { id: "my-invite", label: t("invite.mine"), copy: t("invite.copy") });

  /** @type {ContactView[]} */ let contacts = [];
  /** @type {ContactView[]} */ let shown = [];
  /** @type {string | null} */ let chosen = null;

  const draw = () => {
    const found = search(contacts, query.value);
    shown = found.filter((contact) => !contact.blocked);
    people.update(found, query.value.trim() === "", chosen);
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
      people.focusFirst();
    }
  });
  people.element.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    if (!people.move(step)) query.focus();
  });

  const element = h(
    "nav",
    { class: "rail" },
    h("h1", { class: "said narrow-only" }, t("rail.contacts")),
    h(
      "header",
      { class: "me" },
      me.element,
      h("div", { class: "me-text" }, myName, line),
      quiet.element,
      history,
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": t("rail.settings"), title: t("rail.settings"), onclick: go.settings },
        icon("settings"),
      ),
    ),
    h("div", { class: "search" }, icon("search"), query),
    h("div", { class: "people-scroll" }, requests.element, people.element, nothing, next, people.blocked, setUp),
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

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let quietEnds;
  /** Whether friends can ring here, and whether that would be heard. @param {Snapshot} snapshot */
  const sayLine = (snapshot) => {
    const { online, message } = snapshot.line;
    const silent = quietText(snapshot.quiet, Date.now());
    const state = online ? (silent ?? t("rail.online")) : t("rail.offline");
    const text = message !== null ? translated(message) : state;
    setText(line, text);
    setAttribute(line, "data-online", String(online));
    setAttribute(line, "data-quiet", String(silent !== null));
    setAttribute(line, "title", text);
    clearTimeout(quietEnds);
    if (snapshot.quiet.kind !== "until" || silent === null) return;
    // A longer timer would end at once.
    const left = Math.min(snapshot.quiet.until_ms - Date.now() + 1_000, 2 ** 31 - 1);
    quietEnds = setTimeout(() => {
      sayLine(snapshot);
      quiet.update(snapshot.quiet);
    }, left);
  };

  return {
    element,
    focus: () => query.focus(),
    focusHistory: () => history.focus(),
    focusRequest: requests.focus,
    /**
     * @param {Snapshot} snapshot
     * @param {{ chosen: string | null, history: boolean, setUp: boolean }} beside what is beside it; `setUp`: there is
     *   something left to set up, and it is not shown
     */
    update(snapshot, beside) {
      contacts = snapshot.contacts;
      chosen = beside.chosen;
      if (snapshot.profile) {
        me.update(snapshot.profile.name, snapshot.profile.key);
        setText(myName, snapshot.profile.name);
      }
      sayLine(snapshot);
      quiet.update(snapshot.quiet);
      missed.hidden = snapshot.missed === 0;
      setAttribute(missed, "data-count", snapshot.missed > 99 ? "99+" : String(snapshot.missed));
      const label = snapshot.missed > 0 ? t("history.with_missed", { count: snapshot.missed }) : t("history.title");
      setAttribute(history, "aria-label", label);
      setAttribute(history, "title", label);
      setAttribute(history, "aria-current", beside.history ? "page" : null);
      setUp.hidden = !beside.setUp;
      requests.update(snapshot.requests);
      invite.update(snapshot.invite);
      draw();
    },
  };
}
