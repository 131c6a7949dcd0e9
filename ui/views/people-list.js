// The people in the rail, in their groups: favourites, recent, everyone. While a name is typed, one list of who fits.
import { t } from "../i18n.js";
import { groups } from "../people.js";
import { h, reconcile, setText } from "./dom.js";
import { createRow } from "./row.js";

/** @typedef {import("../types.d.ts").ContactView} ContactView */

/**
 * @param {Pick<import("./actions.d.ts").Actions, "call">} actions
 * @param {{ choose(key: string): void, menu(key: string, place: import("./menu.js").Place): void }} go
 */
export function createPeopleList(actions, go) {
  /** A row wanders from group to group with its person. @type {Map<string, ReturnType<typeof createRow>>} */
  let rows = new Map();
  const favorites = h("ul", { class: "people", "aria-label": t("people.favorites") });
  const recent = h("ul", { class: "people", "aria-label": t("people.recent") });
  const everyone = h("ul", { class: "people", "aria-label": t("rail.contacts") });
  const blocked = h("ul", { class: "people", "aria-label": t("person.blocked_list") });
  const fold = h("details", { class: "blocked" }, h("summary"), blocked);
  /** @param {string} text */
  const title = (text) => h("h2", { class: "people-title" }, text);
  const favoritesTitle = title(t("people.favorites"));
  const recentTitle = title(t("people.recent"));
  const everyoneTitle = title(t("people.everyone"));
  const element = h("div", { class: "people-groups" }, favoritesTitle, favorites, recentTitle, recent, everyoneTitle, everyone);

  const shown = () => /** @type {HTMLElement[]} */ ([...element.querySelectorAll("li")]);
  /** @param {number} index */
  const focus = (index) => shown()[index]?.querySelector("button")?.focus();

  return {
    element,
    blocked: fold,
    focusFirst: () => focus(0),
    /**
     * Goes up or down from where the focus is.
     * @param {number} step
     * @returns {boolean} whether there is anywhere to go; above the first there is not
     */
    move(step) {
      const at = shown().findIndex((row) => row.contains(document.activeElement));
      if (at + step < 0) return false;
      focus(at + step);
      return true;
    },
    /**
     * @param {readonly ContactView[]} found in order
     * @param {boolean} grouped
     * @param {string | null} chosen
     */
    update(found, grouped, chosen) {
      const held = document.activeElement;
      const keys = new Set(found.map(({ key }) => key));
      rows = new Map([...rows].filter(([key]) => keys.has(key)));
      /** @param {ContactView} contact */
      const make = ({ key }) => {
        const row = rows.get(key) ?? createRow(key, actions, go);
        rows.set(key, row);
        return row.element;
      };
      /**
       * @param {HTMLElement} list
       * @param {readonly ContactView[]} people
       */
      const fill = (list, people) =>
        reconcile(list, people, ({ key }) => key, make, (_, contact) => rows.get(contact.key)?.update(contact, contact.key === chosen));

      const ringing = found.filter((contact) => !contact.blocked);
      const hidden = found.filter((contact) => contact.blocked);
      const parts = grouped ? groups(ringing) : { favorites: [], recent: [], others: ringing };
      fill(favorites, parts.favorites);
      fill(recent, parts.recent);
      fill(everyone, parts.others);
      fill(blocked, hidden);
      favorites.hidden = favoritesTitle.hidden = parts.favorites.length === 0;
      recent.hidden = recentTitle.hidden = parts.recent.length === 0;
      everyone.hidden = parts.others.length === 0 && ringing.length > 0;
      everyoneTitle.hidden = parts.others.length === 0 || parts.others.length === ringing.length;
      fold.hidden = hidden.length === 0;
      setText(/** @type {Element} */ (fold.firstElementChild), t("rail.blocked", { count: hidden.length }));
      // A row that went to another group takes the focus with it.
      if (held instanceof HTMLElement && held !== document.activeElement && held.isConnected) held.focus();
    },
  };
}
