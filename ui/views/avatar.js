// The round face of a person.
import { hues, initials } from "../avatar.js";
import { h, setAttribute } from "./dom.js";

/**
 * @param {"small" | "medium" | "large"} size
 * @returns {{ element: HTMLElement, update: (name: string, key: string) => void }}
 */
export function createAvatar(size) {
  const element = h("span", { class: `avatar avatar-${size}`, "aria-hidden": "true" });
  return {
    element,
    update(name, key) {
      // Drawn by the style sheet: they are a picture, and no part of what a button around them says.
      setAttribute(element, "data-initials", initials(name));
      if (element.dataset.of === key) return;
      element.dataset.of = key;
      const [first, second] = hues(key);
      element.style.setProperty("--hue-1", String(first));
      element.style.setProperty("--hue-2", String(second));
    },
  };
}
