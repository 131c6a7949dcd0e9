// What the other side sees of me: a fifth of the width, in a corner of the stage it can be dragged to.
// My face is mirrored, as people know it; a shared screen is not.
import { t } from "../i18n.js";
import { h, icon, setAttribute } from "./dom.js";

/** Clockwise, as the button walks through them. */
const CORNERS = /** @type {const} */ (["bottom-right", "bottom-left", "top-left", "top-right"]);

export function createSelfView() {
  const video = h("video", { autoplay: true, playsinline: true, "aria-label": t("call.you") });
  video.muted = true;
  const move = h(
    "button",
    { type: "button", class: "self-move", "aria-label": t("call.move_self"), title: t("call.move_self") },
    icon("corner"),
  );
  const element = h("div", { class: "self-view", "data-corner": CORNERS[0] }, video, move);

  move.addEventListener("click", () => {
    const at = CORNERS.findIndex((corner) => corner === element.dataset.corner);
    element.dataset.corner = CORNERS[(at + 1) % CORNERS.length];
  });

  /** @type {{ pointer: number, x: number, y: number } | null} */
  let drag = null;
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || (event.target instanceof Element && move.contains(event.target))) return;
    drag = { pointer: event.pointerId, x: event.clientX, y: event.clientY };
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drag?.pointer) return;
    element.classList.add("dragged");
    element.style.transform = `translate(${event.clientX - drag.x}px, ${event.clientY - drag.y}px)`;
  });
  const drop = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId !== drag?.pointer) return;
    drag = null;
    const stage = element.parentElement?.getBoundingClientRect();
    const mine = element.getBoundingClientRect();
    if (stage) {
      const down = mine.y + mine.height / 2 > stage.y + stage.height / 2 ? "bottom" : "top";
      const right = mine.x + mine.width / 2 > stage.x + stage.width / 2 ? "right" : "left";
      element.dataset.corner = `${down}-${right}`;
    }
    element.classList.remove("dragged");
    element.style.transform = "";
  };
  element.addEventListener("pointerup", drop);
  element.addEventListener("pointercancel", drop);

  return {
    element,
    /**
     * @param {MediaStream | null} stream
     * @param {{ shown: boolean, mirrored: boolean }} how
     */
    update(stream, { shown, mirrored }) {
      if (video.srcObject !== stream) video.srcObject = stream;
      setAttribute(element, "data-shown", String(shown));
      setAttribute(element, "data-mirrored", String(mirrored));
      move.tabIndex = shown ? 0 : -1;
    },
  };
}
