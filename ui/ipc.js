// The only file that names Tauri: one function a command, one subscription an event.

/** @typedef {import("./types.d.ts").Snapshot} Snapshot */
/** @typedef {import("./types.d.ts").Settings} Settings */
/** @typedef {import("./types.d.ts").Added} Added */
/** @typedef {import("./types.d.ts").InvitePreview} InvitePreview */
/** @typedef {import("./types.d.ts").PeerEvent} PeerEvent */
/** @typedef {import("./types.d.ts").IcePolicy} IcePolicy */
/** @typedef {import("./types.d.ts").InviteKind} InviteKind */
/** @typedef {import("./types.d.ts").NewInvite} NewInvite */
/** @typedef {import("./types.d.ts").NewVersion} NewVersion */
/** @typedef {import("./types.d.ts").Safety} Safety */
/** @typedef {import("./types.d.ts").SafetyCheck} SafetyCheck */
/** @typedef {import("./types.d.ts").BackupMade} BackupMade */
/** @typedef {import("./types.d.ts").MediaState} MediaState */
/** @typedef {import("./types.d.ts").HistoryPage} HistoryPage */
/** @typedef {import("./types.d.ts").PathKind} PathKind */
/** @typedef {import("./types.d.ts").Quiet} Quiet */
/** @typedef {import("./types.d.ts").PopupView} PopupView */
/** @typedef {import("./types.d.ts").PopupAnswer} PopupAnswer */
/** @typedef {import("./types.d.ts").Words} Words */

/**
 * The part of Tauri's global that is used here.
 * @typedef {{
 *   core: { invoke(command: string, args?: object): Promise<any> },
 *   event: { listen(event: string, handler: (event: { payload: any }) => void): Promise<() => void> },
 * }} Tauri
 */

/** @returns {Tauri} */
function tauri() {
  return /** @type {any} */ (globalThis).__TAURI__;
}

/**
 * @param {string} command
 * @param {object} [args]
 */
const invoke = (command, args) => tauri().core.invoke(command, args);

/**
 * Resolves once the handler is in place: nothing that happens afterwards is missed.
 * @template T
 * @param {string} event
 * @param {(payload: T) => void} handler
 * @returns {Promise<() => void>} ends the subscription
 */
const listen = (event, handler) => tauri().event.listen(event, ({ payload }) => handler(payload));

/** @returns {Promise<Snapshot>} the whole state, now */
export const load = () => invoke("load");

/** Makes the identity at first start; later, changes one's own name.
 * @param {{ name: string }} args @returns {Promise<void>} */
export const start = (args) => invoke("start", args);

/** @param {{ link: string, name: string | null }} args @returns {Promise<Added>} */
export const addContact = (args) => invoke("add_contact", args);

/** @param {{ key: string, name: string }} args @returns {Promise<void>} */
export const renameContact = (args) => invoke("rename_contact", args);

/** @param {{ key: string }} args @returns {Promise<void>} */
export const removeContact = (args) => invoke("remove_contact", args);

/** @returns {Promise<string | null>} the invite that was opened outside the window, once */
export const takeInvite = () => invoke("take_invite");

/** @param {{ link: string }} args @returns {Promise<InvitePreview>} */
export const invitePreview = (args) => invoke("invite_preview", args);

/** Lets somebody who asked become a contact; without a name, under their own.
 * @param {{ key: string, name: string | null }} args @returns {Promise<void>} */
export const acceptRequest = (args) => invoke("accept_request", args);

/** @param {{ key: string }} args @returns {Promise<void>} */
export const ignoreRequest = (args) => invoke("ignore_request", args);

/** @param {{ key: string }} args @returns {Promise<void>} */
export const blockRequest = (args) => invoke("block_request", args);

/** @param {{ key: string, blocked: boolean }} args @returns {Promise<void>} */
export const setBlocked = (args) => invoke("set_blocked", args);

/** Whether calls with them connect while they ring.
 * @param {{ key: string, early: boolean }} args @returns {Promise<void>} */
export const setEarly = (args) => invoke("set_early", args);

/** @param {{ key: string, policy: IcePolicy | null }} args null: as in the settings @returns {Promise<void>} */
export const setContactPolicy = (args) => invoke("set_contact_policy", args);

