// The people and the chosen page: side by side from 720 px, one after the other below.
import { h, setAttribute } from "./dom.js";
import { takeDrops } from "./drop.js";
import { createHistory } from "./history.js";
import { createNobody } from "./nobody.js";
import { createPerson } from "./person.js";
import { openPersonMenu } from "./person-menu.js";
import { createRail } from "./rail.js";
import { createTour } from "./tour.js";

/** @typedef {import("../types.d.ts").Snapshot} Snapshot */
/** @typedef {import("../types.d.ts").ContactView} ContactView */
/** What is beside the people; null: what to do next. @typedef {{ person: string } | "history" | "tour" | null} Place */

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {{
 *   add(link?: string): void,
 *   invite(): void,
 *   settings(): void,
 *   rename(contact: ContactView): void,
 *   remove(contact: ContactView): void,
 *   block(contact: ContactView): void,
 * }} go
 * @param {MediaQueryList} wide
 */
export function createHome(actions, go, wide) {
  /** @type {Place} */ let place = null;
  /** @type {Snapshot | null} */ let snapshot = null;

  const chosen = () => (place !== null && typeof place === "object" ? place.person : null);
  /** @param {Place} next */
  const goTo = (next) => {
    const left = place;
    place = next;
    draw();
    if (next === "history") history.focus();
    else if (next === "tour") tour.focus();
    else if (wide.matches) return;
    else if (next) person.focus();
    else if (left === "history") rail.focusHistory();
    else rail.focus();
  };
  /** @param {string} key */
  const choose = (key) => goTo({ person: key });
  const back = () => goTo(null);
  /**
   * @param {string} key
   * @param {import("./menu.js").Place} at
   */
  const menu = (key, at) => {
    const contact = snapshot?.contacts.find((one) => one.key === key);
    if (contact) openPersonMenu(actions, { ...go, note: edit }, contact, at);
  };
  /** @param {ContactView} contact */
  const edit = ({ key }) => {
    choose(key);
    person.editNote();
  };

  const rail = createRail(actions, {
    choose,
    menu,
    add: () => go.add(),
    invite: go.invite,
    settings: go.settings,
    history: () => goTo("history"),
    setUp: () => goTo("tour"),
  });
  const person = createPerson(actions, { ...go, menu, back });
  const history = createHistory(actions, { back, show: choose });
  const nobody = createNobody({ add: () => go.add() });
  const tour = createTour(actions, { add: () => go.add(), back, finish: back });
  const element = h("div", { class: "home" });
  const columns = h("div", { class: "columns" });
  element.append(columns);
  takeDrops(element, (link) => go.add(link));

  const draw = () => {
    if (!snapshot) return;
    const contact = snapshot.contacts.find(({ key }) => key === chosen());
    if ((chosen() && !contact) || (place === "tour" && !tour.isOpen)) place = null;
    if (place === null && wide.matches && tour.isOpen) place = "tour";
    rail.update(snapshot, { chosen: chosen(), history: place === "history", setUp: tour.isOpen && place !== "tour" });
    tour.update(snapshot);
    if (contact) person.update(contact, snapshot);
    else person.rest();
    nobody.update(snapshot.contacts.length === 0);
    const page = contact ? person.element : place === "history" ? history.element : place === "tour" ? tour.element : nobody.element;
    const parts = wide.matches ? [rail.element, page] : [place ? page : rail.element];
    const same = parts.length === columns.children.length && parts.every((part, at) => columns.children[at] === part);
    if (!same) columns.replaceChildren(...parts);
    // Alone in a narrow window, the list of people is what it is about.
    setAttribute(columns, "role", parts.length === 1 && !place ? "main" : null);
    if (place === "history") history.update(snapshot);
  };
  wide.addEventListener("change", draw);

  return {
    element,
    choose,
    /** Somebody was added: shown, unless there is more to set up. @param {string} key */
    added(key) {
      if (place === "tour") tour.focus();
      else choose(key);
    },
    /** The first start is over: what there is to do next is shown in narrow windows, too. */
    welcome() {
      tour.open();
      goTo("tour");
    },
    find() {
      if (!wide.matches && place) goTo(null);
      rail.focus();
    },
    /** @param {string} key of somebody who asks to become a contact */
    showRequest(key) {
      if (!wide.matches && place) goTo(null);
      rail.focusRequest(key);
    },
    rest: person.rest,
    /** @param {Snapshot} next */
    update(next) {
      snapshot = next;
      draw();
    },
  };
}
