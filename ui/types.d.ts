// Made by `cargo xtask types` from the Rust types (src-tauri/app/src/ipc.rs, src-tauri/core). Do not edit.

/**
 * Everything the window draws; sent whole on every change.
 */
export type Snapshot = {
  /**
   * Null until the person gave a name.
   */
  profile: Profile | null,
  /**
   * The link to give to a friend, good for one; null until there is a profile.
   */
  invite: string | null,
  /**
   * Every invite that was given away or is good for ever, newest first.
   */
  invites: Array<InviteView>,
  /**
   * By name.
   */
  contacts: Array<ContactView>,
  /**
   * Who would like to become a contact, oldest first.
   */
  requests: Array<RequestView>,
  /**
   * The call that is on, or has just ended.
   */
  call: CallSnapshot | null,
  /**
   * The call on hold, which stays connected.
   */
  held: CallSnapshot | null,
  /**
   * Somebody else who calls meanwhile.
   */
  waiting: WaitingCall | null,
  /**
   * The call that rings is not to be heard: the person does not want to be disturbed. It is shown in the window only.
   */
  silent: boolean,
  /**
   * Calls that were missed and not looked at yet.
   */
  missed: number,
  /**
   * Grows with every change of the history.
   */
  history_version: number,
  /**
   * Whether calls ring.
   */
  quiet: Quiet,
  /**
   * As saved.
   */
  settings: Settings,
  /**
   * Whether friends can ring here.
   */
  line: Line,
  /**
   * How the identity is kept.
   */
  privacy: Privacy,
  /**
   * Newer versions; null where this build does not know where to look.
   */
  update: UpdateView | null,
  /**
   * An invite was opened outside the window: it is to be taken and shown in "Add contact".
   */
  invite_waits: boolean,
  /**
   * What the person should know and has not dismissed.
   */
  notices: Array<Notice>,
};

/**
 * Who uses this app.
 */
export type Profile = {
  /**
   * The name friends see.
   */
  name: string,
  /**
   * The identity key, base64url.
   */
  key: string,
};

/**
 * A contact as drawn.
 */
export type ContactView = {
  /**
   * The identity key, base64url.
   */
  key: string,
  /**
   * The name given here.
   */
  name: string,
  /**
   * The name they gave themselves.
   */
  own_name: string,
  /**
   * Another contact whose name here looks like the one they gave themselves: they may be posing as them.
   */
  namesake: string | null,
  /**
   * Whether they have agreed to be a contact.
   */
  standing: Standing,
  /**
   * The safety numbers were compared and are the same.
   */
  verified: boolean,
  /**
   * Neither rings nor learns anything.
   */
  blocked: boolean,
  /**
   * Calls with them may connect while it rings, if they agree too.
   */
  early: boolean,
  /**
   * How calls with them may connect; null: as in the settings.
   */
  ice_policy: IcePolicy | null,
  /**
   * Among the first in the list and in the tray's menu.
   */
  favorite: boolean,
  /**
   * What the person wrote down about them, at most 500 characters.
   */
  note: string,
  /**
   * When the last call with them began, Unix time in milliseconds; null: never.
   */
  last_call_ms: number | null,
  /**
   * They may ask whether this app is there.
   */
  shows_presence: boolean,
  /**
   * Whether their app is there; null: they don't say.
   */
  reachable: boolean | null,
  /**
   * The person is told once they can be called.
   */
  ring_when_free: boolean,
};

/**
 * Whether the other side has this person as a contact too.
 */
export type Standing = "requested" | "mutual";

/**
 * Somebody who would like to become a contact.
 */
export type RequestView = {
  /**
   * The identity key, base64url.
   */
  key: string,
  /**
   * The name they gave themselves.
   */
  name: string,
  /**
   * A contact whose name looks like this one, and who is somebody else: they may be posing as them.
   */
  namesake: string | null,
  /**
   * Somebody else asks under a name that looks like this one.
   */
  alike: boolean,
  /**
   * Others ask with the same one-time invite, which was given to one person.
   */
  shared: boolean,
  /**
   * When it came, Unix time in milliseconds.
   */
  received_ms: number,
};

/**
 * An invite as listed.
 */
export type InviteView = {
  /**
   * To revoke it by. It is no secret and no part of the link.
   */
  id: string,
  /**
   * For whom or what it was made; empty where nothing was said.
   */
  label: string,
  /**
   * How often it can be used.
   */
  kind: InviteKind,
  /**
   * When it ends, Unix time in milliseconds; null: never.
   */
  expires_ms: number | null,
  /**
   * The name of who used it; null: nobody yet.
   */
  used_by: string | null,
};

/**
 * How often an invite can be used.
 */
export type InviteKind = "one_time" | "permanent";

/**
 * How the identity is kept.
 */