/** @returns {Promise<import("./types.d.ts").IceServer[]>} STUN and TURN servers that meeting points lend */
export const lentServers = () => invoke("lent_servers");

/** @param {{ key: string }} args @returns {Promise<Safety>} what both compare, `qr` an SVG */
export const safety = (args) => invoke("safety", args);

/** A match marks them verified.
 * @param {{ key: string, text: string }} args of their code @returns {Promise<SafetyCheck>} */
export const checkSafety = (args) => invoke("check_safety", args);

/** @param {{ key: string, verified: boolean }} args @returns {Promise<void>} */
export const setVerified = (args) => invoke("set_verified", args);

/** @param {{ kind: InviteKind, label: string | null }} args @returns {Promise<NewInvite>} `qr` an SVG */
export const newInvite = (args) => invoke("new_invite", args);

/** @param {{ id: string }} args @returns {Promise<void>} */
export const revokeInvite = (args) => invoke("revoke_invite", args);

/** @returns {Promise<string>} an SVG of the current link */
export const inviteQr = () => invoke("invite_qr");

/** @returns {Promise<string | null>} the current link as a web page, where a server has one */
export const invitePage = () => invoke("invite_page");

/** Reads a QR code in a grey picture, `gray` one byte a pixel in base64.
 * @param {{ width: number, height: number, gray: string }} args @returns {Promise<string | null>} */
export const readQr = (args) => invoke("read_qr", args);

/** @param {{ passphrase: string }} args @returns {Promise<BackupMade>} where the file is */
export const backup = (args) => invoke("backup", args);

/** @param {{ data: string, passphrase: string }} args `data` the file in base64 @returns {Promise<void>} */
export const restore = (args) => invoke("restore", args);

/** Of an app that could not start, like the two below: they resolve once it has.
 * @param {{ data: string }} args a key file in base64 @returns {Promise<void>} */
export const takeKey = (args) => invoke("take_key", args);

/** Moves everything to a folder beside, and is nobody. @returns {Promise<void>} */
export const beginAnew = () => invoke("begin_anew");

/** @returns {Promise<void>} */
export const startAgain = () => invoke("start_again");

/** @param {{ contact: string, video: boolean }} args @returns {Promise<void>} */
export const call = (args) => invoke("call", args);

/** @param {{ video: boolean }} args @returns {Promise<void>} */
export const accept = (args) => invoke("accept", args);

/** @returns {Promise<void>} */
export const decline = () => invoke("decline");

/** @returns {Promise<void>} */
export const cancel = () => invoke("cancel");

/** @returns {Promise<void>} */
export const hangUp = () => invoke("hang_up");

/** @returns {Promise<void>} */
export const dismiss = () => invoke("dismiss");

/** Sends one opaque negotiation message to the other side.
 * @param {{ call: string, data: string }} args @returns {Promise<void>} */
export const signal = (args) => invoke("signal", args);

/** Asks for a peer connection in place of the one that was lost with an earlier page: a `resume` event follows, if there
 * was one.
 * @param {{ call: string }} args @returns {Promise<void>} */
export const resume = (args) => invoke("resume", args);

/** Tells the core how the media of a call is doing.
 * @param {{ call: string, state: MediaState }} args @returns {Promise<void>} */
export const media = (args) => invoke("media", args);

/** @param {{ settings: Settings }} args @returns {Promise<Settings>} as validated */
export const saveSettings = (args) => invoke("save_settings", args);

/** The newest calls that fit, newest first.
 * @param {{ contact: string | null, search: string, before: number | null, limit: number }} args
 * @returns {Promise<HistoryPage>} */
export const history = (args) => invoke("history", { query: args });

/** @param {{ id: string | null }} args null: all @returns {Promise<void>} */
export const deleteHistory = (args) => invoke("delete_history", args);

/** The person looked at what they missed. @returns {Promise<void>} */
export const seenMissed = () => invoke("seen_missed");

/** How a call travels, for the history.
 * @param {{ call: string, path: PathKind }} args @returns {Promise<void>} */
export const reportPath = (args) => invoke("report_path", args);

