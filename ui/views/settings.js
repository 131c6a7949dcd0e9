// The settings dialog: who I am, how calls travel, where I am reached.
import { t } from "../i18n.js";
import { NO_ANSWER, checkNoAnswer, checkPolicy, checkServer } from "../settings-check.js";
import { openForm } from "./dialog.js";
import { field, h, setAttribute, setText } from "./dom.js";
import { openDoctor } from "./doctor.js";
import { createPrivacy } from "./privacy.js";
import { createIceServers } from "./ice-servers.js";

/** @typedef {import("../types.d.ts").IcePolicy} IcePolicy */
/** @typedef {import("../i18n.js").Key} Key */

/** @type {{ value: IcePolicy, label: Key, hint: Key }[]} */
const POLICIES = [
  { value: "lan_only", label: "settings.lan_only", hint: "settings.lan_only_hint" },
  { value: "stun", label: "settings.stun", hint: "settings.stun_hint" },
  { value: "stun_turn", label: "settings.stun_turn", hint: "settings.stun_turn_hint" },
  { value: "relay_only", label: "settings.relay_only", hint: "settings.relay_only_hint" },
];

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {import("../types.d.ts").Snapshot} snapshot
 */
export function openSettings(actions, { profile, settings, privacy }) {
  const name = h("input", { type: "text", autocomplete: "off", spellcheck: "false", dir: "auto" });
  name.value = profile?.name ?? "";
  const server = checked("settings-server", settings.server ?? "", checkServer, {
    type: "url",
    placeholder: "wss://",
    spellcheck: "false",
  });
  const noAnswer = checked("settings-no-answer", String(settings.no_answer_seconds), checkNoAnswer, {
    type: "number",
    min: NO_ANSWER.least,
    max: NO_ANSWER.most,
    class: "short",
  });
  const meaning = h("span", { class: "hint", "aria-hidden": "true" });
  const sayMeaning = () =>
    setText(meaning, checkNoAnswer(noAnswer.input.value) ? "" : t("settings.seconds", { count: Number(noAnswer.input.value) }));
  noAnswer.input.addEventListener("input", sayMeaning);
  sayMeaning();
  const lacking = h("p", { class: "policy-lacks", "aria-live": "polite" });
  const chosenPolicy = () => {
    const chosen = policies.find(({ input }) => input.checked)?.value;
    return chosen ?? settings.ice_policy;
  };
  const sayLacking = () => {
    const lacks = checkPolicy(chosenPolicy(), ice.read());
    setText(lacking, lacks ? t(lacks) : "");
  };
  const ice = createIceServers(settings.ice_servers, () => sayLacking());
  const examine = () => {
    if (ice.check()) openDoctor(actions, ice.read());
  };

  const policies = POLICIES.map(({ value, label, hint }) => {
    const input = h("input", { type: "radio", name: "ice-policy", value, "aria-describedby": `policy-${value}`, onchange: sayLacking });
    input.checked = settings.ice_policy === value;
    const words = h("span", {}, h("span", { class: "choice-name" }, t(label)), h("span", { class: "hint", id: `policy-${value}` }, t(hint)));
    return { value, input, element: h("label", { class: "choice" }, input, words) };
  });
  sayLacking();

  const { element } = openForm({
    title: t("settings.title"),
    submit: t("dialog.save"),
    large: true,
    body: [
      group(t("settings.you"), field("settings-name", t("settings.name"), name)),
      group(
        t("settings.calls"),
        h("fieldset", { class: "choices" }, h("legend", {}, t("settings.policy")), ...policies.map((one) => one.element), lacking),
        field("settings-no-answer", t("settings.no_answer"), noAnswer.input, meaning, noAnswer.error),
      ),
      group(
        t("settings.server_group"),
        field("settings-server", t("settings.server"), server.input, h("p", { class: "hint" }, t("settings.server_hint")), server.error),
      ),
      group(t("settings.ice"), ice.element, h("button", { type: "button", class: "button quiet", onclick: examine }, t("settings.check"))),
      createPrivacy(actions, privacy),
    ],
    onsubmit: async () => {
      const good = [server.check(), noAnswer.check(), ice.check()].every(Boolean);
      if (!good) {
        element.querySelector("[aria-invalid]")?.scrollIntoView({ block: "center" });
        throw new Error(t("settings.fix"));
      }
      await actions.saveSettings(name.value, {
        ...settings,
        server: server.input.value.trim() || null,
        ice_policy: chosenPolicy(),
        ice_servers: ice.read(),
        no_answer_seconds: Number(noAnswer.input.value),
      });
      actions.notify(t("settings.saved"));
    },
  });
  name.focus();
}

/**
 * @param {string} title
 * @param {...import("./dom.js").Child} children
 */
function group(title, ...children) {
  return h("section", { class: "settings-group" }, h("h3", {}, title), ...children);
}

/**
 * An input that says what is wrong with it as it is typed.
 * @param {string} id
 * @param {string} value
 * @param {(text: string) => Key | null} judge
 * @param {import("./dom.js").Attributes} attributes
 */
function checked(id, value, judge, attributes) {
  const error = h("p", { class: "error", id: `${id}-error`, "aria-live": "polite" });
  const input = h("input", { ...attributes, "aria-describedby": error.id, autocomplete: "off" });
  input.value = value;
  const check = () => {
    const wrong = judge(input.value);
    setText(error, wrong ? t(wrong) : "");
    setAttribute(input, "aria-invalid", wrong ? "true" : null);
    return wrong === null;
  };
  input.addEventListener("input", check);
  return { input, error, check };
}
