// The icon sprite becomes part of the page: `<use>` of another file is not reliable under custom schemes.

/** @param {string} url */
export async function loadSprite(url) {
  const response = await fetch(url);
  const parsed = new DOMParser().parseFromString(await response.text(), "image/svg+xml");
  const sprite = document.importNode(parsed.documentElement, true);
  sprite.setAttribute("class", "sprite");
  sprite.setAttribute("aria-hidden", "true");
  document.body.prepend(sprite);
}
