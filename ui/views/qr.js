// A QR code made by the core. The SVG is shown as a picture, never put into the page: a picture runs nothing.
import { h, setAttribute } from "./dom.js";

/** @param {string} alt what the code is */
export function createQr(alt) {
  const element = h("img", { class: "qr", alt, hidden: true });
  return {
    element,
    /** @param {string | null} svg */
    update(svg) {
      element.hidden = svg === null;
      setAttribute(element, "src", svg === null ? null : `data:image/svg+xml,${encodeURIComponent(svg)}`);
    },
  };
}