export type Privacy = {
  /**
   * Where the secret key rests.
   */
  key_store: KeyStore,
  /**
   * Whether the pages' processes are shut in.
   */
  sandbox: Sandbox,
};

/**
 * Where the secret key rests.
 */
export type KeyStore = "keyring" | "file";

/**
 * Whether the processes that run the app's pages, and read what others send, are kept from the rest of the system.
 */
export type Sandbox = "on" | "missing" | "refused" | "native";

/**
 * The call as the window draws it.
 */
export type CallSnapshot = {
  /**
   * The call.
   */
  id: string,
  /**
   * The other side's key, base64url.
   */
  contact: string,
  /**
   * What the person calls them.
   */
  name: string,
  /**
   * Who called.
   */
  direction: Direction,
  /**
   * How far it is.
   */
  phase: Phase,
  /**
   * Why it ended; null before.
   */
  reason: EndReason | null,
  /**
   * Whether this side wants to show a picture.
   */
  video: boolean,
  /**
   * Whether the other side does.
   */
  peer_video: boolean,
  /**
   * Milliseconds since the media first connected (to the end, where the call has ended); null before.
   */
  connected_ms: number | null,
  /**
   * Declined, and they call back in so many minutes; null: they did not say.
   */
  later_minutes: number | null,
};

/**
 * Who called.
 */
export type Direction = "outgoing" | "incoming";

/**
 * How far a call is.
 */
export type Phase = "inviting" | "ringing" | "connecting" | "connected" | "reconnecting" | "ended";

/**
 * Why a call ended. The UI has words for each.
 */
export type EndReason = "declined" | "busy" | "no_answer" | "missed" | "cancelled" | "unreachable" | "ended_by_me" | "ended_by_peer" | "lost" | "not_connected" | "untrusted";

/**
 * Somebody who calls while another call is on. They hear it ring.
 */
export type WaitingCall = {
  /**
   * Their call.
   */
  id: string,
  /**
   * The key, base64url.
   */
  contact: string,
  /**
   * What the person calls them.
   */
  name: string,
  /**
   * They want to show a picture.
   */
  video: boolean,
};

/**
 * One call that is over.
 */
export type HistoryEntry = {
  /**
   * To delete it by.
   */
  id: string,
  /**
   * Whose key, base64url; null: they are no contact any more.
   */
  contact: string | null,
  /**
   * What the person calls them, or called them then.
   */
  name: string,
  /**
   * Who called.
   */
  direction: Direction,
  /**
   * With picture.
   */
  video: boolean,
  /**
   * When it began, Unix time in milliseconds.
   */
  started_ms: number,
  /**
   * How long they talked; null: they did not.
   */
  duration_ms: number | null,
  /**
   * How it ended.
   */
  reason: EndReason,
  /**
   * How it travelled; null: it did not connect.
   */
  path: PathKind | null,
  /**
   * It was missed while this app was off; a note of the caller tells of it.
   */
  offline_note: boolean,
  /**
   * How many calls this is: of one person, missed one after the other.
   */
  times: number,
};

/**
 * The newest calls that were looked for, newest first.
 */
export type HistoryPage = {
  /**
   * The calls.
   */
  entries: Array<HistoryEntry>,
  /**
   * There are older ones.
   */
  more: boolean,
};

/**
 * How a call travels.
 */
export type PathKind = "lan" | "internet" | "relay";

/**
 * What the person can set. What an older Ringdown did not know has its default.
 */
export type Settings = {
  /**
   * A stand-alone ringdown-server to be reachable at. Default: none.
   */
  server: string | null,
  /**
   * How calls may connect. Default: STUN and TURN where servers are known.
   */
  ice_policy: IcePolicy,
  /**
   * STUN and TURN servers. Default: none.
   */
  ice_servers: Array<IceServer>,
  /**
   * Seconds a call rings, 5 to 120. Default: 45.
   */
  no_answer_seconds: number,
  /**
   * Favourites ring although the person does not want to be disturbed. Default: yes.
   */
  favorites_break_quiet: boolean,
  /**
   * Days that calls stay in the history, 1 to 3650; null: for ever. Default: for ever.
   */
  history_days: number | null,
  /**
   * Default: as the system.
   */
  theme: Theme,
  /**
   * A language tag such as "de"; null: as the system. Default: as the system.
   */
  language: string | null,
  /**
   * Default: classic.
   */
  ringtone: Ringtone,
  /**
   * In percent. Default: 70.
   */
  ringtone_volume: number,
  /**
   * Where it rings, a device id of the webview; null: the system's choice.
   */
  ring_device: string | null,
  /**
   * The same for the camera.
   */
  camera: string | null,
  /**
   * The same for the microphone.
   */
  microphone: string | null,
  /**
   * The same for where the other side is heard.
   */
  speaker: string | null,
  /**
   * Nobody learns whether this app is there, whatever was agreed with them. Default: no.
   */
  invisible: boolean,
  /**
   * Newer versions are looked for once a day, where this build knows where. Default: no.
   */
  check_updates: boolean,
};

