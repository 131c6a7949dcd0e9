// Bytes as base64, for the IPC.

/** A multiple of three, so that the pieces join without padding; small enough for one call's arguments. */
const PIECE = 0x6000;

/**
 * @param {Blob | Uint8Array} bytes
 * @returns {Promise<string>}
 */
export async function toBase64(bytes) {
  const all = bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes;
  let text = "";
  for (let at = 0; at < all.length; at += PIECE) {
    text += btoa(String.fromCharCode(...all.subarray(at, at + PIECE)));
  }
  return text;
}
