// A call with oneself, on this computer: what the camera sees and the microphone hears comes back, as others get it.
import { t } from "../i18n.js";
import { openPanel } from "./dialog.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { createMeter } from "./meter.js";

/**
 * @param {Pick<import("./actions.d.ts").Actions, "loopCall" | "tryDevices" | "notify">} actions
 * @param {() => void} worked called once it has
 */
export function openTestCall(actions, worked) {
  const call = actions.loopCall();
  /** @type {MediaStream | null} */ let own = null;
  let ended = false;
  let done = false;

  const says = h("p", { class: "center", role: "status" }, t("test.connecting"));
  const video = h("video", { class: "scan-video loop-video", autoplay: true, playsinline: true, hidden: true, "aria-label": t("test.video") });
  const meter = createMeter();
  const hint = h("p", { class: "hint center", hidden: true }, t("test.headphones"));
  const end = h("button", { type: "button", class: "button danger", onclick: () => panel.close() }, icon("hang-up"), t("test.end"));
  const panel = openPanel({
    title: t("test.title"),
    body: [says, video, meter.element, hint, h("div", { class: "center" }, end)],
    onclose: () => {
      ended = true;
      meter.rest();
      call.removeEventListener("change", draw);
      call.close();
      video.srcObject = null;
      for (const track of own?.getTracks() ?? []) track.stop();
      if (done) {
        actions.notify(t("test.ended"));
        worked();
      }
    },
  });
  end.focus();

  const draw = () => {
    if (call.state === "failed") setText(says, t("test.failed"));
    if (call.state !== "connected" || !call.stream) return;
    if (!done) meter.follow(() => call.voiceLevel());
    done = true;
    const kinds = call.stream.getTracks().map(({ kind }) => kind);
    if (video.srcObject !== call.stream) video.srcObject = call.stream;
    // Without a picture it still plays the voice.
    video.hidden = !kinds.includes("video");
    hint.hidden = !kinds.includes("audio");
    setText(says, t(kinds.includes("video") ? "test.seen" : "test.heard"));
    setAttribute(panel.element, "data-connected", "true");
  };
  call.addEventListener("change", draw);

  const begin = async () => {
    const { stream } = await actions.tryDevices();
    own = stream;
    const tracks = stream.getTracks();
    if (ended) {
      for (const track of tracks) track.stop();
    } else if (tracks.length === 0) {
      setText(says, t("test.silent"));
    } else {
      await call.start(tracks);
    }
  };
  begin().catch(() => call.fail());
  return panel;
}
