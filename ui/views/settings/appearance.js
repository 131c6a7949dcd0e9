// Settings → Appearance: colours and language.
import { LANGUAGES, t } from "../../i18n.js";
import { h } from "../dom.js";
import { createChoice } from "./choice.js";

/** @typedef {import("../../types.d.ts").Theme} Theme */

/** @type {readonly Theme[]} */
const THEMES = ["system", "light", "dark", "contrast"];
/** @type {Record<Theme, import("../../i18n.js").Key>} */
const NAMES = { system: "looks.system", light: "looks.light", dark: "looks.dark", contrast: "looks.contrast" };

/**
 * @param {import("./keeper.js").Keeper} keeper
 * @returns {import("../settings.js").Section}
 */
export function createAppearance(keeper) {
  const theme = createChoice({
    id: "settings-theme",
    label: t("looks.theme"),
    choose: (value) => keeper.keep({ theme: THEMES.find((one) => one === value) ?? "system" }),
  });
  const language = createChoice({
    id: "settings-language",
    label: t("looks.language"),
    choose: (value) => keeper.keep({ language: value === "" ? null : value }),
  });
  const languages = Object.entries(LANGUAGES).map(([value, { name }]) => ({ value, label: name }));
  return {
    title: t("looks.title"),
    icon: "colours",
    element: h("section", {}, theme.element, language.element),
    draw(settings) {
      theme.draw(THEMES.map((value) => ({ value, label: t(NAMES[value]) })), settings.theme);
      language.draw([{ value: "", label: t("looks.system") }, ...languages], settings.language ?? "");
    },
  };
}
