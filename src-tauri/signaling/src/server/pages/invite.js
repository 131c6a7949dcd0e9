"use strict";
(() => {
  /** An invite without its scheme: a key, then parameters. Nothing else may become a link. */
  const invite = /^[A-Za-z0-9_-]{43}\?[!-~]+$/;
  const longest = 2048;
  const element = (id) => document.getElementById(id);

  const show = () => {
    const fragment = location.hash.slice(1);
    const whole = fragment.length <= longest && invite.test(fragment);
    const link = `ringdown:${fragment}`;
    element("broken").hidden = whole;
    element("open").hidden = !whole;
    element("whole").hidden = !whole;
    if (whole) {
      element("link").setAttribute("href", link);
      element("text").textContent = link;
    } else {
      element("link").removeAttribute("href");
      element("text").textContent = "";
    }
  };

  const copy = element("copy");
  // Only where the page came over TLS.
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(element("text").textContent);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(element("text"));
    }
  });

  addEventListener("hashchange", show);
  show();
})();
