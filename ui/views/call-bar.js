// The one bar of round controls under a call. It fades when nobody has touched anything for a while,
// never while a control has the keyboard's focus.
import { t } from "../i18n.js";
import { h, icon, setAttribute, setIcon } from "./dom.js";

/** How long the bar stays without pointer or keys, in milliseconds. */
export const FADE_AFTER_MS = 3_000;

/** @param {Pick<import("./actions.d.ts").Actions, "toggleMicrophone" | "toggleCamera" | "toggleScreen" | "hangUp">} actions */
export function createCallBar(actions) {
  const microphone = createToggle(t("call.microphone"), "microphone", "microphone-off", actions.toggleMicrophone);
  const camera = createToggle(t("call.camera"), "video", "video-off", actions.toggleCamera);
  const share = createToggle(t("call.share"), "screen", "screen", actions.toggleScreen);
  share.element.classList.add("share");
  const hangUp = h(
    "button",
    { type: "button", class: "round hang-up", "aria-label": t("call.hang_up"), title: t("call.hang_up"), onclick: () => actions.hangUp() },
    icon("hang-up"),
  );
  const element = h(
    "div",
    { class: "call-bar", role: "group", "aria-label": t("call.controls") },
    microphone.element,
    camera.element,
    share.element,
    hangUp,
  );

  return {
    element,
    /**
     * @param {import("../session.js").MediaView} media
     * @param {boolean} connected
     */
    update(media, connected) {
      microphone.update(media.microphone === "ok" && !media.muted);
      camera.update(media.camera === "ok");
      const reason = !media.canShare ? t("call.share_missing") : connected ? null : t("call.share_later");
      share.update(media.sharing, reason);
    },
  };
}

/**
 * @param {string} label
 * @param {string} on icon while pressed
 * @param {string} off icon while not
 * @param {() => void} toggle
 */
function createToggle(label, on, off, toggle) {
  const mark = icon(off);
  const element = h("button", { type: "button", class: "round", "aria-label": label, onclick: () => toggle() }, mark);
  return {
    element,
    /**
     * @param {boolean} pressed
     * @param {string | null} [missing] why it cannot be used now
     */
    update(pressed, missing = null) {
      setAttribute(element, "aria-pressed", String(pressed));
      setAttribute(element, "title", missing ?? label);
      element.disabled = missing !== null;
      setIcon(mark, pressed ? on : off);
    },
  };
}

/**
 * Adds the class `quiet` to `stage` while nothing moves and it is allowed.
 * @param {HTMLElement} stage
 * @param {HTMLElement} bar
 * @param {() => boolean} allowed
 */
export function fadeWhenStill(stage, bar, allowed) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const settle = () => {
    if (!allowed()) return;
    if (bar.querySelector(":focus-visible") || bar.matches(":hover")) wake();
    else stage.classList.add("quiet");
  };
  const wake = () => {
    stage.classList.remove("quiet");
    clearTimeout(timer);
    timer = setTimeout(settle, FADE_AFTER_MS);
  };
  for (const type of ["pointermove", "pointerdown", "keydown", "focusin"]) {
    stage.addEventListener(type, wake, { passive: true });
  }
  // A finger on the faded bar brings it back and does nothing else: nobody hangs up on what they cannot see.
  let swallow = false;
  bar.addEventListener(
    "pointerdown",
    (event) => {
      swallow = event.pointerType === "touch" && stage.classList.contains("quiet");
    },
    { capture: true },
  );
  bar.addEventListener(
    "click",
    (event) => {
      if (!swallow) return;
      swallow = false;
      event.stopPropagation();
    },
    { capture: true },
  );
  return wake;
}
