// What the views can ask for. main.js provides it; promises reject with a CommandError.
import type {
  Added, BackupMade, HistoryPage, IcePolicy, IceServer, InviteKind, InvitePreview, NewInvite, NewVersion, Quiet, Ringtone,
  Safety, SafetyCheck, Settings,
} from "../types.d.ts";
import type { Pasted } from "../clipboard.js";
import type { GrayImage } from "../gray-image.js";
import type { Doctor } from "../ice-doctor.js";
import type { LoopCall } from "../loop-call.js";
import type { Acquired, DeviceState } from "../media.js";

export interface Actions {
  start(name: string): Promise<unknown>;
  addContact(link: string, name: string | null): Promise<Added>;
  renameContact(key: string, name: string): Promise<unknown>;
  removeContact(key: string): Promise<unknown>;
  previewInvite(link: string): Promise<InvitePreview>;
  saveSettings(settings: Settings): Promise<unknown>;
  /** Calls, newest first, that began before `before` (Unix time in milliseconds). */
  history(query: { contact: string | null, search: string, before: number | null, limit: number }): Promise<HistoryPage>;
  /** Null: all. */
  deleteHistory(id: string | null): Promise<unknown>;
  seenMissed(): Promise<unknown>;
  setFavorite(key: string, on: boolean): Promise<unknown>;
  setNote(key: string, note: string): Promise<unknown>;
  setPresence(key: string, on: boolean): Promise<unknown>;
  setRingWhenFree(key: string, on: boolean): Promise<unknown>;
  setQuiet(quiet: Quiet): Promise<unknown>;
  autostart(): Promise<boolean>;
  setAutostart(on: boolean): Promise<unknown>;
  diagnostics(): Promise<string>;
  licences(): Promise<string>;
  openLogs(): Promise<unknown>;
  /** Null: this is the newest. */
  lookForUpdate(): Promise<NewVersion | null>;
  openUpdate(): Promise<unknown>;
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
  /** What there is to choose from; without names until one of them was allowed. */
  devices(): Promise<readonly MediaDeviceInfo[]>;
  /** Camera and microphone, these or those of the settings, to try them. Whoever asked stops the tracks. */
  tryDevices(chosen?: { camera: string | null, microphone: string | null }): Promise<Acquired>;
  /** How loud a microphone is, 0 to 1. Ends with the track. */
  listen(track: MediaStreamTrack): () => number;
  /** Whether this webview lets a page choose where voices come out. */
  canChooseSpeaker: boolean;
  /** The same for the ringtone, or whether somebody else plays it then. */
  canChooseRing: boolean;
  /** Plays a ringtone once; what it gives ends it. */
  playRingtone(ringtone: Ringtone, volume: number): () => void;
  /** A call with oneself, on this computer. Whoever asked starts and closes it. */
  loopCall(): LoopCall;
  /** Examines these servers, and those the last call was lent. Whoever asked closes it. */
  examine(servers: readonly IceServer[]): Doctor;
  call(contact: string, video: boolean): void;
  accept(video: boolean): void;
  decline(): void;
  /** Declines, and says when one calls back. */
  later(minutes: number): void;
  /** The call that waits; the one that is on is on hold meanwhile. */
  holdAndAccept(video: boolean): void;
  /** The call on hold in place of the one that is on, and the other way round. */
  swap(): void;
  hangUpHeld(): void;
  /** The call that waits, in place of the one that is on. */
  endAndAccept(video: boolean): void;
  declineWaiting(): void;
  hangUp(): void;
  dismiss(): void;
  toggleMicrophone(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  /** How loud the other side speaks, 0 to 1; null where unknown. */
  voiceLevel(): number | null;
  /** Puts a field's text on the clipboard. */
  copy(field: HTMLInputElement | HTMLTextAreaElement): Promise<void>;
  /** Rejects where the webview keeps the clipboard to itself. */
  readClipboard(): Promise<Pasted>;
  /** Says something in a notice; `way` is a button in it, such as the way back. */
  notify(text: string, kind?: "info" | "error", way?: { label: string, run: () => void }): void;
}
