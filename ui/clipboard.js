// The clipboard, as far as the webview lets us.

/** @typedef {{ image: Blob | null, text: string | null }} Pasted */

/**
 * What is on the clipboard: a picture before a text.
 * @param {Clipboard | undefined} clipboard
 * @returns {Promise<Pasted>}
 * @throws when the webview keeps it to itself
 */
export async function readClipboard(clipboard) {
  if (!clipboard) throw new Error("no clipboard");
  if (typeof clipboard.read === "function") {
    for (const item of await clipboard.read()) {
      const image = item.types.find((type) => type.startsWith("image/"));
      if (image) return { image: await item.getType(image), text: null };
      if (item.types.includes("text/plain")) {
        return { image: null, text: await (await item.getType("text/plain")).text() };
      }
    }
    return { image: null, text: null };
  }
  return { image: null, text: await clipboard.readText() };
}

/**
 * What a paste event brings.
 * @param {DataTransfer | null} data
 * @returns {Pasted}
 */
export function readPaste(data) {
  const image = [...(data?.files ?? [])].find(({ type }) => type.startsWith("image/")) ?? null;
  return { image, text: image ? null : data?.getData("text/plain") || null };
}

/**
 * @param {HTMLInputElement | HTMLTextAreaElement} field whose text is copied
 * @throws when neither way of copying works
 */
export async function copyFrom(field) {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    field.select();
    if (!document.execCommand("copy")) throw new Error("copy");
  }
}
