// "Invite a friend": my link as a code, links that were given away, and those that stay good.
import { dayText, t } from "../i18n.js";
import { openPanel } from "./dialog.js";
import { field, h, icon, reconcile, sentence, setAttribute, setText } from "./dom.js";
import { createLinkField } from "./link-field.js";
import { createQr } from "./qr.js";

/** @typedef {import("./actions.d.ts").Actions} Actions */
/** @typedef {import("../types.d.ts").Snapshot} Snapshot */
/** @typedef {import("../types.d.ts").InviteView} InviteView */
/** @typedef {Pick<Actions, "inviteQr" | "invitePage" | "newInvite" | "revokeInvite" | "copy" | "notify">} InviteActions */

/**
 * @param {InviteActions} actions
 * @param {Snapshot} first
 * @param {() => void} onclose
 */
export function openInvites(actions, first, onclose) {
  /** @param {Promise<unknown>} work */
  const tell = (work) => work.catch((failure) => actions.notify(sentence(failure, t("error.unknown")), "error"));

  const qr = createQr(t("invite.qr"));
  const link = createLinkField(actions, { id: "my-invite-here", label: t("invite.mine"), copy: t("invite.copy") });
  const web = createLinkField(actions, { id: "my-invite-page", label: t("invite.page"), copy: t("invite.page_copy") });
  web.element.append(h("p", { class: "hint" }, t("invite.page_hint")));
  const list = h("ul", { class: "given", "aria-label": t("invite.given") });
  const given = h("section", { class: "settings-group" }, h("h3", {}, t("invite.given")), list);
  const permanent = createPermanent(actions);

  /** @type {string | null | undefined} */
  let shown;
  /** @param {string | null} invite the code and the page follow the link */
  const follow = async (invite) => {
    if (invite === shown) return;
    shown = invite;
    const [code, page] = invite === null ? [null, null] : await Promise.all([actions.inviteQr(), actions.invitePage()]);
    if (shown !== invite) return;
    qr.update(code);
    web.update(page);
    web.element.hidden = page === null;
  };

  /** @param {Snapshot} snapshot */
  const update = ({ invite, invites }) => {
    link.update(invite);
    tell(follow(invite));
    given.hidden = invites.length === 0;
    reconcile(list, invites, ({ id }) => id, (one) => createRow(one, () => tell(actions.revokeInvite(one.id))), updateRow);
  };
  web.element.hidden = true;

  const { element } = openPanel({
    title: t("invite.title"),
    large: true,
    onclose,
    body: [
      h("div", { class: "qr-frame" }, qr.element),
      h("p", { class: "center" }, t("invite.once")),
      link.element,
      web.element,
      h(
        "button",
        { type: "button", class: "button quiet", onclick: () => tell(actions.newInvite("one_time", null)) },
        t("invite.new"),
      ),
      given,
      permanent,
    ],
  });
  update(first);
  return { element, update };
}

/** @param {InviteActions} actions */
function createPermanent(actions) {
  const label = h("input", { type: "text", autocomplete: "off", dir: "auto", "aria-describedby": "permanent-hint" });
  const link = createLinkField(actions, { id: "permanent-link", label: t("invite.permanent_link"), copy: t("invite.permanent_copy") });
  const qr = createQr(t("invite.permanent_qr"));
  const made = h("div", { class: "stack", hidden: true }, link.element, h("div", { class: "qr-frame" }, qr.element), h("p", { class: "hint" }, t("invite.permanent_made")));
  const error = h("p", { class: "error", role: "alert" });
  const make = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      const invite = await actions.newInvite("permanent", label.value.trim() || null);
      setText(error, "");
      link.update(invite.link);
      qr.update(invite.qr);
      made.hidden = false;
      label.value = "";
    } catch (failure) {
      setText(error, sentence(failure, t("error.unknown")));
    }
  };
  return h(
    "form",
    { class: "settings-group", novalidate: true, onsubmit: make },
    h("h3", {}, t("invite.permanent")),
    h("p", { class: "hint", id: "permanent-hint" }, t("invite.permanent_hint")),
    field("permanent-label", t("invite.label"), label, error),
    h("button", { type: "submit", class: "button quiet" }, t("invite.permanent_make")),
    made,
  );
}

/**
 * @param {InviteView} invite
 * @param {() => void} revoke
 */
function createRow(invite, revoke) {
  return h(
    "li",
    { class: "given-row" },
    h("div", { class: "given-words" }, h("span", { class: "given-name", dir: "auto" }), h("span", { class: "hint", dir: "auto" })),
    h("button", { type: "button", class: "icon-button", onclick: revoke }, icon("remove")),
  );
}

/**
 * @param {HTMLElement} row
 * @param {InviteView} invite
 */
function updateRow(row, invite) {
  const name = invite.label || t(invite.kind === "permanent" ? "invite.permanent_name" : "invite.once_name");
  setText(/** @type {Element} */ (row.querySelector(".given-name")), name);
  setText(/** @type {Element} */ (row.querySelector(".hint")), stateText(invite));
  const button = /** @type {HTMLElement} */ (row.querySelector("button"));
  button.hidden = invite.kind === "one_time" && invite.used_by !== null;
  setAttribute(button, "aria-label", t("invite.revoke", { name }));
  setAttribute(button, "title", t("invite.revoke", { name }));
}

/** @param {InviteView} invite */
function stateText({ kind, used_by, expires_ms }) {
  if (kind === "permanent") return used_by ? t("invite.permanent_used", { name: used_by }) : t("invite.permanent_state");
  if (used_by) return t("invite.used", { name: used_by });
  if (expires_ms === null) return t("invite.once_state");
  return t(expires_ms < Date.now() ? "invite.expired" : "invite.until", { day: dayText(expires_ms) });
}
