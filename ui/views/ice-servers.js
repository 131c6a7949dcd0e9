// The list of STUN and TURN servers: a row each, checked as typed.
import { t } from "../i18n.js";
import { checkIceServer, splitUrls } from "../settings-check.js";
import { h, icon, setAttribute, setText } from "./dom.js";

/** @typedef {import("../types.d.ts").IceServer} IceServer */
/** @typedef {ReturnType<typeof createServerRow>} ServerRow */

/**
 * @param {readonly IceServer[]} servers
 * @param {() => void} changed something was typed, added or removed
 */
export function createIceServers(servers, changed) {
  /** @type {ServerRow[]} */
  let rows = [];
  const list = h("ul", { class: "servers" });
  const none = h("p", { class: "hint" }, t("settings.ice_none"));
  const add = h("button", { type: "button", class: "button quiet", onclick: () => append(null).focus() }, icon("add"), t("settings.ice_add"));

  const number = () => {
    none.hidden = rows.length > 0;
    rows.forEach((row, index) => row.number(index + 1));
  };
  /** @param {IceServer | null} server */
  const append = (server) => {
    const row = createServerRow(server, () => {
      rows = rows.filter((other) => other !== row);
      row.element.remove();
      number();
      add.focus();
      changed();
    });
    rows.push(row);
    list.append(row.element);
    number();
    return row;
  };
  for (const server of servers) append(server);
  number();
  list.addEventListener("input", changed);

  return {
    element: h("div", { class: "server-list" }, list, none, add),
    /** @returns {IceServer[]} */
    read: () => rows.map((row) => row.read()),
    /** Shows what is wrong; true when nothing is. */
    check: () => rows.map((row) => row.check()).every(Boolean),
  };
}

/**
 * @param {IceServer | null} server
 * @param {() => void} remove
 */
function createServerRow(server, remove) {
  const url = h("input", { type: "text", placeholder: "turn:turn.example.org", autocomplete: "off", spellcheck: "false" });
  const username = h("input", { type: "text", placeholder: t("settings.ice_user_placeholder"), autocomplete: "off", spellcheck: "false" });
  const credential = h("input", { type: "password", placeholder: t("settings.ice_password_placeholder"), autocomplete: "off" });
  url.value = server?.urls.join(", ") ?? "";
  username.value = server?.username ?? "";
  credential.value = server?.credential ?? "";
  const error = h("p", { class: "error", "aria-live": "polite" });
  const login = h("div", { class: "server-login" }, username, credential);
  const removeButton = h("button", { type: "button", class: "icon-button", onclick: remove }, icon("remove"));
  const element = h("li", { class: "server" }, h("div", { class: "server-line" }, url, removeButton), login, error);

  const read = () => ({ urls: splitUrls(url.value), username: username.value.trim(), credential: credential.value });
  const relays = () => read().urls.some((one) => /^turn/i.test(one));
  const check = () => {
    const wrong = checkIceServer(read());
    setText(error, wrong ? t(wrong) : "");
    setAttribute(url, "aria-invalid", wrong && wrong !== "settings.ice_needs_login" ? "true" : null);
    return wrong === null;
  };
  const typed = () => {
    login.hidden = !relays();
    check();
  };
  for (const input of [url, username, credential]) input.addEventListener("input", typed);
  login.hidden = !relays();

  return {
    element,
    check,
    focus: () => url.focus(),
    /** @param {number} count its place in the list, from 1 */
    number(count) {
      setAttribute(url, "aria-label", t("settings.ice_url", { count }));
      setAttribute(username, "aria-label", t("settings.ice_username", { count }));
      setAttribute(credential, "aria-label", t("settings.ice_credential", { count }));
      setAttribute(removeButton, "aria-label", t("settings.ice_remove", { count }));
      setAttribute(removeButton, "title", t("settings.ice_remove", { count }));
    },
    /** @returns {IceServer} */
    read() {
      const { urls, username: user, credential: password } = read();
      return relays() ? { urls, username: user, credential: password } : { urls };
    },
  };
}
