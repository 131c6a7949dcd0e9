// Settings → Calls: how they travel, over which servers, how long they ring.
import { t } from "../../i18n.js";
import { NO_ANSWER, checkNoAnswer, checkPolicy, checkServer } from "../../settings-check.js";
import { h, setText } from "../dom.js";
import { openDoctor } from "../doctor.js";
import { createIceServers } from "../ice-servers.js";
import { createTyped } from "./typed.js";

/** @typedef {import("../../types.d.ts").IcePolicy} IcePolicy */
/** @typedef {import("../../types.d.ts").IceServer} IceServer */
/** @typedef {import("../../i18n.js").Key} Key */

/** How long typing rests before servers are kept, in milliseconds. */
const KEEP_AFTER_MS = 800;

/** @type {{ value: IcePolicy, label: Key, hint: Key }[]} */
const POLICIES = [
  { value: "lan_only", label: "settings.lan_only", hint: "settings.lan_only_hint" },
  { value: "stun", label: "settings.stun", hint: "settings.stun_hint" },
  { value: "stun_turn", label: "settings.stun_turn", hint: "settings.stun_turn_hint" },
  { value: "relay_only", label: "settings.relay_only", hint: "settings.relay_only_hint" },
];

/**
 * @param {import("../actions.d.ts").Actions} actions
 * @param {import("./keeper.js").Keeper} keeper
 * @returns {import("../settings.js").Section}
 */
export function createCalls(actions, keeper) {
  const server = createTyped({
    id: "settings-server",
    label: t("settings.server"),
    judge: checkServer,
    keep: (text) => keeper.keep({ server: text.trim() || null }),
    attributes: { type: "url", placeholder: "wss://" },
    below: [h("p", { class: "hint" }, t("settings.server_hint"))],
  });
  const meaning = h("span", { class: "hint", "aria-hidden": "true" });
  const noAnswer = createTyped({
    id: "settings-no-answer",
    label: t("settings.no_answer"),
    judge: checkNoAnswer,
    keep: (text) => keeper.keep({ no_answer_seconds: Number(text) }),
    shown: (text) => setText(meaning, checkNoAnswer(text) ? "" : t("settings.seconds", { count: Number(text) })),
    attributes: { type: "number", min: NO_ANSWER.least, max: NO_ANSWER.most, class: "short" },
    below: [meaning],
  });
  const policies = POLICIES.map(({ value, label, hint }) => {
    const input = h("input", {
      type: "radio",
      name: "ice-policy",
      value,
      "aria-describedby": `policy-${value}`,
      onchange: () => keeper.keep({ ice_policy: value }),
    });
    const words = h("span", {}, h("span", { class: "choice-name" }, t(label)), h("span", { class: "hint", id: `policy-${value}` }, t(hint)));
    return { value, input, element: h("label", { class: "choice" }, input, words) };
  });
  const lacking = h("p", { class: "policy-lacks", "aria-live": "polite" });

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** Servers that are all right are kept; what is half typed waits. */
  const keepServers = () => {
    clearTimeout(timer);
    if (ice.check()) keeper.keep({ ice_servers: (held = ice.read()) });
  };
  const changed = () => {
    sayLacking();
    clearTimeout(timer);
    timer = setTimeout(keepServers, KEEP_AFTER_MS);
  };
  let held = keeper.settings.ice_servers;
  let ice = createIceServers(held, changed);
  const place = h("div", {}, ice.element);
  const sayLacking = () => {
    const lacks = checkPolicy(keeper.settings.ice_policy, ice.read());
    setText(lacking, lacks ? t(lacks) : "");
  };
  const examine = () => {
    if (ice.check()) openDoctor(actions, ice.read());
  };

  return {
    title: t("settings.calls"),
    icon: "phone",
    element: h(
      "section",
      {},
      h("fieldset", { class: "choices" }, h("legend", {}, t("settings.policy")), ...policies.map((one) => one.element), lacking),
      noAnswer.element,
      h("h4", {}, t("settings.server_group")),
      server.element,
      h("h4", {}, t("settings.ice")),
      place,
      h("button", { type: "button", class: "button quiet", onclick: examine }, t("settings.check")),
    ),
    draw(settings) {
      server.draw(settings.server ?? "");
      noAnswer.draw(String(settings.no_answer_seconds));
      for (const { value, input } of policies) input.checked = value === settings.ice_policy;
      if (!sameServers(settings.ice_servers, held)) {
        clearTimeout(timer);
        held = settings.ice_servers;
        ice = createIceServers(held, changed);
        place.replaceChildren(ice.element);
      }
      sayLacking();
    },
    flush() {
      server.flush();
      noAnswer.flush();
      clearTimeout(timer);
      if (!sameServers(ice.read(), keeper.settings.ice_servers)) keepServers();
    },
  };
}

/**
 * @param {readonly IceServer[]} some
 * @param {readonly IceServer[]} others
 */
function sameServers(some, others) {
  const plain = (/** @type {readonly IceServer[]} */ servers) =>
    JSON.stringify(servers.map(({ urls, username, credential }) => [urls, username ?? "", credential ?? ""]));
  return plain(some) === plain(others);
}