/** @param {{ key: string, on: boolean }} args @returns {Promise<void>} */
export const setFavorite = (args) => invoke("set_favorite", args);

/** @param {{ key: string, note: string }} args at most 500 characters @returns {Promise<void>} */
export const setNote = (args) => invoke("set_note", args);

/** Whether they may ask if this app is there.
 * @param {{ key: string, on: boolean }} args @returns {Promise<void>} */
export const setPresence = (args) => invoke("set_presence", args);

/** Tells once they can be called.
 * @param {{ key: string, on: boolean }} args @returns {Promise<void>} */
export const setRingWhenFree = (args) => invoke("set_ring_when_free", args);

/** @param {{ quiet: Quiet }} args @returns {Promise<void>} */
export const setQuiet = (args) => invoke("set_quiet", args);

/** Refuses the call that rings, and says when one calls back.
 * @param {{ minutes: number }} args 1 to 1440 @returns {Promise<void>} */
export const later = (args) => invoke("later", args);

/** Puts the call that is on on hold and answers the one that waits.
 * @param {{ video: boolean }} args @returns {Promise<void>} */
export const holdAndAccept = (args) => invoke("hold_and_accept", args);

/** Goes on with the call on hold, and puts the other one on hold. @returns {Promise<void>} */
export const swap = () => invoke("swap");

/** Ends the call on hold. @returns {Promise<void>} */
export const hangUpHeld = () => invoke("hang_up_held");

/** Ends the call that is on and answers the one that waits.
 * @param {{ video: boolean }} args @returns {Promise<void>} */
export const endAndAccept = (args) => invoke("end_and_accept", args);

/** @returns {Promise<void>} */
export const declineWaiting = () => invoke("decline_waiting");

/** @returns {Promise<string>} how this app is, without secrets, names and addresses */
export const diagnostics = () => invoke("diagnostics");

/** @returns {Promise<string>} of everything that is in the app */
export const licences = () => invoke("licences");

/** @returns {Promise<void>} */
export const openLogs = () => invoke("open_logs");

/** @returns {Promise<NewVersion | null>} null: this is the newest */
export const lookForUpdate = () => invoke("look_for_update");

/** Shows where the newer version is, in the browser. @returns {Promise<void>} */
export const openUpdate = () => invoke("open_update");

/** Of the popup's page: who calls. @returns {Promise<PopupView | null>} null: it does not ring any more */
export const popup = () => invoke("popup");

/** @param {{ answer: PopupAnswer }} args @returns {Promise<void>} */
export const popupAnswer = (args) => invoke("popup_answer", args);

/** The words of notifications and of the tray's menu, in the person's language.
 * @param {{ words: Words }} args @returns {Promise<void>} */
export const speak = (args) => invoke("speak", args);

/** @returns {Promise<boolean>} whether the app starts with the session */
export const autostart = () => invoke("autostart");

/** @param {{ on: boolean }} args @returns {Promise<void>} */
export const setAutostart = (args) => invoke("set_autostart", args);

/** The person wants to type a name. @param {() => void} handler */
export const onFind = (handler) => listen("find", handler);

/** Somebody who asks to become a contact is to be shown.
 * @param {(key: string) => void} handler @returns {Promise<() => void>} */
export const onRequest = (handler) => listen("request", handler);

/** @param {(snapshot: Snapshot) => void} handler */
export const onState = (handler) => listen("state", handler);

/** @param {(event: PeerEvent) => void} handler */
export const onPeer = (handler) => listen("peer", handler);

/** @type {Promise<unknown>} */
let engineListening = Promise.resolve();

/** The media engine behind the RTCPeerConnection polyfill, where the webview needs one. */
export const backend = {
  /**
   * @param {string} op
   * @param {object} [args]
   * @returns {Promise<any>} rejects with `{name, message}` of a DOMException
   */
  request: (op, args = {}) => engineListening.then(() => invoke("rtc", { request: { op, ...args } })),

  /** No request is sent before the handler is in place.
   * @param {(event: any) => void} handler */
  onEvent: (handler) => {
    engineListening = Promise.all([engineListening, listen("rtc", handler)]);
  },
};
