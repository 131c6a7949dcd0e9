// The language and the colours of the page. They are settings; since a page needs both before it can ask for the
// settings, and the popup may not ask at all, the browser's storage holds a copy of them.
import { speak } from "./i18n.js";

/** @typedef {Pick<import("./types.d.ts").Settings, "language" | "theme">} Look */

const STORED = "look";

/** @returns {Look} */
function stored() {
  try {
    return { language: null, theme: "system", ...JSON.parse(localStorage.getItem(STORED) ?? "{}") };
  } catch {
    return { language: null, theme: "system" };
  }
}

/** @param {Look} look @returns whether the next page will have it */
function store(look) {
  try {
    localStorage.setItem(STORED, JSON.stringify(look));
    return true;
  } catch {
    return false;
  }
}

const dark = () => matchMedia("(prefers-color-scheme: dark)");
const contrast = () => matchMedia("(prefers-contrast: more)");

/**
 * The style sheets know two attributes of the document: data-theme, light or dark, and data-contrast, more or none.
 * @param {Look["theme"]} theme
 */
export function paint(theme) {
  const { dataset } = document.documentElement;
  const own = theme === "light" || theme === "dark" ? theme : null;
  dataset.theme = own ?? (dark().matches ? "dark" : "light");
  if (theme === "contrast" || contrast().matches) dataset.contrast = "more";
  else delete dataset.contrast;
}

/** What the page has on. */
let worn = stored();

/** Gives the page the look it had last. The system's colours are followed. */
export async function wear() {
  const again = () => paint(worn.theme);
  again();
  for (const query of [dark(), contrast()]) query.addEventListener("change", again);
  await speak(worn.language);
}

/**
 * Takes over what the person has set. Colours change at once; another language needs the page to be made anew.
 * @param {Look} settings
 * @param {boolean} mayReload nothing would be lost
 * @param {() => void} reload
 */
export function follow({ language, theme }, mayReload, reload) {
  if (theme !== worn.theme) {
    paint(theme);
    worn = { ...worn, theme };
    store(worn);
  }
  if (language !== worn.language && mayReload) {
    const next = { language, theme };
    // Where nothing is stored, the page would come back as it is, again and again.
    if (store(next)) reload();
    worn = next;
  }
}
