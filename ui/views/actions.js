// What the views can ask for. main.js provides it; promises reject with a CommandError.

/**
 * @typedef {{
 *   start(name: string): Promise<unknown>,
 *   addContact(link: string, name: string | null): Promise<import("../types.d.ts").Added>,
 *   renameContact(key: string, name: string): Promise<unknown>,
 *   removeContact(key: string): Promise<unknown>,
 *   previewInvite(link: string): Promise<import("../types.d.ts").InvitePreview>,
 *   saveSettings(name: string, settings: import("../types.d.ts").Settings): Promise<unknown>,
 *   call(contact: string, video: boolean): void,
 *   accept(video: boolean): void,
 *   decline(): void,
 *   hangUp(): void,
 *   dismiss(): void,
 *   toggleMicrophone(): void,
 *   toggleCamera(): void,
 *   toggleScreen(): void,
 *   voiceLevel(): number | null,
 *   copy(field: HTMLInputElement): Promise<void>,
 *   notify(text: string, kind?: "info" | "error"): void,
 * }} Actions
 */

export {};
