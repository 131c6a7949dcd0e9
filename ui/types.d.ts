// The shapes that cross the boundary between the webview and the Rust process.
// Field names are those of the wire; see the Rust types for units and ranges.

/** The whole state of the app, as the Rust process sees it. */
export interface Snapshot {
  profile: Profile | null;
  invite: string | null;
  contacts: ContactView[];
  call: CallSnapshot | null;
  settings: Settings;
  line: Line;
  notices: Notice[];
}

export interface Profile {
  name: string;
  key: string;
}

export interface ContactView {
  key: string;
  name: string;
  own_name: string;
}

export type Direction = "outgoing" | "incoming";

export type Phase = "inviting" | "ringing" | "connecting" | "connected" | "reconnecting" | "ended";

export type EndReason =
  | "declined"
  | "busy"
  | "no_answer"
  | "missed"
  | "cancelled"
  | "unreachable"
  | "ended_by_me"
  | "ended_by_peer"
  | "lost"
  | "not_connected";

export interface CallSnapshot {
  id: string;
  contact: string;
  name: string;
  direction: Direction;
  phase: Phase;
  reason: EndReason | null;
  video: boolean;
  peer_video: boolean;
  connected_ms: number | null;
}

export type IcePolicy = "lan_only" | "stun" | "stun_turn" | "relay_only";

export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

export interface Settings {
  server: string | null;
  ice_policy: IcePolicy;
  ice_servers: IceServer[];
  no_answer_seconds: number;
}

export interface Line {
  server: string | null;
  online: boolean;
  message: string | null;
}

/** Something that happened, in a sentence for people. */
export interface Notice {
  code: string;
  message: string;
}

/** What adding an invite did. */
export interface Added {
  key: string;
  name: string;
  already_known: boolean;
}

/** Whose invite a link is. `known`: the name that person already has among the contacts. */
export interface InvitePreview {
  name: string;
  known: string | null;
  own: boolean;
}

/** What a failed command rejects with. */
export interface CommandError {
  code: string;
  message: string;
}

export type MediaState = "connected" | "disconnected" | "failed";

export type PeerEvent =
  | {
      kind: "start";
      call: string;
      polite: boolean;
      initiator: boolean;
      video: boolean;
      configuration: RTCConfiguration;
    }
  | { kind: "signal"; call: string; data: string }
  | { kind: "stop"; call: string }
  | { kind: "add"; link: string };
