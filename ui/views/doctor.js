// The connection check: each server and how it answered, the router in words, a call with oneself.
import { t } from "../i18n.js";
import { answerText, natText } from "../wording.js";
import { openPanel } from "./dialog.js";
import { h, icon, reconcile, setAttribute, setIcon, setText } from "./dom.js";

/** @typedef {import("../ice-doctor.js").Row} Row */
/** @typedef {import("../ice-probe.js").Transport} Transport */
/** @typedef {import("../i18n.js").Key} Key */

/** @type {Record<Transport, Key>} */
const TRANSPORT = { udp: "path.udp", tcp: "path.tcp", tls: "path.tls" };

/**
 * @param {Pick<import("./actions.d.ts").Actions, "examine">} actions
 * @param {readonly import("../types.d.ts").IceServer[]} servers
 */
export function openDoctor(actions, servers) {
  const doctor = actions.examine(servers);
  const state = h("p", { role: "status" });
  const list = h("ul", { class: "checks", "aria-label": t("doctor.servers") });
  const none = h("p", { class: "hint" }, t("doctor.none"));
  const nat = h("p", { "aria-live": "polite" });
  const again = h("button", { type: "button", class: "button quiet", onclick: () => doctor.run() }, t("doctor.again"));

  const video = h("video", { class: "scan-video loop-video", autoplay: true, playsinline: true, hidden: true, "aria-label": t("doctor.loop_video") });
  const loopSays = h("p", { "aria-live": "polite" });
  const loop = h("button", { type: "button", class: "button quiet", onclick: () => (doctor.loop ? doctor.hangUp() : doctor.call()) });
  const loopGroup = h("section", { class: "settings-group" }, h("h3", {}, t("doctor.loop")), h("p", { class: "hint" }, t("doctor.loop_hint")), loop, loopSays, video);

  const draw = () => {
    // A relay over TCP that nobody configured is worth a line only if it would help.
    const rows = doctor.rows.filter(({ target, answer }) => !target.extra || answer?.verdict === "reachable");
    reconcile(list, rows, ({ target }) => target.url, createRow, updateRow);
    none.hidden = !doctor.done || rows.length > 0;
    const reachable = rows.filter(({ answer }) => answer?.verdict === "reachable").length;
    setText(state, !doctor.done ? t("doctor.running") : rows.length === 0 ? "" : t("doctor.done", { count: reachable, all: rows.length }));
    setText(nat, doctor.nat === null ? t("doctor.nat_running") : natText(doctor.nat));
    again.disabled = !doctor.done;

    const call = doctor.loop;
    loopGroup.hidden = !doctor.hasRelay;
    setText(loop, t(call ? "doctor.loop_stop" : "doctor.loop_start"));
    setText(loopSays, loopText(call));
    if (video.srcObject !== (call?.stream ?? null)) video.srcObject = call?.stream ?? null;
    // Without a picture it still plays the voice.
    video.hidden = !(call?.state === "connected" && showsPicture(call));
  };
  doctor.addEventListener("change", draw);

  const panel = openPanel({
    title: t("doctor.title"),
    large: true,
    onclose: () => {
      doctor.removeEventListener("change", draw);
      doctor.close();
    },
    body: [
      state,
      h("section", { class: "settings-group" }, h("h3", {}, t("doctor.servers")), none, list, again),
      h("section", { class: "settings-group" }, h("h3", {}, t("doctor.nat")), nat),
      loopGroup,
    ],
  });
  doctor.run();
  return panel;
}

/** @param {import("../loop-call.js").LoopCall | null} call */
function loopText(call) {
  switch (call?.state) {
    case undefined:
      return "";
    case "connecting":
      return t("doctor.loop_connecting");
    case "failed":
      return t("doctor.loop_failed");
    case "connected":
      return t(showsPicture(call) ? "doctor.loop_seen" : "doctor.loop_unseen", { count: call.ms ?? 0 });
  }
}

/** @param {import("../loop-call.js").LoopCall} call */
function showsPicture({ stream }) {
  return stream?.getTracks().some(({ kind }) => kind === "video") ?? false;
}

/** @param {Row} row */
function createRow({ target: { host, relay, transport } }) {
  return h(
    "li",
    { class: "check" },
    icon("more"),
    h(
      "div",
      { class: "given-words" },
      h("span", { class: "given-name" }, t(relay ? "doctor.turn" : "doctor.stun", { host, transport: t(TRANSPORT[transport]) })),
      h("span", { class: "hint" }),
    ),
  );
}

/**
 * @param {HTMLElement} element
 * @param {Row} row
 */
function updateRow(element, { target, answer }) {
  const good = answer?.verdict === "reachable";
  setAttribute(element, "data-state", answer === null ? "running" : good ? "good" : "bad");
  setIcon(/** @type {Element} */ (element.firstElementChild), answer === null ? "more" : good ? "check" : "warning");
  setText(/** @type {Element} */ (element.querySelector(".hint")), answerText(target, answer));
}
