// How the call travels, always in sight; what is behind it, one click away. A change is said once, politely.
import { t } from "../i18n.js";
import { detailRows, pathDetail, pathText } from "../wording.js";
import { h, reconcile, setAttribute, setText } from "./dom.js";

/** @typedef {import("../session.js").MediaView} MediaView */

/** @param {HTMLElement} mark the quality's bars, beside it */
export function createPathBadge(mark) {
  const path = h("span", { class: "path-words" });
  const button = h("button", { type: "button", class: "path-button", "aria-expanded": "false", "aria-controls": "path-details", onclick: () => open(panel.hidden) }, path);
  const element = h("div", { class: "path", role: "group", "aria-label": t("call.path") }, button);
  const rows = h("dl", { class: "path-rows" });
  const panel = h(
    "div",
    { class: "path-details", id: "path-details", role: "group", "aria-label": t("path.details"), hidden: true },
    rows,
  );
  const said = h("p", { class: "said", "aria-live": "polite" });
  const marks = h("div", { class: "marks" }, element, mark, panel, said);

  /** @param {boolean} on */
  const open = (on) => {
    panel.hidden = !on;
    if (on) drawRows();
    setAttribute(button, "aria-expanded", String(on));
  };
  marks.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    event.stopPropagation();
    open(false);
    button.focus();
  });

  /** What was said last. */
  let last = "";
  /** What the details are about. @type {[label: string, value: string][]} */
  let known = [];
  /** They change every second, and are drawn while somebody reads them. */
  const drawRows = () =>
    reconcile(
      rows,
      known,
      ([label]) => label,
      ([label]) => h("div", {}, h("dt", { dir: "auto" }, label), h("dd", { dir: "auto" })),
      (row, [, value]) => setText(/** @type {Element} */ (row.lastElementChild), value),
    );

  return {
    element: marks,
    /** Whether somebody is reading the details. */
    get isOpen() {
      return !panel.hidden;
    },
    close: () => open(false),
    /**
     * @param {Pick<MediaView, "path" | "details">} media
     * @param {string} name of the other side
     */
    update({ path: now, details }, name) {
      const text = pathText(now);
      setText(path, text);
      setAttribute(button, "title", pathDetail(now));
      setAttribute(element, "data-kind", now?.kind);
      if (now && text !== last) {
        last = text;
        setText(said, t("path.said", { text }));
      }
      known = /** @type {[string, string][]} */ (detailRows(now, details, name));
      if (!panel.hidden) drawRows();
    },
    /** The call is over: the next one's path is news again. */
    clear() {
      open(false);
      last = "";
      setText(said, "");
    },
  };
}
