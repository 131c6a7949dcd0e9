// How calls with one person connect, where that differs from the settings.
import { t } from "../i18n.js";
import { field, h, sentence, setAttribute, setText } from "./dom.js";

/** @typedef {import("../types.d.ts").ContactView} ContactView */
/** @typedef {import("../types.d.ts").IcePolicy} IcePolicy */

const AS_SET = "as_set";
/** @type {readonly IcePolicy[]} */
const POLICIES = ["stun_turn", "stun", "lan_only", "relay_only"];

/** @param {Pick<import("./actions.d.ts").Actions, "setContactPolicy" | "setEarly" | "setPresence" | "notify">} actions */
export function createContactRules(actions) {
  /** @type {ContactView | null} */
  let person = null;
  /** A choice that was refused goes back to what holds. @param {() => Promise<unknown> | undefined} work */
  const apply = async (work) => {
    try {
      await work();
    } catch (failure) {
      actions.notify(sentence(failure, t("error.unknown")), "error");
      draw();
    }
  };

  const asSet = h("option", { value: AS_SET });
  const policy = h(
    "select",
    {
      onchange: () => {
        const chosen = POLICIES.find((one) => one === policy.value) ?? null;
        apply(() => person && actions.setContactPolicy(person.key, chosen) || undefined);
      },
    },
    asSet,
    ...POLICIES.map((value) => h("option", { value }, t(`settings.${value}`))),
  );
  const early = h("input", {
    type: "checkbox",
    id: "contact-early",
    "aria-describedby": "contact-early-hint",
    onchange: () => apply(() => person && actions.setEarly(person.key, early.checked) || undefined),
  });
  const meaning = h("span", { class: "hint", id: "contact-early-hint", dir: "auto" });
  const earlyName = t("person.early");
  setAttribute(early, "aria-label", earlyName);
  const presence = h("input", {
    type: "checkbox",
    id: "contact-presence",
    "aria-label": t("people.presence"),
    "aria-describedby": "contact-presence-hint",
    onchange: () => apply(() => person && actions.setPresence(person.key, presence.checked) || undefined),
  });
  const presenceMeaning = h("span", { class: "hint", id: "contact-presence-hint", dir: "auto" });
  const element = h(
    "section",
    { class: "contact-rules" },
    h(
      "label",
      { class: "choice", for: "contact-presence" },
      presence,
      h("span", {}, h("span", { class: "choice-name" }, t("people.presence")), presenceMeaning),
    ),
    field("contact-policy", t("person.policy"), policy),
    h("label", { class: "choice", for: "contact-early" }, early, h("span", {}, h("span", { class: "choice-name" }, earlyName), meaning)),
  );

  const draw = () => {
    if (!person) return;
    policy.value = person.ice_policy ?? AS_SET;
    early.checked = person.early;
    presence.checked = person.shows_presence;
  };

  return {
    element,
    /**
     * @param {ContactView} contact
     * @param {IcePolicy} set in the settings
     */
    update(contact, set) {
      person = contact;
      setText(asSet, t("person.policy_as_set", { policy: t(`settings.${set}`) }));
      setText(meaning, t("person.early_hint", { name: contact.name }));
      setText(presenceMeaning, t("people.presence_hint", { name: contact.name }));
      draw();
    },
  };
}
