// What the views can ask for. main.js provides it; promises reject with a CommandError.
import type { Added, InvitePreview, Settings } from "../types.d.ts";

export interface Actions {
  start(name: string): Promise<unknown>;
  addContact(link: string, name: string | null): Promise<Added>;
  renameContact(key: string, name: string): Promise<unknown>;
  removeContact(key: string): Promise<unknown>;
  previewInvite(link: string): Promise<InvitePreview>;
  saveSettings(name: string, settings: Settings): Promise<unknown>;
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
  /** Says something in a notice. */
  notify(text: string, kind?: "info" | "error"): void;
}
