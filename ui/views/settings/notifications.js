// Settings → Notifications: when calls may disturb, and that they reach one at all.
import { t } from "../../i18n.js";
import { h, sentence } from "../dom.js";
import { createSwitch } from "../switch.js";

/**
 * @param {Pick<import("../actions.d.ts").Actions, "autostart" | "setAutostart" | "notify">} actions
 * @param {import("./keeper.js").Keeper} keeper
 * @returns {import("../settings.js").Section}
 */
export function createNotifications(actions, keeper) {
  /** @param {unknown} failure */
  const failed = (failure) => actions.notify(sentence(failure, t("error.unknown")), "error");
  const favorites = createSwitch({
    id: "settings-favorites",
    label: t("notify.favorites"),
    hint: t("notify.favorites_hint"),
    set: (on) => void keeper.keep({ favorites_break_quiet: on }),
    failed,
  });
  /**
   * @param {boolean} on
   * @param {boolean} undoing
   */
  const setAutostart = async (on, undoing) => {
    await actions.setAutostart(on);
    autostart.update(on);
    if (undoing) actions.notify(t("settings.undone"));
    else actions.notify(t("settings.saved"), "info", { label: t("settings.undo"), run: () => void setAutostart(!on, true).catch(failed) });
  };
  const autostart = createSwitch({
    id: "settings-autostart",
    label: t("notify.autostart"),
    hint: t("notify.autostart_hint"),
    set: (on) => setAutostart(on, false),
    failed,
  });
  autostart.load(actions.autostart());
  return {
    title: t("notify.title"),
    icon: "bell",
    element: h("section", {}, favorites.element, autostart.element),
    draw: (settings) => favorites.update(settings.favorites_break_quiet),
  };
}
