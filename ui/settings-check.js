// What may be typed into the settings, checked as it is typed. The core validates again: this is for the person.

/** @typedef {import("./i18n.js").Key} Key */

/** The no-answer time, in seconds. */
export const NO_ANSWER = { least: 5, most: 120 };

/** The longest name the core takes, in characters. */
const LONGEST_NAME = 64;

/**
 * @param {string} text
 * @returns {Key | null} what is wrong
 */
export function checkName(text) {
  const name = text.trim();
  return name !== "" && [...name].length <= LONGEST_NAME ? null : "settings.name_bad";
}

/**
 * A rendezvous server: ws:// or wss://, a host, perhaps a port; empty for none.
 * @param {string} text
 * @returns {Key | null} what is wrong
 */
export function checkServer(text) {
  const typed = text.trim();
  if (typed === "") return null;
  if (!/^wss?:\/\//i.test(typed) || !URL.canParse(typed)) return "settings.server_bad";
  const { hostname, username, password, search, hash } = new URL(typed);
  return hostname && !username && !password && !search && !hash ? null : "settings.server_bad";
}

/**
 * A STUN or TURN address as in RFC 7064 and RFC 7065.
 * @param {string} url
 * @returns {Key | null} what is wrong
 */
export function checkIceUrl(url) {
  const scheme = /^(stuns?|turns?):(?!\/\/)/i.exec(url);
  if (!scheme) return "settings.ice_bad_scheme";
  const [address = "", ...queries] = url.slice(scheme[0].length).split("?");
  const query = queries.join("?");
  if (url.includes("?") && (!/^transport=(udp|tcp)$/i.test(query) || /^stun/i.test(url))) {
    return "settings.ice_bad_transport";
  }
  const parts = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::(.*))?$/i.exec(address);
  if (!parts?.[1] || !URL.canParse(`http://${parts[1]}/`)) return "settings.ice_bad_host";
  const port = parts[2];
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)) {
    return "settings.ice_bad_port";
  }
  return null;
}

/**
 * The addresses in one line, apart by commas or spaces.
 * @param {string} text
 */
export const splitUrls = (text) => text.split(/[\s,]+/).filter(Boolean);

/**
 * @param {{ urls: string[], username: string, credential: string }} server
 * @returns {Key | null} what is wrong
 */
export function checkIceServer({ urls, username, credential }) {
  if (urls.length === 0) return "settings.ice_bad_scheme";
  for (const url of urls) {
    const wrong = checkIceUrl(url);
    if (wrong) return wrong;
  }
  const relays = urls.some((url) => /^turn/i.test(url));
  return relays && (username === "" || credential === "") ? "settings.ice_needs_login" : null;
}

/**
 * @param {string} text
 * @returns {Key | null} what is wrong
 */
export function checkNoAnswer(text) {
  const seconds = Number(text);
  const good = Number.isInteger(seconds) && seconds >= NO_ANSWER.least && seconds <= NO_ANSWER.most;
  return text.trim() !== "" && good ? null : "settings.no_answer_bad";
}

/**
 * What a policy needs that is not there. Not wrong: a meeting point may lend servers.
 * @param {import("./types.d.ts").IcePolicy} policy
 * @param {readonly { urls: string[] }[]} servers
 * @returns {Key | null}
 */
export function checkPolicy(policy, servers) {
  const urls = servers.flatMap((server) => server.urls);
  if (policy === "relay_only") return urls.some((url) => /^turns?:/i.test(url)) ? null : "settings.relay_missing";
  return policy === "lan_only" || urls.length > 0 ? null : "settings.stun_missing";
}
