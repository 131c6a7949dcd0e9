// An invite that is dragged onto the window: a link, or text with one in it.
import { t } from "../i18n.js";
import { h, icon } from "./dom.js";

/** @param {DataTransfer} data */
const holdsText = (data) => [...data.types].some((type) => type === "text/uri-list" || type === "text/plain");

/**
 * The invite in what was dropped: the first `ringdown:` link, else a web link, else all of it, which "Add contact" judges.
 * @param {{ getData(type: string): string }} data
 */
export function inviteIn(data) {
  const uris = data.getData("text/uri-list").split(/\r?\n/).find((line) => line !== "" && !line.startsWith("#"));
  const text = data.getData("text/plain").trim();
  const all = `${uris ?? ""} ${text}`;
  return /ringdown:[^\s"'<>]+/i.exec(all)?.[0] ?? /https?:\/\/[^\s"'<>]+/i.exec(all)?.[0] ?? text;
}

/**
 * @param {HTMLElement} target
 * @param {(link: string) => void} add
 */
export function takeDrops(target, add) {
  const shade = h("div", { class: "drop-shade", hidden: true, "aria-hidden": "true" }, icon("add"), h("p", {}, t("people.drop")));
  target.append(shade);
  /** @param {DragEvent} event */
  const over = (event) => {
    if (!event.dataTransfer || !holdsText(event.dataTransfer) || document.querySelector("dialog[open]")) return;
    // A field takes text as fields do.
    if (event.target instanceof Element && event.target.closest("input, textarea")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    shade.hidden = false;
  };
  target.addEventListener("dragenter", over);
  target.addEventListener("dragover", over);
  target.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node && target.contains(event.relatedTarget))) shade.hidden = true;
  });
  target.addEventListener("drop", (event) => {
    const shown = !shade.hidden;
    shade.hidden = true;
    if (!shown || !event.dataTransfer) return;
    event.preventDefault();
    const link = inviteIn(event.dataTransfer);
    if (link !== "") add(link);
  });
}
