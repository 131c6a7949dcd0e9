// A picture as the QR reader wants it: one byte of brightness a pixel.

/** @typedef {{ width: number, height: number, gray: Uint8Array }} GrayImage */

/** The longer side of what a QR code is looked for in, in pixels: more only costs time. */
const LONGEST = { frame: 640, picture: 1280 };

/**
 * @param {Uint8ClampedArray} rgba four bytes a pixel; what is transparent counts as white paper
 * @returns {Uint8Array}
 */
export function toGray(rgba) {
  const gray = new Uint8Array(rgba.length / 4);
  for (let at = 0, from = 0; at < gray.length; at += 1, from += 4) {
    const bright = (77 * (rgba[from] ?? 0) + 150 * (rgba[from + 1] ?? 0) + 29 * (rgba[from + 2] ?? 0)) / 256;
    const alpha = rgba[from + 3] ?? 255;
    gray[at] = Math.round((bright * alpha) / 255 + 255 - alpha);
  }
  return gray;
}

/**
 * The size a picture is looked at in.
 * @param {number} width
 * @param {number} height
 * @param {"frame" | "picture"} kind
 */
export function fit(width, height, kind) {
  const scale = Math.min(1, LONGEST[kind] / Math.max(width, height, 1));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/**
 * @param {HTMLCanvasElement} canvas to draw on, used again and again
 * @param {HTMLVideoElement | HTMLImageElement} source
 * @param {{ width: number, height: number }} size
 * @returns {GrayImage | null} null where there is nothing to see
 */
export function grayOf(canvas, source, { width, height }) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context || width === 0 || height === 0) return null;
  canvas.width = width;
  canvas.height = height;
  context.drawImage(source, 0, 0, width, height);
  return { width, height, gray: toGray(context.getImageData(0, 0, width, height).data) };
}
