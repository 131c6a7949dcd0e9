// Calls by day, newest first, as many as were asked for. Follows the core: a change there, and it asks again.
import { dayKey, dayName, isMissed } from "../history-words.js";
import { t } from "../i18n.js";
import { h, reconcile, sentence, setText } from "./dom.js";
import { createHistoryRow } from "./history-row.js";

/** @typedef {import("../types.d.ts").HistoryEntry} HistoryEntry */
/** @typedef {import("./actions.d.ts").Actions} Actions */
/** @typedef {{ contact: string | null, search: string, missed: boolean }} Wanted */

/** How long a deleted call can be brought back, in milliseconds: as long as the notice that offers it. */
export const UNDO_MS = 12_000;

/**
 * @param {Pick<Actions, "history" | "deleteHistory" | "call" | "notify">} actions
 * @param {{
 *   step: number,
 *   named: boolean,
 *   label: string,
 *   show(key: string): void,
 *   none(wanted: Wanted): string,
 * }} options `step`: how many at once; `none`: what to say where there are none
 */
export function createHistoryList(actions, { step, named, label, show, none }) {
  /** @type {Wanted} */ let wanted = { contact: null, search: "", missed: false };
  /** @type {HistoryEntry[]} */ let entries = [];
  /** Deleted here, and not yet in the core, so that it can be undone. @type {Map<string, ReturnType<typeof setTimeout>>} */
  const leaving = new Map();
  let more = false;
  let limit = step;
  /** What was asked last, to know a late answer. */ let asked = "";

  const days = h("div", { class: "past-days", role: "group", "aria-label": label });
  const nothing = h("p", { class: "past-none", "aria-live": "polite", dir: "auto" });
  const older = h(
    "button",
    { type: "button", class: "button quiet", hidden: true, onclick: () => ((limit += step), load(`${asked}+`)) },
    t("history.more"),
  );
  const element = h("div", { class: "past-list" }, days, nothing, older);

  /** @param {unknown} failure */
  const tell = (failure) => actions.notify(sentence(failure, t("error.unknown")), "error");

  /** @param {HistoryEntry} entry */
  const remove = (entry) => {
    const at = document.activeElement?.closest("li");
    const next = at?.nextElementSibling ?? at?.previousElementSibling;
    leaving.set(entry.id, setTimeout(() => finish(entry.id), UNDO_MS));
    draw();
    const heir = next?.isConnected ? next.querySelector("button") : null;
    (heir instanceof HTMLElement ? heir : element.closest("main")?.querySelector("button"))?.focus();
    actions.notify(t("history.deleted"), "info", {
      label: t("settings.undo"),
      run: () => {
        clearTimeout(leaving.get(entry.id));
        leaving.delete(entry.id);
        draw();
      },
    });
  };
  /** @param {string} id */
  const finish = async (id) => {
    if (!leaving.has(id)) return;
    clearTimeout(leaving.get(id));
    try {
      await actions.deleteHistory(id);
      entries = entries.filter((entry) => entry.id !== id);
    } catch (failure) {
      tell(failure);
    }
    leaving.delete(id);
    draw();
  };
  // Whoever leaves does not come back to undo it.
  addEventListener("pagehide", () => [...leaving.keys()].forEach(finish));

  /** @type {WeakMap<HTMLElement, ReturnType<typeof createHistoryRow>>} */
  const rows = new WeakMap();
  /** @param {HistoryEntry} entry */
  const makeRow = (entry) => {
    const row = createHistoryRow(entry, { named, call: actions.call, show, remove });
    rows.set(row.element, row);
    return row.element;
  };
  const draw = () => {
    const now = Date.now();
    const shown = entries.filter((entry) => !leaving.has(entry.id));
    const groups = byDay(shown);
    reconcile(
      days,
      groups,
      ([day]) => day,
      () => h("section", { class: "past-day" }, h("h2"), h("ul")),
      (section, [, calls]) => {
        const [title, list] = section.children;
        if (!title || !list || !calls[0]) return;
        setText(title, dayName(calls[0].started_ms, now));
        reconcile(list, calls, ({ id }) => id, makeRow, (row, entry) => rows.get(row)?.update(entry));
      },
    );
    nothing.hidden = shown.length > 0 || asked === "";
    setText(nothing, nothing.hidden ? "" : none(wanted));
    older.hidden = !more;
  };

  /** Asks until there are enough, or no more. Only here is known which were missed. */
  const collect = async () => {
    const { contact, search, missed } = wanted;
    /** @type {HistoryEntry[]} */
    const found = [];
    /** @type {number | null} */
    let before = null;
    for (;;) {
      const page = await actions.history({ contact, search, before, limit: missed ? Math.max(limit, 50) : limit - found.length });
      found.push(...page.entries.filter((entry) => !missed || isMissed(entry)));
      before = page.entries.at(-1)?.started_ms ?? null;
      if (!page.more || found.length >= limit || before === null) return { found: found.slice(0, limit), more: page.more || found.length > limit };
    }
  };
  /** @param {string} name of what is asked */
  const load = async (name) => {
    asked = name;
    try {
      const answer = await collect();
      if (asked !== name) return;
      entries = answer.found;
      more = answer.more;
      draw();
    } catch (failure) {
      if (asked === name) tell(failure);
    }
  };

  return {
    element,
    /**
     * @param {Wanted} next
     * @param {number} version of the history
     */
    update(next, version) {
      const name = JSON.stringify([next, version]);
      if (asked.replace(/\++$/, "") === name) return;
      const other = JSON.stringify(next) !== JSON.stringify(wanted);
      wanted = next;
      if (other) {
        limit = step;
        entries = [];
        more = false;
        asked = "";
        draw();
      }
      load(name);
    },
  };
}

/** @param {readonly HistoryEntry[]} entries newest first @returns {[string, HistoryEntry[]][]} */
function byDay(entries) {
  /** @type {Map<string, HistoryEntry[]>} */
  const days = new Map();
  for (const entry of entries) {
    const day = dayKey(entry.started_ms);
    days.set(day, [...(days.get(day) ?? []), entry]);
  }
  return [...days];
}
