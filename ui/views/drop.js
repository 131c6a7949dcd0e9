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
  const link = /ringdown:[^\s"'<>]+/i.exec(all) ?? /https?:\/\/[^\s"'<>]+/i.exec(all);
  // An invite ends with letters, a sentence around it with a full stop, a bracket or the like.
  return link?.[0].replace(/[^\w-]+$/, "") ?? text;
}

/**
 * @param {HTMLElement} target
 * @param {(link: string) => void} add
 */
export function takeDrops(target, add) {
  const shade = h("div", { class: "drop-shade", hidden: true, "aria-hidden": "true" }, icon("add"), h("p", {}, t("people.drop")));
  target.append(shade);
  /** @param {DragEvent} event */
  const takes = ({ dataTransfer, target: at }) => {
    if (!dataTransfer || !holdsText(dataTransfer) || document.querySelector("dialog[open]")) return false;
    // A field takes text as fields do.
    return !(at instanceof Element && at.closest("input, textarea"));
  };
  /** What the pointer came to last. That it left one is told after that it came to the next, and WebKit names no next. @type {EventTarget | null} */
  let over = null;
  /** @param {DragEvent} event */
  const move = (event) => {
    over = event.target;
    shade.hidden = !takes(event);
    if (shade.hidden || !event.dataTransfer) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  };
  target.addEventListener("dragenter", move);
  target.addEventListener("dragover", move);
  target.addEventListener("dragleave", (event) => {
    if (event.target === over) shade.hidden = true;
  });
  target.addEventListener("drop", (event) => {
    shade.hidden = true;
    if (!takes(event) || !event.dataTransfer) return;
    event.preventDefault();
    const link = inviteIn(event.dataTransfer);
    if (link !== "") add(link);
  });
}
