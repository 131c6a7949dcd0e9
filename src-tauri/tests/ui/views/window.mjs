// Alice's window in memory: the whole view tree over recorded wishes.
import { createPage } from "./page.mjs";

export const BOB = {
  key: "bob-key",
  name: "Bob",
  own_name: "Bob",
  namesake: null,
  standing: "mutual",
  verified: false,
  blocked: false,
  early: false,
  ice_policy: null,
  favorite: false,
  note: "",
  last_call_ms: null,
  shows_presence: false,
  reachable: null,
  ring_when_free: false,
};
export const ZOE = { ...BOB, key: "zoe-key", name: "Zoë", own_name: "Zoë S." };
export const SNAPSHOT = {
  profile: { name: "Alice", key: "alice-key" },
  invite: "ringdown:alice",
  contacts: [BOB, ZOE],
  requests: [],
  invites: [],
  privacy: { key_store: "keyring", sandbox: "on" },
  call: null,
  held: null,
  waiting: null,
  silent: false,
  missed: 0,
  history_version: 1,
  quiet: { kind: "off" },
  settings: {
    server: null,
    ice_policy: "lan_only",
    ice_servers: [],
    no_answer_seconds: 45,
    favorites_break_quiet: true,
    history_days: null,
    theme: "system",
    language: null,
    ringtone: "classic",
    ringtone_volume: 70,
    ring_device: null,
    camera: null,
    microphone: null,
    speaker: null,
    invisible: false,
    check_updates: false,
  },
  line: { server: null, online: true, message: null },
  update: null,
  invite_waits: false,
  notices: [],
};
export const CALL = {
  id: "one",
  contact: "bob-key",
  name: "Bob",
  direction: "outgoing",
  phase: "inviting",
  reason: null,
  video: true,
  peer_video: true,
  connected_ms: null,
  later_minutes: null,
};
export const MEDIA = {
  local: null,
  preview: null,
  remote: null,
  remoteVideo: false,
  remoteMuted: false,
  held: false,
  microphone: "ok",
  muted: false,
  camera: "ok",
  sharing: false,
  canShare: true,
  shareFailed: false,
  relays: [],
  diagnosis: null,
  path: null,
  details: null,
  quality: null,
};

const COMMANDS = [
  ...["start", "addContact", "renameContact", "removeContact", "previewInvite", "saveSettings"],
  ...["acceptRequest", "ignoreRequest", "blockRequest", "setBlocked", "setEarly", "setContactPolicy"],
  ...["safety", "checkSafety", "setVerified", "newInvite", "revokeInvite", "inviteQr", "invitePage", "readQr"],
  ...["backup", "restore", "openCamera", "call", "accept", "decline", "hangUp", "dismiss"],
  ...["later", "endAndAccept", "holdAndAccept", "swap", "hangUpHeld", "declineWaiting", "deleteHistory", "seenMissed", "setFavorite", "setNote", "setPresence"],
  ...["setRingWhenFree", "setQuiet", "setAutostart", "openLogs", "lookForUpdate", "openUpdate", "tryDevices"],
  ...["toggleMicrophone", "toggleCamera", "toggleScreen", "copy", "readClipboard"],
];

/** What was asked for is in `done`, in order; `answers` holds what comes back, an Error to refuse. */
export async function openWindow() {
  const page = createPage();
  const { createApp } = await import("../../../../ui/views/app.js");
  const done = [];
  const answers = {};
  const record = (name) => (...args) => {
    done.push([name, ...args]);
    const answer = typeof answers[name] === "function" ? answers[name](...args) : answers[name];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const examine = (servers) => (done.push(["examine", servers]), answers.examine(servers));
  /** Asked for without anybody wishing anything: not in `done`. */
  const quietly = (name, otherwise) => async (...args) => (typeof answers[name] === "function" ? answers[name](...args) : (answers[name] ?? otherwise));
  const commands = {
    ...Object.fromEntries(COMMANDS.map((name) => [name, record(name)])),
    examine,
    voiceLevel: () => answers.voiceLevel?.() ?? null,
    history: quietly("history", { entries: [], more: false }),
    devices: quietly("devices", []),
    autostart: quietly("autostart", false),
    diagnostics: quietly("diagnostics", "ringdown: 1.2.3\n"),
    licences: quietly("licences", ""),
    canChooseSpeaker: true,
    canChooseRing: true,
    listen: (track) => answers.listen?.(track) ?? (() => 0),
    playRingtone: (...args) => (done.push(["playRingtone", ...args]), () => done.push(["silence"])),
    loopCall: () => answers.loopCall(),
  };
  const app = createApp(page.root, commands);
  const show = (changes = {}, media = {}, connectedAt = null) =>
    app.update({ snapshot: { ...SNAPSHOT, ...changes }, media: { ...MEDIA, ...media }, connectedAt });
  const ring = (changes, media, connectedAt) => show({ call: { ...CALL, ...changes } }, media, connectedAt);
  return { page, app, done, answers, show, ring };
}

export const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
};
