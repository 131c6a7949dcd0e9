// Wiring of the popup: who calls comes from the core once, the answer goes back, and the core closes the window.
import * as ipc from "./ipc.js";
import { wear } from "./look.js";
import { createPopup } from "./views/popup.js";
import { loadSprite } from "./views/sprite.js";

const [view] = await Promise.all([ipc.popup(), loadSprite("icons.svg"), wear()]);
if (view) {
  const popup = createPopup(view, (answer) => {
    // What goes wrong is a notice in the window, which comes to the front.
    ipc.popupAnswer({ answer }).catch(() => console.warn("the answer was not taken"));
  });
  document.title = popup.title;
  document.body.append(popup.element);
  popup.element.focus();
}
