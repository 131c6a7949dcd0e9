// Settings → Storage: how long calls are remembered.
import { t } from "../../i18n.js";
import { h, icon } from "../dom.js";
import { openDeleteAll } from "../history.js";
import { createChoice } from "./choice.js";

/** How many days there are to choose from. */
const DAYS = [7, 30, 90, 365];

/**
 * @param {Pick<import("../actions.d.ts").Actions, "deleteHistory" | "notify">} actions
 * @param {import("./keeper.js").Keeper} keeper
 * @returns {import("../settings.js").Section}
 */
export function createStorage(actions, keeper) {
  const retention = createChoice({
    id: "settings-retention",
    label: t("settings.retention"),
    choose: (value) => keeper.keep({ history_days: value === "" ? null : Number(value) }),
    below: [h("p", { class: "hint" }, t("settings.storage_hint"))],
  });
  return {
    title: t("settings.storage"),
    icon: "history",
    element: h(
      "section",
      {},
      retention.element,
      h("button", { type: "button", class: "button quiet", onclick: () => openDeleteAll(actions) }, icon("remove"), t("history.delete_all")),
    ),
    draw({ history_days: days }) {
      const all = days === null || DAYS.includes(days) ? DAYS : [...DAYS, days].sort((a, b) => a - b);
      const options = all.map((count) => ({ value: String(count), label: t("settings.keep_days", { count }) }));
      retention.draw([{ value: "", label: t("settings.keep_forever") }, ...options], days === null ? "" : String(days));
    },
  };
}
