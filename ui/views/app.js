// The whole window: chooses what is on it from a snapshot.
import { openDoctor } from "./doctor.js";
import { createEndedCard } from "./ended-card.js";
import { createFirstStart } from "./first-start.js";
import { createHeld } from "./held.js";
import { createHome } from "./home.js";
import { createIncoming } from "./incoming.js";
import { openInvites } from "./invites.js";
import { createStage } from "./stage.js";
import { closeMenu } from "./menu.js";
import { createToasts } from "./toasts.js";
import { openAddContact, openBlock, openRemove, openRename } from "./contact-dialogs.js";
import { openSettings } from "./settings.js";
import { createWaiting } from "./waiting.js";

/** @typedef {import("../types.d.ts").Snapshot} Snapshot */
/** @typedef {import("../types.d.ts").CallSnapshot} CallSnapshot */
/** @typedef {{ snapshot: Snapshot, media: import("../session.js").MediaView, connectedAt: number | null }} AppModel */

/**
 * @param {HTMLElement} root
 * @param {Omit<import("./actions.d.ts").Actions, "notify">} commands
 */
export function createApp(root, commands) {
  const toasts = createToasts();
  const actions = { ...commands, notify: toasts.show };
  /** @type {Snapshot | null} */
  let snapshot = null;

  /** The dialog that follows the snapshots, while it is open. @type {ReturnType<typeof openInvites> | null} */
  let invites = null;
  const showInvites = () => {
    if (snapshot) invites = openInvites(actions, snapshot, () => (invites = null));
  };

  /** The same. @type {ReturnType<typeof openSettings> | null} */
  let settings = null;
  const showSettings = () => {
    if (snapshot) settings = openSettings(actions, snapshot, () => (settings = null));
  };

  const firstStart = createFirstStart(actions);
  const home = createHome(
    actions,
    {
      add: (link) => openAddContact(actions, home.added, link),
      invite: showInvites,
      settings: showSettings,
      rename: (contact) => openRename(actions, contact),
      remove: (contact) => openRemove(actions, contact),
      block: (contact) => openBlock(actions, contact),
    },
    matchMedia("(min-width: 720px)"),
  );
  const stage = createStage(actions, () => snapshot && openDoctor(actions, snapshot.settings.ice_servers));
  const card = createEndedCard(actions);
  const incoming = createIncoming(actions);
  const waiting = createWaiting(actions);
  const held = createHeld(actions);
  document.body.append(toasts.element);

  /** Who asks to become a contact and is to be shown; this may be said before anything is drawn. @type {string | null} */
  let asked = null;
  const showAsked = () => {
    if (asked === null || !home.element.isConnected) return;
    if (!home.element.hidden) home.showRequest(asked);
    asked = null;
  };

  /** What had the focus before a call took the window. @type {Element | null} */
  let focused = null;

  /** The call on the stage. @type {string | null} */
  let staged = null;
  /** Nothing lies over a call that begins, not even what one looked up after the last. @param {string | null} id */
  const clearFor = (id) => {
    if (id === staged) return;
    staged = id;
    if (id === null) return;
    closeMenu();
    for (const dialog of document.querySelectorAll("dialog[open]:not(.incoming)")) {
      if (dialog instanceof HTMLDialogElement) dialog.close();
    }
  };

  /** @param {boolean} on */
  const raiseStage = (on) => {
    if (on === stage.element.isConnected) return;
    if (on) {
      focused = document.activeElement;
      home.rest();
      toasts.clear();
      root.append(stage.element);
      stage.element.focus();
    } else {
      stage.clear();
      stage.element.remove();
    }
    home.element.hidden = on;
    if (!on && focused instanceof HTMLElement && focused.isConnected) focused.focus();
  };

  /** All but the call. @param {Snapshot} next */
  const drawPeople = (next) => {
    toasts.update(next.notices);
    const first = next.profile === null;
    if (first !== firstStart.element.isConnected || (!first && !home.element.isConnected)) {
      const began = firstStart.element.isConnected && !first;
      root.replaceChildren(first ? firstStart.element : home.element);
      if (first) firstStart.focus();
      else if (began) home.welcome();
    }
    if (first) return;
    home.update(next);
    invites?.update(next);
    settings?.update(next);
  };

  return {
    notify: toasts.show,
    /** @param {string} link an invite that was opened outside the window */
    add(link) {
      if (snapshot?.profile) openAddContact(actions, home.added, link);
    },
    /** A name is to be typed. During a call there is nobody to find. */
    find() {
      if (home.element.isConnected && !home.element.hidden) home.find();
    },
    /** The person comes from a notification about this request. During a call it waits among the contacts. @param {string} key */
    showRequest(key) {
      asked = key;
      showAsked();
    },
    /** @param {AppModel} model */
    update({ snapshot: next, media, connectedAt }) {
      // What is measured of a call comes every second, and concerns the stage alone.
      const news = next !== snapshot;
      snapshot = next;
      if (news) drawPeople(next);
      if (next.profile === null) return;
      const contact = next.contacts.find(({ key }) => key === next.call?.contact);
      const verified = contact?.verified ?? false;
      if (news) incoming.update(next.call, verified, next.silent);

      const where = placeOf(next.call);
      clearFor(where === "stage" ? (next.call?.id ?? null) : null);
      raiseStage(where === "stage");
      const policy = contact?.ice_policy ?? next.settings.ice_policy;
      if (next.call && where === "stage") {
        stage.update({ call: next.call, contact, verified, policy, media, connectedAt, speaker: next.settings.speaker });
      }
      if (next.call && where === "card") {
        card.update(next.call, verified);
        if (!card.element.isConnected) root.append(card.element);
      } else {
        card.element.remove();
      }
      if (!news) return;
      waiting.update(next.waiting, next.call?.name ?? "");
      held.update(next.held, next.call);
      showAsked();
    },
  };
}

/**
 * @param {CallSnapshot | null} call
 * @returns {"stage" | "card" | "dialog" | "nowhere"}
 */
function placeOf(call) {
  if (!call) return "nowhere";
  if (call.direction === "incoming" && (call.phase === "ringing" || call.phase === "inviting")) return "dialog";
  const taken = call.direction === "outgoing" || call.connected_ms !== null;
  if (call.phase !== "ended" || taken) return "stage";
  return ["missed", "no_answer", "cancelled", "declined", "busy"].includes(call.reason ?? "") ? "card" : "stage";
}
