// The page of one person; or, with nobody chosen, what to do next.
import { t } from "../i18n.js";
import { createAvatar } from "./avatar.js";
import { createBadge } from "./badge.js";
import { createContactRules } from "./contact-rules.js";
import { h, icon, sentence, setAttribute, setText } from "./dom.js";
import { createHistoryList } from "./history-list.js";
import { onContextMenu } from "./menu.js";
import { createNote } from "./note.js";
import { lastCallText, presenceText } from "../people.js";
import { createSafety } from "./safety.js";
import { createStar } from "./star.js";
import { createWhenFree } from "./when-free.js";

/** @typedef {import("../types.d.ts").ContactView} ContactView */

/** How many calls with them are shown at once. */
const STEP = 5;

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {{
 *   back(): void,
 *   rename(contact: ContactView): void,
 *   remove(contact: ContactView): void,
 *   block(contact: ContactView): void,
 *   menu(key: string, place: import("./menu.js").Place): void,
 * }} go
 */
export function createPerson(actions, go) {
  /** @type {ContactView | null} */
  let person = null;
  /** @param {(contact: ContactView) => void} act */
  const withPerson = (act) => () => person && act(person);

  const avatar = createAvatar("large");
  const name = h("h1", { class: "person-name", dir: "auto" });
  const badge = createBadge();
  const star = createStar(actions);
  const presence = h("p", { class: "person-presence", "aria-live": "polite" });
  const whenFree = createWhenFree(actions);
  const note = createNote(actions);
  const pastTitle = h("h2", { class: "section-title", dir: "auto" });
  const past = createHistoryList(actions, {
    step: STEP,
    named: false,
    label: t("history.title"),
    show: () => {},
    none: () => t("history.none_with", { name: person?.name ?? "" }),
  });
  const pastSection = h("section", { class: "person-section" }, pastTitle, past.element);
  const ownName = h("p", { class: "person-own", dir: "auto" });
  const standing = h(
    "div",
    { class: "person-standing" },
    h("p", { dir: "auto" }),
    h("p", { class: "hint" }, t("standing.waiting_next")),
  );
  const call = h(
    "button",
    { type: "button", class: "button primary", onclick: withPerson(({ key }) => actions.call(key, true)) },
    icon("video"),
    t("person.call"),
  );
  const voice = h(
    "button",
    { type: "button", class: "button quiet", onclick: withPerson(({ key }) => actions.call(key, false)) },
    icon("phone"),
    t("person.voice"),
  );
  const calls = h("div", { class: "person-calls" }, call, voice);
  const blocked = h("p", { class: "person-standing", dir: "auto" });
  const safety = createSafety(actions);
  const rules = createContactRules(actions);
  const block = h(
    "button",
    {
      type: "button",
      class: "button plain",
      onclick: withPerson((contact) => {
        if (!contact.blocked) return go.block(contact);
        actions.setBlocked(contact.key, false).catch((failure) => actions.notify(sentence(failure, t("error.unknown")), "error"));
      }),
    },
    icon("block"),
    h("span"),
  );
  const element = h(
    "main",
    { class: "page person" },
    h(
      "button",
      { type: "button", class: "icon-button back", "aria-label": t("rail.back"), title: t("rail.back"), onclick: go.back },
      icon("back"),
    ),
    h(
      "div",
      { class: "person-card" },
      avatar.element,
      h("div", { class: "person-title" }, name, badge.element, star.element),
      ownName,
      presence,
      calls,
      whenFree.element,
      standing,
      blocked,
      note.element,
      pastSection,
      safety.element,
      rules.element,
      h(
        "div",
        { class: "person-more" },
        h("button", { type: "button", class: "button plain", onclick: withPerson(go.rename) }, icon("edit"), t("person.rename")),
        block,
        h("button", { type: "button", class: "button plain", onclick: withPerson(go.remove) }, icon("remove"), t("person.remove")),
      ),
    ),
  );

  const card = /** @type {HTMLElement} */ (element.lastElementChild);
  onContextMenu(card, (place) => person && go.menu(person.key, place));

  return {
    element,
    focus: () => (person?.blocked ? block : call).focus(),
    editNote: note.focus,
    /** Nobody looks at it any more: a camera that scans is let go of, what was typed is kept. */
    rest() {
      safety.rest();
      note.rest();
    },
    /**
     * @param {ContactView} contact
     * @param {import("../types.d.ts").Snapshot} snapshot
     */
    update(contact, { settings, history_version }) {
      person = contact;
      avatar.update(contact.name, contact.key);
      setText(name, contact.name);
      ownName.hidden = contact.own_name === contact.name || contact.own_name === "";
      setText(ownName, ownNameText(contact));
      setAttribute(ownName, "data-mood", contact.namesake === null ? null : "warning");
      badge.update(contact.verified);
      star.update(contact);
      const says = [presenceText(contact), lastCallText(contact, Date.now())].filter(Boolean).join(" · ");
      presence.hidden = contact.blocked || says === "";
      setText(presence, says);
      setAttribute(presence, "data-here", contact.reachable === null ? null : String(contact.reachable));
      whenFree.update(contact);
      note.update(contact);
      setText(pastTitle, t("history.with", { name: contact.name }));
      past.update({ contact: contact.key, search: "", missed: false }, history_version);
      calls.hidden = rules.element.hidden = contact.blocked;
      blocked.hidden = !contact.blocked;
      setText(blocked, t("person.blocked", { name: contact.name }));
      setText(/** @type {Element} */ (block.lastElementChild), t(contact.blocked ? "person.unblock" : "person.block"));
      safety.update(contact);
      rules.update(contact, settings.ice_policy);
      standing.hidden = contact.blocked || contact.standing !== "requested";
      setText(/** @type {Element} */ (standing.firstElementChild), t("standing.waiting", { name: contact.name }));
      setAttribute(call, "aria-label", t("person.call_name", { name: contact.name }));
      setAttribute(voice, "aria-label", t("person.voice_name", { name: contact.name }));
    },
  };
}

/**
 * What they call themselves, and whom they could be taken for by it.
 * @param {ContactView} contact
 */
const ownNameText = ({ own_name: name, namesake: known }) =>
  known === null ? t("person.own_name", { name }) : t("person.own_name_alike", { name, known });
