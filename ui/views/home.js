// The people and the chosen one: side by side from 720 px, one after the other below.
import { createNobody, createPerson } from "./person.js";
import { createRail } from "./rail.js";
import { h } from "./dom.js";

/** @typedef {import("../types.d.ts").Snapshot} Snapshot */
/** @typedef {import("../types.d.ts").ContactView} ContactView */

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {{ add(): void, invite(): void, settings(): void, rename(contact: ContactView): void, remove(contact: ContactView): void, block(contact: ContactView): void }} go
 * @param {MediaQueryList} wide
 */
export function createHome(actions, go, wide) {
  /** @type {string | null} */ let chosen = null;
  /** @type {Snapshot | null} */ let snapshot = null;

  /** @param {string | null} key */
  const choose = (key) => {
    chosen = key;
    draw();
    if (wide.matches) return;
    if (key) person.focus();
    else rail.focus();
  };
  const rail = createRail(actions, { choose, add: go.add, invite: go.invite, settings: go.settings });
  const person = createPerson(actions, { ...go, back: () => choose(null) });
  const nobody = createNobody(go);
  const element = h("div", { class: "home" });

  const draw = () => {
    if (!snapshot) return;
    const contact = snapshot.contacts.find(({ key }) => key === chosen);
    if (!contact) chosen = null;
    rail.update(snapshot, chosen);
    if (contact) person.update(contact, snapshot.settings);
    else person.rest();
    nobody.update(snapshot.contacts.length === 0);
    const page = contact ? person.element : nobody.element;
    const parts = wide.matches ? [rail.element, page] : [contact ? page : rail.element];
    const same = parts.length === element.children.length && parts.every((part, at) => element.children[at] === part);
    if (!same) element.replaceChildren(...parts);
  };
  wide.addEventListener("change", draw);

  return {
    element,
    choose,
    find() {
      if (!wide.matches && chosen) choose(null);
      rail.focus();
    },
    rest: person.rest,
    /** @param {Snapshot} next */
    update(next) {
      snapshot = next;
      draw();
    },
  };
}
