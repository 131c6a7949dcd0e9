// One person in the rail: to be opened, called, and, by the other mouse button or the menu key, everything else.
import { t } from "../i18n.js";
import { standingText } from "../people.js";
import { createAvatar } from "./avatar.js";
import { createBadge } from "./badge.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { onContextMenu } from "./menu.js";

/** @typedef {import("../types.d.ts").ContactView} ContactView */

/**
 * @param {string} key
 * @param {Pick<import("./actions.d.ts").Actions, "call">} actions
 * @param {{ choose(key: string): void, menu(key: string, place: import("./menu.js").Place): void }} go
 */
export function createRow(key, actions, { choose, menu }) {
  const avatar = createAvatar("small");
  const dot = h("span", { class: "presence-dot" });
  const name = h("span", { class: "row-name", dir: "auto" });
  // Beside the button, whose name it is no part of; it is said as its description.
  const standing = h("span", { class: "row-standing", dir: "auto", "aria-hidden": "true" });
  const badge = createBadge();
  const line = h("span", { class: "row-line" }, name, badge.element);
  const face = h("span", { class: "row-face" }, avatar.element, dot);
  const open = h("button", { type: "button", class: "row-open", onclick: () => choose(key) }, face, line);
  const voice = h("button", { type: "button", class: "icon-button", onclick: () => actions.call(key, false) }, icon("phone"));
  const video = h("button", { type: "button", class: "icon-button", onclick: () => actions.call(key, true) }, icon("video"));
  const element = h("li", { class: "row" }, open, standing, voice, video);
  onContextMenu(element, (place) => menu(key, place));
  return {
    element,
    /**
     * @param {ContactView} contact
     * @param {boolean} chosen
     */
    update(contact, chosen) {
      avatar.update(contact.name, contact.key);
      setText(name, contact.name);
      const says = standingText(contact, Date.now());
      standing.hidden = says === "";
      setAttribute(element, "data-standing", says === "" ? null : "true");
      setText(standing, says);
      dot.hidden = contact.reachable === null || contact.blocked;
      setAttribute(dot, "data-here", String(contact.reachable === true));
      badge.update(contact.verified);
      for (const button of [voice, video]) button.hidden = contact.blocked;
      const described = [contact.verified ? t("person.verified") : "", says].filter(Boolean).join(" · ");
      setAttribute(open, "aria-description", described || null);
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
