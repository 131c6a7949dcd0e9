// Keeps settings as they are changed: one save after the other, each with a way back.
import { t } from "../../i18n.js";
import { sentence } from "../dom.js";

/** @typedef {import("../../types.d.ts").Settings} Settings */
/** @typedef {ReturnType<typeof createKeeper>} Keeper */

/**
 * @param {Pick<import("../actions.d.ts").Actions, "saveSettings" | "notify">} actions
 * @param {Settings} first
 */
export function createKeeper(actions, first) {
  let settings = first;
  let saving = 0;
  let queue = Promise.resolve();

  /**
   * @param {Partial<Settings>} change
   * @param {boolean} undoing
   */
  const put = (change, undoing) => {
    const names = /** @type {(keyof Settings)[]} */ (Object.keys(change));
    const same = (/** @type {keyof Settings} */ name) => JSON.stringify(settings[name]) === JSON.stringify(change[name]);
    if (names.every(same)) return;
    const before = /** @type {Partial<Settings>} */ (Object.fromEntries(names.map((name) => [name, settings[name]])));
    settings = { ...settings, ...change };
    keeper.onchange();
    saving += 1;
    queue = queue.then(async () => {
      try {
        await actions.saveSettings(settings);
        if (undoing) actions.notify(t("settings.undone"));
        else actions.notify(t("settings.saved"), "info", { label: t("settings.undo"), run: () => put(before, true) });
      } catch (failure) {
        settings = { ...settings, ...before };
        actions.notify(sentence(failure, t("error.unknown")), "error");
        keeper.onchange();
      } finally {
        saving -= 1;
      }
    });
  };

  const keeper = {
    /** What was chosen; what holds once it is saved. */
    get settings() {
      return settings;
    },
    /** Called after every change, also one that was refused or undone. */
    onchange: () => {},
    /** @param {Partial<Settings>} change */
    keep: (change) => put(change, false),
    /** What the core holds, unless something newer is on its way there. @param {Settings} next */
    follow(next) {
      if (saving > 0 || JSON.stringify(next) === JSON.stringify(settings)) return;
      settings = next;
      keeper.onchange();
    },
  };
  return keeper;
}
