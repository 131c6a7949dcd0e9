// Three ways to a QR code: the camera, a picture in a file, the clipboard. What is read goes to `found`.
import { t } from "../i18n.js";
import { readPaste } from "../clipboard.js";
import { fit, grayOf } from "../gray-image.js";
import { h, icon, sentence, setAttribute, setText } from "./dom.js";

/** @typedef {import("./actions.d.ts").Actions} Actions */
/** @typedef {import("../clipboard.js").Pasted} Pasted */

/** How often a picture of the camera is looked at, in milliseconds. */
export const LOOK_EVERY_MS = 200;

/** @type {Record<import("../media.js").DeviceState, import("../i18n.js").Key>} */
const NO_CAMERA = {
  ok: "scan.aim",
  off: "scan.no_camera",
  none: "scan.no_camera",
  denied: "scan.camera_denied",
  busy: "scan.camera_busy",
};

/**
 * @param {Pick<Actions, "openCamera" | "readQr" | "readClipboard">} actions
 * @param {(text: string) => void} found
 * @param {string} [label] of the button that opens the camera
 */
export function createScan(actions, found, label = t("scan.camera")) {
  const canvas = document.createElement("canvas");
  const video = h("video", { class: "scan-video", autoplay: true, playsinline: true, hidden: true, "aria-label": t("scan.preview") });
  video.muted = true;
  const says = h("p", { class: "hint", "aria-live": "polite" });
  /** @type {MediaStreamTrack | null} */ let track = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */ let timer;
  let looking = false;
  let wanted = false;
  let closed = false;

  const stop = () => {
    wanted = false;
    clearInterval(timer);
    track?.stop();
    track = null;
    video.srcObject = null;
    video.hidden = true;
    setAttribute(camera, "aria-pressed", "false");
  };

  /** @param {string} text */
  const take = (text) => {
    stop();
    setText(says, t("scan.found"));
    found(text);
  };

  /** One frame at a time, however long reading takes. */
  const look = async () => {
    const image = looking ? null : grayOf(canvas, video, fit(video.videoWidth, video.videoHeight, "frame"));
    if (!image) return;
    looking = true;
    try {
      const text = await actions.readQr(image);
      if (text !== null && track) take(text);
    } catch (failure) {
      if (track) setText(says, sentence(failure, t("error.unknown")));
    } finally {
      looking = false;
    }
  };

  const scan = async () => {
    if (wanted) {
      stop();
      setText(says, "");
      return;
    }
    wanted = true;
    setAttribute(camera, "aria-pressed", "true");
    const opened = await actions.openCamera();
    if (!wanted) return opened.track?.stop();
    setText(says, t(NO_CAMERA[opened.state]));
    if (!opened.track) return stop();
    track = opened.track;
    track.addEventListener("ended", stop);
    video.srcObject = new MediaStream([track]);
    video.hidden = false;
    video.scrollIntoView?.({ block: "nearest" });
    timer = setInterval(look, LOOK_EVERY_MS);
  };

  /** @param {Blob} blob */
  const readPicture = async (blob) => {
    setText(says, t("scan.looking"));
    try {
      const text = await readQrIn(actions, canvas, blob);
      if (closed) return;
      if (text === null) setText(says, t("scan.nothing"));
      else take(text);
    } catch {
      setText(says, t("scan.no_picture"));
    }
  };

  /** @param {Pasted} pasted */
  const readPasted = ({ image, text }) => {
    if (image) return readPicture(image);
    if (text?.trim()) take(text.trim());
    else setText(says, t("scan.clipboard_empty"));
  };

  const paste = async () => {
    try {
      await readPasted(await actions.readClipboard());
    } catch {
      setText(says, t("scan.clipboard_closed"));
    }
  };

  /** A text pasted into a field is the field's; a picture is always ours. */
  const handlePaste = (/** @type {ClipboardEvent} */ event) => {
    const pasted = readPaste(event.clipboardData);
    const typing = event.target instanceof HTMLInputElement;
    if (!pasted.image && (typing || !pasted.text)) return;
    event.preventDefault();
    readPasted(pasted);
  };
  document.addEventListener("paste", handlePaste);

  const file = h("input", {
    type: "file",
    accept: "image/*",
    hidden: true,
    "aria-label": t("scan.file"),
    onchange: () => {
      const chosen = file.files?.[0];
      if (chosen) readPicture(chosen);
      file.value = "";
    },
  });
  /**
   * @param {string} mark
   * @param {string} text
   * @param {() => void} onclick
   */
  const button = (mark, text, onclick) => h("button", { type: "button", class: "button quiet small", onclick }, icon(mark), text);
  const camera = button("qr", label, scan);
  setAttribute(camera, "aria-pressed", "false");

  return {
    element: h(
      "div",
      { class: "scan" },
      h("div", { class: "scan-ways" }, camera, button("picture", t("scan.image"), () => file.click()), button("paste", t("scan.paste"), paste), file),
      video,
      says,
    ),
    /** The camera's light goes out, and pasting is the page's again. */
    close() {
      closed = true;
      stop();
      document.removeEventListener("paste", handlePaste);
    },
  };
}

/**
 * A picture is looked at in detail, and then from afar: a large, soft code is clearer small.
 * @param {Pick<Actions, "readQr">} actions
 * @param {HTMLCanvasElement} canvas
 * @param {Blob} blob
 * @throws when it is no picture
 */
async function readQrIn(actions, canvas, blob) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await image.decode();
    for (const kind of /** @type {const} */ (["picture", "frame"])) {
      const gray = grayOf(canvas, image, fit(image.naturalWidth, image.naturalHeight, kind));
      const text = gray && (await actions.readQr(gray));
      if (text) return text;
    }
    return null;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
