// Wiring only: the core's events to the session and the views, the views' wishes to the core.
import * as ipc from "./ipc.js";
import { installIfMissing } from "./rtc/install.js";
import { toBase64 } from "./base64.js";
import { copyFrom, readClipboard } from "./clipboard.js";
import { t } from "./i18n.js";
import { Doctor } from "./ice-doctor.js";
import { LoopCall } from "./loop-call.js";
import { follow, wear } from "./look.js";
import { Media } from "./media.js";
import { nativeWords } from "./native-words.js";
import { levelOf } from "./sound-level.js";
import { Sounds } from "./sounds.js";
import { Switchboard } from "./switchboard.js";
import { createApp } from "./views/app.js";
import { sentence } from "./views/dom.js";
import { createFailed } from "./views/failed.js";
import { loadSprite } from "./views/sprite.js";

/** @typedef {import("./types.d.ts").Snapshot} Snapshot */

const sprite = loadSprite("icons.svg");
/** The sound of the engine behind this webview, where voice is not the webview's own. */
const native = installIfMissing(window, ipc.backend);
await wear();

const media = new Media(navigator.mediaDevices);
const createContext = () => new AudioContext();
const canMoveSound = "setSinkId" in AudioContext.prototype;
const sounds = new Sounds(createContext, canMoveSound ? null : native);
/** @param {RTCConfiguration} configuration */
const createPeerConnection = (configuration) => new RTCPeerConnection(configuration);
const session = new Switchboard({
  media,
  createPeerConnection,
  sendSignal: ipc.signal,
  reportMedia: ipc.media,
  resume: ipc.resume,
  keeper: localStorage,
});

/** @type {Snapshot | null} */
let snapshot = null;
/** @type {number | null} */
let connectedAt = null;

/** @param {Promise<unknown>} command whose failure is told in a notice */
const tell = (command) => {
  command.catch((error) => app.notify(sentence(error, t("error.unknown")), "error"));
};

const app = createApp(
  /** @type {HTMLElement} */ (document.getElementById("app")),
  {
    start: (name) => ipc.start({ name }),
    addContact: (link, name) => ipc.addContact({ link, name }),
    renameContact: (key, name) => ipc.renameContact({ key, name }),
    removeContact: (key) => ipc.removeContact({ key }),
    previewInvite: (link) => ipc.invitePreview({ link }),
    acceptRequest: (key, name) => ipc.acceptRequest({ key, name }),
    ignoreRequest: (key) => ipc.ignoreRequest({ key }),
    blockRequest: (key) => ipc.blockRequest({ key }),
    setBlocked: (key, blocked) => ipc.setBlocked({ key, blocked }),
    setEarly: (key, early) => ipc.setEarly({ key, early }),
    setContactPolicy: (key, policy) => ipc.setContactPolicy({ key, policy }),
    safety: (key) => ipc.safety({ key }),
    checkSafety: (key, text) => ipc.checkSafety({ key, text }),
    setVerified: (key, verified) => ipc.setVerified({ key, verified }),
    newInvite: (kind, label) => ipc.newInvite({ kind, label }),
    revokeInvite: (id) => ipc.revokeInvite({ id }),
    inviteQr: ipc.inviteQr,
    invitePage: ipc.invitePage,
    readQr: async (image) => ipc.readQr({ ...image, gray: await toBase64(image.gray) }),
    backup: (passphrase) => ipc.backup({ passphrase }),
    restore: async (file, passphrase) => ipc.restore({ data: await toBase64(file), passphrase }),
    openCamera: () => media.camera(),
    examine: (servers) => new Doctor({ createPeerConnection, media, servers, lent: ipc.lentServers }),
    saveSettings: (settings) => ipc.saveSettings({ settings }),
    history: ipc.history,
    deleteHistory: (id) => ipc.deleteHistory({ id }),
    seenMissed: ipc.seenMissed,
    setFavorite: (key, on) => ipc.setFavorite({ key, on }),
    setNote: (key, note) => ipc.setNote({ key, note }),
    setPresence: (key, on) => ipc.setPresence({ key, on }),
    setRingWhenFree: (key, on) => ipc.setRingWhenFree({ key, on }),
    setQuiet: (quiet) => ipc.setQuiet({ quiet }),
    autostart: ipc.autostart,
    setAutostart: (on) => ipc.setAutostart({ on }),
    diagnostics: ipc.diagnostics,
    licences: ipc.licences,
    openLogs: ipc.openLogs,
    lookForUpdate: ipc.lookForUpdate,
    openUpdate: ipc.openUpdate,
    devices: () => media.list(),
    tryDevices: (chosen) => {
      if (chosen) media.choose(chosen);
      return media.acquire({ video: true });
    },
    listen: (track) => levelOf(track, createContext, native),
    canChooseSpeaker: "setSinkId" in HTMLMediaElement.prototype,
    canChooseRing: canMoveSound || native !== null,
    playRingtone: (ringtone, volume) => sounds.sample(ringtone, volume),
    loopCall: () => new LoopCall({ createPeerConnection, servers: [] }),
    call: (contact, video) => tell(ipc.call({ contact, video })),
    accept: (video) => tell(ipc.accept({ video })),
    decline: () => tell(ipc.decline()),
    later: (minutes) => tell(ipc.later({ minutes })),
    holdAndAccept: (video) => tell(ipc.holdAndAccept({ video })),
    swap: () => tell(ipc.swap()),
    hangUpHeld: () => tell(ipc.hangUpHeld()),
    endAndAccept: (video) => tell(ipc.endAndAccept({ video })),
    declineWaiting: () => tell(ipc.declineWaiting()),
    hangUp: () => {
      const phase = snapshot?.call?.phase;
      tell(phase === "inviting" || phase === "ringing" ? ipc.cancel() : ipc.hangUp());
    },
    dismiss: () => tell(ipc.dismiss()),
    toggleMicrophone: () => tell(session.toggleMicrophone()),
    toggleCamera: () => tell(session.toggleCamera()),
    toggleScreen: () => tell(session.toggleScreen()),
    voiceLevel: () => session.voiceLevel(),
    copy: copyFrom,
    readClipboard: () => readClipboard(navigator.clipboard),
  },
);

