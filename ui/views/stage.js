// The dark stage of a call, from "Calling…" to the reason it ended.
import { t } from "../i18n.js";
import { clock, notConnectedText, qualityText, statusText, troubles } from "../wording.js";
import { createAvatar } from "./avatar.js";
import { createBadge } from "./badge.js";
import { createCallBar, fadeWhenStill } from "./call-bar.js";
import { h, icon, reconcile, setAttribute, setText } from "./dom.js";
import { createPathBadge } from "./path-badge.js";
import { createSelfView } from "./self-view.js";
import { createVoiceRing } from "./voice-ring.js";
import { createFreeAfterCall } from "./when-free.js";

/** @typedef {import("../types.d.ts").CallSnapshot} CallSnapshot */
/** @typedef {import("../session.js").MediaView} MediaView */
/**
 * @typedef {{
 *   call: CallSnapshot,
 *   contact: import("../types.d.ts").ContactView | undefined,
 *   verified: boolean,
 *   policy: import("../types.d.ts").IcePolicy,
 *   media: MediaView,
 *   connectedAt: number | null,
 *   speaker: string | null,
 * }} StageModel
 *   `connectedAt`: when the media first connected, on the clock of `performance.now()`; `speaker`: a device, null: the
 *   system's choice
 */

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {() => void} findOutWhy a call did not connect
 */
export function createStage(actions, findOutWhy) {
  const avatar = createAvatar("large");
  const ring = createVoiceRing(actions.voiceLevel);
  const video = h("video", { class: "stage-video", autoplay: true, playsinline: true });
  const name = h("h1", { class: "who-name", dir: "auto" });
  const badge = createBadge();
  const muted = h("span", { class: "who-muted", role: "img" }, icon("microphone-off"));
  const status = h("p", { class: "who-status", role: "status" });
  const timer = h("p", { class: "who-timer", role: "timer", "aria-label": t("call.duration") });
  const quality = h("div", { class: "quality", role: "img" }, h("i"), h("i"), h("i"));
  const path = createPathBadge(quality);
  const trouble = h("ul", { class: "troubles", "aria-live": "polite" });
  const self = createSelfView();
  const bar = createCallBar(actions);
  const close = h("button", { type: "button", class: "button quiet", onclick: () => actions.dismiss() }, t("ended.close"));
  const again = h("button", { type: "button", class: "button primary", onclick: () => model && callAgain(actions, model.call) }, t("ended.again"));
  const why = h("button", { type: "button", class: "button quiet", onclick: findOutWhy }, t("doctor.why"));
  const free = createFreeAfterCall(actions);
  const ended = h("div", { class: "ended-bar" }, why, free.element, close, again);

  const element = h(
    "section",
    { class: "stage", tabindex: -1 },
    video,
    h("div", { class: "stage-face" }, ring.element, avatar.element),
    h("div", { class: "who" }, h("div", { class: "who-line" }, name, badge.element), muted, status, timer),
    path.element,
    trouble,
    self.element,
    bar.element,
    ended,
  );

  /** @type {StageModel | null} */
  let model = null;
  const showsPicture = () => Boolean(model?.media.remoteVideo && video.videoWidth > 0);
  const wake = fadeWhenStill(element, bar.element, () => model?.call.phase === "connected" && showsPicture() && !path.isOpen);

  const tick = () => {
    if (model?.connectedAt != null) setText(timer, clock(performance.now() - model.connectedAt));
  };
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let ticking;
  /** Runs the clock while there is one and it is looked at. */
  const drawTime = () => {
    timer.hidden = model === null || model.connectedAt === null || modeOf(model.call) === "ended";
    if (timer.hidden || document.hidden) {
      clearInterval(ticking);
      ticking = undefined;
    } else {
      tick();
      ticking ??= setInterval(tick, 1_000);
    }
  };

  const drawPicture = () => {
    setAttribute(element, "data-picture", String(showsPicture()));
    ring.run(model?.call.phase === "connected" && !showsPicture() && !document.hidden);
  };
  document.addEventListener("visibilitychange", () => {
    drawTime();
    drawPicture();
  });
  for (const type of ["loadeddata", "resize", "emptied"]) video.addEventListener(type, drawPicture);

  return {
    element,
    /** @param {StageModel} next */
    update(next) {
      const before = model?.call;
      model = next;
      const { call, media } = next;
      const mode = modeOf(call);
      if (before?.id !== call.id || before.phase !== call.phase) wake();
      setAttribute(element, "data-mode", mode);
      setAttribute(element, "data-phase", call.phase);
      setAttribute(element, "aria-label", call.name);

      avatar.update(call.name, call.contact);
      setText(name, call.name);
      setAttribute(name, "title", call.name);
      badge.update(next.verified && call.reason !== "untrusted");
      muted.hidden = mode !== "talking" || !media.remoteMuted || media.held;
      setAttribute(muted, "aria-label", t("call.peer_muted", { name: call.name }));
      setAttribute(muted, "title", t("call.peer_muted", { name: call.name }));
      const unconnected = call.reason === "not_connected";
      setAttribute(element, "data-held", String(media.held));
      setText(status, unconnected ? notConnectedText(next.policy, media.relays, call.name, media.diagnosis) : statusText(call, media.held));

      drawTime();

      setAttribute(video, "aria-label", call.name);
      if (video.srcObject !== media.remote) video.srcObject = media.remote;
      hearOn(video, next.speaker);
      drawPicture();

      path.element.hidden = mode !== "talking";
      if (mode === "talking") path.update(media, call.name);
      quality.hidden = media.quality === null || media.held;
      if (media.quality) {
        setAttribute(quality, "data-level", media.quality.level);
        setAttribute(quality, "aria-label", qualityText(media.quality));
        setAttribute(quality, "title", qualityText(media.quality));
      }

      const words = mode === "ended" ? [] : troubles(media, call.name);
      reconcile(trouble, words, (text) => text, (text) => h("li", { dir: "auto" }, text));

      const shown = mode !== "ended" && (media.camera === "ok" || media.sharing);
      self.update(media.preview, { shown, mirrored: !media.sharing });
      bar.element.hidden = mode === "ended";
      bar.update(media, call.phase === "connected" || call.phase === "reconnecting");
      ended.hidden = mode !== "ended";
      free.update(call, next.contact);
      why.hidden = call.reason !== "not_connected" && call.reason !== "lost";
      if (mode === "ended" && before && before.phase !== "ended") again.focus();
    },
    /** Lets go of the pictures when the stage leaves. */
    clear() {
      model = null;
      drawTime();
      ring.run(false);
      path.clear();
      video.srcObject = null;
      self.update(null, { shown: false, mirrored: true });
    },
  };
}

/**
 * Where the webview lets a page choose. A speaker that is gone leaves the system's.
 * @param {HTMLVideoElement} video
 * @param {string | null} speaker
 */
function hearOn(video, speaker) {
  if (typeof video.setSinkId !== "function" || video.sinkId === (speaker ?? "")) return;
  video.setSinkId(speaker ?? "").catch(() => {});
}

/** @param {CallSnapshot} call @returns {"calling" | "talking" | "ended"} */
function modeOf({ phase }) {
  switch (phase) {
    case "inviting":
    case "ringing":
    case "connecting":
      return "calling";
    case "connected":
    case "reconnecting":
      return "talking";
    case "ended":
      return "ended";
  }
}

/**
 * @param {Pick<import("./actions.d.ts").Actions, "call">} actions
 * @param {CallSnapshot} call
 */
export function callAgain(actions, call) {
  actions.call(call.contact, call.direction === "outgoing" ? call.video : call.peer_video);
}