/**
 * How the window looks.
 */
export type Theme = "system" | "light" | "dark" | "contrast";

/**
 * What a call sounds like.
 */
export type Ringtone = "classic" | "chime" | "pulse";

/**
 * Whether calls ring. While it is quiet they don't, and the caller can't tell.
 */
export type Quiet = { "kind": "off" } | { "kind": "until",
  /**
   * Unix time in milliseconds.
   */
  until_ms: number, } | { "kind": "on"
};

/**
 * How calls may connect, from the most open to the strictest. The stricter of two wins.
 */
export type IcePolicy = "stun_turn" | "stun" | "lan_only" | "relay_only";

/**
 * One entry of `RTCConfiguration.iceServers` (W3C webrtc, `RTCIceServer`).
 */
export type IceServer = {
  /**
   * `stun:`, `stuns:`, `turn:` or `turns:` URLs.
   */
  urls: Array<string>,
  /**
   * For TURN.
   */
  username?: string,
  /**
   * For TURN. Secret: never printed.
   */
  credential?: string,
};

/**
 * Whether friends can ring here.
 */
export type Line = {
  /**
   * The stand-alone server in use, if any.
   */
  server: string | null,
  /**
   * Reachable at one meeting point at least.
   */
  online: boolean,
  /**
   * What is wrong and what to do about it.
   */
  message: string | null,
};

/**
 * Newer versions.
 */
export type UpdateView = {
  /**
   * The one that was found.
   */
  found: NewVersion | null,
};

/**
 * A version that can be had.
 */
export type NewVersion = {
  /**
   * Like "1.2.3".
   */
  version: string,
  /**
   * Where to get it: an https URL.
   */
  page: string,
};

/**
 * Something the person should know.
 */
export type Notice = {
  /**
   * A stable name.
   */
  code: string,
  /**
   * A sentence: what happened and what to do.
   */
  message: string,
};

/**
 * Why a command was refused.
 */
export type UiError = {
  /**
   * A stable name.
   */
  code: string,
  /**
   * A sentence: what happened and what to do.
   */
  message: string,
};

/**
 * What came of adding an invite.
 */
export type Added = {
  /**
   * The contact's key.
   */
  key: string,
  /**
   * The contact's name here.
   */
  name: string,
  /**
   * The contact was there before; only where to reach them was updated.
   */
  already_known: boolean,
};

/**
 * Whose invite this is.
 */
export type InvitePreview = {
  /**
   * The name its maker gave themselves.
   */
  name: string,
  /**
   * Already a contact, under this name.
   */
  known: string | null,
  /**
   * It is your own.
   */
  own: boolean,
  /**
   * A contact whose name looks like this one, and who is somebody else: this is a new person.
   */
  namesake: string | null,
  /**
   * It can no longer be used.
   */
  expired: boolean,
};

/**
 * An invite to give away.
 */
export type NewInvite = {
  /**
   * The `ringdown:` link.
   */
  link: string,
  /**
   * The same as a QR code, an SVG document.
   */
  qr: string,
};

/**
 * What two people compare to know that nobody is between them.
 */
export type Safety = {
  /**
   * 60 digits in groups of five; the same on both sides.
   */
  number: string,
  /**
   * For the other side to scan, an SVG document.
   */
  qr: string,
  /**
   * What the QR code holds.
   */
  text: string,
};

/**
 * What a scanned code says about a contact.
 */
export type SafetyCheck = "match" | "mismatch" | "not_one";

/**
 * A backup that was made.
 */
export type BackupMade = {
  /**
   * The file.
   */
  path: string,
};

/**
 * What the page's peer connection shall do.
 */
