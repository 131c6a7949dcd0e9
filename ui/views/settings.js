// The settings: sections one under the other, with a list of them beside it where there is room. What is changed holds
// at once, and can be undone.
import { t } from "../i18n.js";
import { openPanel } from "./dialog.js";
import { h, icon, setAttribute } from "./dom.js";
import { createAbout } from "./settings/about.js";
import { createAppearance } from "./settings/appearance.js";
import { createCalls } from "./settings/calls.js";
import { createDevices } from "./settings/devices.js";
import { createKeeper } from "./settings/keeper.js";
import { createNotifications } from "./settings/notifications.js";
import { createPrivacy } from "./settings/privacy.js";
import { createProfile } from "./settings/profile.js";
import { createStorage } from "./settings/storage.js";

/** @typedef {import("../types.d.ts").Snapshot} Snapshot */
/** @typedef {import("../types.d.ts").Settings} Settings */
/**
 * @typedef {{
 *   title: string,
 *   icon: string,
 *   element: HTMLElement,
 *   draw?(settings: Settings): void,
 *   flush?(): void,
 *   close?(): void,
 * }} Section `draw`: shows what holds; `flush`: keeps what was typed last
 */

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {Snapshot} first
 * @param {() => void} onclose
 */
export function openSettings(actions, first, onclose) {
  const keeper = createKeeper(actions, first.settings);
  /** @type {Section[]} */
  const sections = [
    createProfile(actions, first),
    createDevices(actions, keeper),
    createCalls(actions, keeper),
    createPrivacy(actions, keeper, first.privacy),
    createNotifications(actions, keeper),
    createAppearance(keeper),
    createStorage(actions, keeper),
    createAbout(actions, keeper, first.update),
  ];
  const draw = () => {
    for (const section of sections) section.draw?.(keeper.settings);
  };
  keeper.onchange = draw;

  const groups = sections.map((section, at) => {
    const title = h("h3", { id: `settings-title-${at}`, tabindex: -1 }, section.title);
    section.element.prepend(title);
    section.element.classList.add("settings-group");
    setAttribute(section.element, "aria-labelledby", title.id);
    const link = h(
      "button",
      {
        type: "button",
        class: "settings-link",
        onclick: () => {
          section.element.scrollIntoView({ block: "start" });
          title.focus();
          mark(at);
        },
      },
      icon(section.icon),
      h("span", {}, section.title),
    );
    return { title, link, element: section.element };
  });
  /** @param {number} current */
  const mark = (current) => {
    groups.forEach(({ link }, at) => setAttribute(link, "aria-current", at === current ? "true" : null));
  };
  mark(0);

  const pages = h("div", { class: "settings-pages", tabindex: -1 }, ...groups.map(({ element }) => element));
  // The list follows what is read, or worked on.
  pages.addEventListener(
    "scroll",
    () => {
      const top = pages.getBoundingClientRect().top + 48;
      const below = groups.findIndex(({ element }) => element.getBoundingClientRect().bottom > top);
      const atEnd = pages.scrollTop + pages.clientHeight >= pages.scrollHeight - 2;
      mark(atEnd ? groups.length - 1 : Math.max(0, below));
    },
    { passive: true },
  );
  const list = h("nav", { class: "settings-nav", "aria-label": t("settings.sections") }, ...groups.map(({ link }) => link));

  const { element } = openPanel({
    title: t("settings.title"),
    large: true,
    onclose: () => {
      for (const section of sections) {
        section.flush?.();
        section.close?.();
      }
      onclose();
    },
    body: [h("div", { class: "settings" }, list, pages)],
  });
  element.classList.add("settings-dialog");
  draw();
  groups[0]?.title.focus();

  return {
    element,
    /** @param {Snapshot} next */
    update: (next) => keeper.follow(next.settings),
  };
}