const draw = () => {
  if (snapshot) app.update({ snapshot, media: session.view, connectedAt });
};

/** @param {Snapshot} next */
const take = (next) => {
  media.choose(next.settings);
  sounds.handleSettings(next.settings);
  sounds.handleCall(next.call, { silent: next.silent, waits: next.waiting !== null });
  const elapsed = next.call?.connected_ms ?? null;
  const at = elapsed === null ? null : performance.now() - elapsed;
  // The clock of one call never runs backwards.
  const same = next.call?.id === snapshot?.call?.id;
  connectedAt = at !== null && connectedAt !== null && same ? Math.min(at, connectedAt) : at;
  snapshot = next;
  follow(next.settings, next.call === null, () => location.reload());
};

/** The path told last. @type {string | null} */
let reported = null;
/** How a call travels, for the history. */
const reportPath = () => {
  const call = snapshot?.call;
  const kind = session.view.path?.kind;
  if (!call || !kind || call.phase === "ended" || reported === `${call.id} ${kind}`) return;
  reported = `${call.id} ${kind}`;
  ipc.reportPath({ call: call.id, path: kind === "network" ? "lan" : kind }).catch(() => {});
};

session.addEventListener("change", draw);
session.addEventListener("change", reportPath);
session.addEventListener("error", (event) => {
  const { detail } = /** @type {CustomEvent} */ (event);
  // The core's errors are sentences for people; a peer connection's are names for whoever reads the log.
  if (typeof detail?.code === "string") app.notify(sentence(detail, t("error.unknown")), "error");
  else console.warn("call:", detail?.name ?? "error");
});

addEventListener("online", () => session.handleNetworkChange());

let told = 0;
await Promise.all([
  ipc.onState((next) => {
    told += 1;
    take(next);
    session.handleCalls(next.call, next.held);
    draw();
    tell(openInvite(next));
  }),
  ipc.onPeer((event) => session.handlePeer(event)),
  ipc.onFind(() => app.find()),
  ipc.onRequest((key) => app.showRequest(key)),
]);
try {
  const loaded = await loadLatest();
  take(loaded);
  await sprite;
  tell(ipc.speak({ words: nativeWords() }));
  session.adopt(loaded.call, loaded.held);
  draw();
  performance.mark("drawn");
  await openInvite(loaded);
} catch (error) {
  const failed = createFailed(error, {
    restore: async (file, passphrase) => ipc.restore({ data: await toBase64(file), passphrase }),
    takeKey: async (file) => ipc.takeKey({ data: await toBase64(file) }),
    beginAnew: ipc.beginAnew,
    startAgain: ipc.startAgain,
    started: () => location.reload(),
  });
  document.body.replaceChildren(failed);
}

/** Shows the invite that was opened outside the window. @param {Snapshot} now */
async function openInvite(now) {
  if (!now.profile || !now.invite_waits) return;
  const link = await ipc.takeInvite();
  if (link !== null) app.add(link);
}

/** The state now. An event that came while it was under way may be newer, or older: ask again.
 * @returns {Promise<Snapshot>} */
async function loadLatest() {
  const before = told;
  const state = await ipc.load();
  return told === before ? state : loadLatest();
}
