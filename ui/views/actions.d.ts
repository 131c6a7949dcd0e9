// What the views can ask for. main.js provides it; promises reject with a CommandError.
import type {
  Added, BackupMade, IcePolicy, IceServer, InviteKind, InvitePreview, NewInvite, Safety, SafetyCheck, Settings,
} from "../types.d.ts";
import type { Pasted } from "../clipboard.js";
import type { GrayImage } from "../gray-image.js";
import type { Doctor } from "../ice-doctor.js";
import type { DeviceState } from "../media.js";

export interface Actions {
  start(name: string): Promise<unknown>;
  addContact(link: string, name: string | null): Promise<Added>;
  renameContact(key: string, name: string): Promise<unknown>;
  removeContact(key: string): Promise<unknown>;
  previewInvite(link: string): Promise<InvitePreview>;
  saveSettings(name: string, settings: Settings): Promise<unknown>;
  acceptRequest(key: string, name: string | null): Promise<unknown>;
  ignoreRequest(key: string): Promise<unknown>;
  blockRequest(key: string): Promise<unknown>;
  setBlocked(key: string, blocked: boolean): Promise<unknown>;
  setEarly(key: string, early: boolean): Promise<unknown>;
  setContactPolicy(key: string, policy: IcePolicy | null): Promise<unknown>;
  safety(key: string): Promise<Safety>;
  checkSafety(key: string, text: string): Promise<SafetyCheck>;
  setVerified(key: string, verified: boolean): Promise<unknown>;
  newInvite(kind: InviteKind, label: string | null): Promise<NewInvite>;
  revokeInvite(id: string): Promise<unknown>;
  /** An SVG. */
  inviteQr(): Promise<string>;
  invitePage(): Promise<string | null>;
  readQr(image: GrayImage): Promise<string | null>;
  backup(passphrase: string): Promise<BackupMade>;
  restore(file: Blob, passphrase: string): Promise<unknown>;
  /** A camera to scan with; whoever asked stops the track. */
  openCamera(): Promise<{ track: MediaStreamTrack | null, state: DeviceState }>;
  /** Examines these servers, and those the last call was lent. Whoever asked closes it. */
  examine(servers: readonly IceServer[]): Doctor;
  call(contact: string, video: boolean): void;
  accept(video: boolean): void;
  decline(): void;
  hangUp(): void;
  dismiss(): void;
  toggleMicrophone(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  /** How loud the other side speaks, 0 to 1; null where unknown. */
  voiceLevel(): number | null;
  /** Puts a field's text on the clipboard. */
  copy(field: HTMLInputElement): Promise<void>;
  /** Rejects where the webview keeps the clipboard to itself. */
  readClipboard(): Promise<Pasted>;
  /** Says something in a notice. */
  notify(text: string, kind?: "info" | "error"): void;
}
