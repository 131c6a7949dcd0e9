// The safety number of one person: shown as digits and as a code, compared by eye or by scanning theirs.
import { t } from "../i18n.js";
import { h, icon, sentence, setText } from "./dom.js";
import { createQr } from "./qr.js";
import { createScan } from "./scan.js";

/** @typedef {import("../types.d.ts").ContactView} ContactView */
/** @typedef {import("../types.d.ts").SafetyCheck} SafetyCheck */

/** @param {import("./actions.d.ts").Actions} actions */
export function createSafety(actions) {
  /** @type {ContactView | null} */ let person = null;
  /** Whose number is shown. @type {string | null} */ let shown = null;
  /** @type {ReturnType<typeof createScan> | null} */ let scan = null;

  const intro = h("p", { class: "hint", dir: "auto" });
  const digits = h("ol", { class: "digits", "aria-label": t("safety.title") });
  const qr = createQr(t("safety.qr"));
  const verify = h("button", { type: "button", class: "button quiet", onclick: () => mark() }, icon("verified"), h("span"));
  const scanner = h("div");
  const match = h("p", { class: "safety-match", "aria-live": "polite", dir: "auto" });
  const danger = h("p", { class: "safety-danger", role: "alert", dir: "auto" });
  const element = h(
    "details",
    { class: "fold safety", ontoggle: () => follow() },
    h("summary", {}, t("safety.title")),
    h("div", { class: "fold-body" }, intro, digits, h("div", { class: "qr-frame" }, qr.element), match, danger, scanner, verify),
  );

  /** @param {SafetyCheck | null} check */
  const say = (check) => {
    const name = person?.name ?? "";
    setText(match, check === "match" ? t("safety.match", { name }) : "");
    setText(danger, check === "mismatch" ? t("safety.mismatch", { name }) : check === "not_one" ? t("safety.not_one", { name }) : "");
  };
  /** @param {unknown} failure */
  const tell = (failure) => actions.notify(sentence(failure, t("error.unknown")), "error");

  const mark = async () => {
    try {
      if (person) await actions.setVerified(person.key, !person.verified);
      say(null);
    } catch (failure) {
      tell(failure);
    }
  };

  /** @param {string} text of their code */
  const compare = async (text) => {
    const key = person?.key;
    if (key === undefined) return;
    try {
      const check = await actions.checkSafety(key, text);
      if (person?.key === key) say(check);
    } catch (failure) {
      tell(failure);
    }
  };

  const follow = async () => {
    if (!element.open) return rest();
    if (!scan) {
      scan = createScan(actions, compare, t("safety.scan"));
      scanner.replaceChildren(scan.element);
    }
    const key = person?.key ?? null;
    if (key === null || shown === key) return;
    shown = key;
    try {
      const safety = await actions.safety(key);
      if (shown !== key) return;
      digits.replaceChildren(...groupsOf(safety.number));
      qr.update(safety.qr);
    } catch (failure) {
      shown = null;
      tell(failure);
    }
  };

  /** The camera is let go of. */
  const rest = () => {
    scan?.close();
    scan = null;
    scanner.replaceChildren();
  };
  const clear = () => {
    element.open = false;
    rest();
    shown = null;
    digits.replaceChildren();
    qr.update(null);
    say(null);
  };

  return {
    element,
    /** Nobody looks at it any more. */
    rest() {
      element.open = false;
      rest();
    },
    /** @param {ContactView} contact */
    update(contact) {
      if (person && person.key !== contact.key) clear();
      person = contact;
      setText(intro, t("safety.intro", { name: contact.name }));
      setText(/** @type {Element} */ (verify.lastElementChild), t(contact.verified ? "safety.unverify" : "safety.verify"));
    },
  };
}

/**
 * Groups of five, which a screen reader says digit by digit.
 * @param {string} number
 */
function groupsOf(number) {
  return number.split(" ").map((group) => h("li", { "aria-label": [...group].join(" ") }, group));
}