export type PeerEvent = { "kind": "prepare",
  /**
   * The call.
   */
  call: string,
  /**
   * Gives way when both sides offer at once.
   */
  polite: boolean,
  /**
   * Makes the first offer.
   */
  initiator: boolean,
  /**
   * For `new RTCPeerConnection(configuration)`.
   */
  configuration: RtcConfiguration, } | { "kind": "start",
  /**
   * The call.
   */
  call: string,
  /**
   * Gives way when both sides offer at once.
   */
  polite: boolean,
  /**
   * Makes the first offer.
   */
  initiator: boolean,
  /**
   * Whether our picture is wanted.
   */
  video: boolean,
  /**
   * It still rings: connect, and send nothing before `accepted`.
   */
  early: boolean,
  /**
   * For `new RTCPeerConnection(configuration)`.
   */
  configuration: RtcConfiguration, } | { "kind": "resume",
  /**
   * The call.
   */
  call: string,
  /**
   * Gives way when both sides offer at once.
   */
  polite: boolean,
  /**
   * Whether our picture was wanted at first.
   */
  video: boolean,
  /**
   * It still rings: connect, and send nothing before `accepted`.
   */
  early: boolean,
  /**
   * For `new RTCPeerConnection(configuration)`.
   */
  configuration: RtcConfiguration, } | { "kind": "accepted",
  /**
   * The call.
   */
  call: string,
  /**
   * Whether our picture is wanted.
   */
  video: boolean, } | { "kind": "signal",
  /**
   * The call.
   */
  call: string,
  /**
   * JSON of the other page.
   */
  data: string, } | { "kind": "servers",
  /**
   * The call.
   */
  call: string,
  /**
   * For `setConfiguration`.
   */
  configuration: RtcConfiguration, } | { "kind": "network",
  /**
   * The call.
   */
  call: string, } | { "kind": "stop",
  /**
   * The call.
   */
  call: string,
};

/**
 * The dictionary for `new RTCPeerConnection(configuration)` (W3C webrtc, `RTCConfiguration`).
 */
export type RtcConfiguration = {
  /**
   * Servers to ask; empty: none.
   */
  iceServers: Array<IceServer>,
  /**
   * Which candidates may be used.
   */
  iceTransportPolicy: IceTransportPolicy,
};

/**
 * Which candidates may be used (W3C webrtc, `RTCIceTransportPolicy`).
 */
export type IceTransportPolicy = "all" | "relay";

/**
 * State of the page's peer connection.
 */
export type MediaState = "connected" | "disconnected" | "failed" | "untrusted";

/**
 * What the popup's page draws.
 */
export type PopupView = {
  /**
   * The caller's key, base64url.
   */
  key: string,
  /**
   * What the person calls them.
   */
  name: string,
  /**
   * The safety numbers were compared.
   */
  verified: boolean,
  /**
   * They want to show a picture.
   */
  video: boolean,
  /**
   * They wait, since the person is in a call with somebody of this name; null: no call is on.
   */
  during: string | null,
};

/**
 * What the person says in the popup.
 */
export type PopupAnswer = "accept" | "accept_voice" | "decline" | "later" | "hold_and_accept" | "end_and_accept";

/**
 * Templates hold `{name}`, `{count}` or `{time}`.
 */
export type Words = {
  /**
   * `{name}` is calling.
   */
  calling: string,
  /**
   * Somebody wants to see and be seen.
   */
  video_call: string,
  /**
   * Somebody wants to talk.
   */
  voice_call: string,
  /**
   * Answer.
   */
  accept: string,
  /**
   * Answer without picture.
   */
  accept_voice: string,
  /**
   * Refuse.
   */
  decline: string,
  /**
   * `{name}` is calling while the person is in a call.
   */
  calling_too: string,
  /**
   * The person is in a call with `{name}`.
   */
  during: string,
  /**
   * Put the call that is on on hold and answer the other.
   */
  hold_and_accept: string,
  /**
   * End the call that is on and answer the other.
   */
  end_and_accept: string,
  /**
   * One call of `{name}` was missed.
   */
  missed_one: string,
  /**
   * `{count}` calls of `{name}` were missed.
   */
  missed_many: string,
  /**
   * Call the one whose call was missed.
   */
  call_back: string,
  /**
   * Refuse, and call back in ten minutes.
   */
  later: string,
  /**
   * It is time to call `{name}` back.
   */
  remind: string,
  /**
   * `{name}` can be called now.
   */
  free: string,
  /**
   * `{name}` asks to become a contact.
   */
  asks: string,
  /**
   * `{count}` people do, at least two.
   */
  asks_several: string,
  /**
   * Who asks looks like the contact `{name}`, and is somebody else.
   */
  asks_namesake: string,
  /**
   * Others ask with the same one-time invite.
   */
  asks_shared: string,
  /**
   * Somebody else asks under a name that looks the same.
   */
  asks_alike: string,
  /**
   * One of those three holds for some of several who ask.
   */
  asks_doubt: string,
  /**
   * The tray: call `{name}`.
   */
  call: string,
  /**
   * The tray: show the window.
   */
  open: string,
  /**
   * The tray: `{count}` calls were missed, of whomever.
   */
  missed: string,
  /**
   * The tray: no sound, no popup.
   */
  quiet: string,
  /**
   * The tray: and that until `{time}`.
   */
  quiet_until: string,
  /**
   * For an hour.
   */
  quiet_hour: string,
  /**
   * Until tomorrow.
   */
  quiet_tomorrow: string,
  /**
   * Not any more.
   */
  quiet_off: string,
  /**
   * End the app.
   */
  quit: string,
};
