// Settings → Devices: which camera, microphone and speaker, tried before they are needed; and what a call sounds like.
import { t } from "../../i18n.js";
import { h, icon, setIcon, setText } from "../dom.js";
import { createMeter } from "../meter.js";
import { openTestCall } from "../test-call.js";
import { createChoice } from "./choice.js";
import { createRingtone } from "./ringtone.js";

/** @typedef {import("../../types.d.ts").Settings} Settings */
/** @typedef {import("../../media.js").DeviceState} DeviceState */
/** @typedef {import("../../i18n.js").Key} Key */

/** @type {Record<DeviceState, Key | null>} */
const CAMERA = { ok: null, off: null, none: "devices.no_camera", denied: "devices.camera_denied", busy: "devices.camera_busy" };
/** @type {Record<DeviceState, Key | null>} */
const MICROPHONE = {
  ok: null,
  off: null,
  none: "devices.no_microphone",
  denied: "devices.microphone_denied",
  busy: "devices.microphone_busy",
};

/**
 * @param {import("../actions.d.ts").Actions} actions
 * @param {import("./keeper.js").Keeper} keeper
 * @returns {import("../settings.js").Section}
 */
export function createDevices(actions, keeper) {
  /** @type {readonly MediaDeviceInfo[]} */
  let devices = [];
  /** @param {"camera" | "microphone" | "speaker" | "ring_device"} name */
  const choose = (name) => (/** @type {string} */ value) => {
    keeper.keep({ [name]: value === "" ? null : value });
    if (trial && (name === "camera" || name === "microphone")) start();
  };
  const camera = createChoice({ id: "settings-camera", label: t("devices.camera"), choose: choose("camera") });
  const microphone = createChoice({ id: "settings-microphone", label: t("devices.microphone"), choose: choose("microphone") });
  const speaker = createChoice({ id: "settings-speaker", label: t("devices.speaker"), choose: choose("speaker") });
  const ring = createChoice({ id: "settings-ring", label: t("devices.ring"), choose: choose("ring_device") });

  /** The camera and the microphone while they are tried. @type {{ stream: MediaStream | null } | null} */
  let trial = null;
  const video = h("video", { class: "scan-video loop-video", autoplay: true, playsinline: true, hidden: true, "aria-label": t("devices.preview") });
  video.muted = true;
  const meter = createMeter();
  const meterHint = h("p", { class: "hint", hidden: true }, t("devices.level_hint"));
  const wrong = h("p", { class: "error", "aria-live": "polite" });
  const mark = icon("play");
  const toggle = h("button", { type: "button", class: "button quiet", onclick: () => (trial ? stop() : start()) }, mark, h("span"));

  const sayToggle = () => {
    setIcon(mark, trial ? "stop" : "play");
    setText(/** @type {Element} */ (toggle.lastElementChild), t(trial ? "devices.stop" : "devices.test"));
  };
  const stop = () => {
    meter.rest();
    for (const track of trial?.stream?.getTracks() ?? []) track.stop();
    trial = null;
    video.srcObject = null;
    video.hidden = meterHint.hidden = true;
    setText(wrong, "");
    sayToggle();
  };
  const start = async () => {
    stop();
    /** @type {NonNullable<typeof trial>} */
    const mine = { stream: null };
    trial = mine;
    sayToggle();
    const chosen = { camera: keeper.settings.camera, microphone: keeper.settings.microphone };
    const { stream, camera: seen, microphone: heard } = await actions.tryDevices(chosen);
    if (trial !== mine) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    mine.stream = stream;
    const [picture] = stream.getVideoTracks();
    const [voice] = stream.getAudioTracks();
    video.hidden = !picture;
    if (picture) video.srcObject = new MediaStream([picture]);
    const problems = [CAMERA[seen], MICROPHONE[heard]].flatMap((key) => (key ? [t(key)] : []));
    setText(wrong, problems.join(" "));
    meterHint.hidden = !voice;
    if (voice) meter.follow(actions.listen(voice));
    // Names are given once a device was allowed.
    look();
  };
  const look = async () => {
    devices = await actions.devices();
    drawChoices();
  };
  /**
   * @param {MediaDeviceKind} kind
   * @param {string | null} chosen
   */
  const optionsOf = (kind, chosen) => {
    const found = devices.filter((one) => one.kind === kind && one.deviceId !== "" && one.deviceId !== "default");
    const options = found.map(({ deviceId, label }, at) => ({ value: deviceId, label: label || t("devices.unnamed", { count: at + 1 }) }));
    const gone = chosen !== null && !options.some(({ value }) => value === chosen);
    return [
      { value: "", label: t("devices.system") },
      ...options,
      ...(gone ? [{ value: chosen, label: t("devices.gone") }] : []),
    ];
  };
  const drawChoices = () => {
    const { settings } = keeper;
    camera.draw(optionsOf("videoinput", settings.camera), settings.camera ?? "");
    microphone.draw(optionsOf("audioinput", settings.microphone), settings.microphone ?? "");
    speaker.draw(optionsOf("audiooutput", settings.speaker), settings.speaker ?? "");
    ring.draw(optionsOf("audiooutput", settings.ring_device), settings.ring_device ?? "");
  };
  const ringtone = createRingtone(actions, keeper);
  // Both at once would want the same camera.
  const call = () => {
    stop();
    openTestCall(actions, () => {});
  };
  sayToggle();
  look();

  return {
    title: t("devices.title"),
    icon: "video",
    element: h(
      "section",
      {},
      camera.element,
      microphone.element,
      h(
        "div",
        { class: "trial" },
        h("div", { class: "buttons" }, toggle, h("button", { type: "button", class: "button quiet", onclick: call }, icon("phone"), t("tour.test_start"))),
        wrong,
        video,
        meter.element,
        meterHint,
      ),
      actions.canChooseSpeaker ? speaker.element : h("p", { class: "hint" }, t("devices.no_output")),
      actions.canChooseRing && ring.element,
      ringtone.element,
    ),
    draw() {
      drawChoices();
      ringtone.draw();
    },
    flush: ringtone.flush,
    close() {
      stop();
      ringtone.stop();
    },
  };
}
