// All calls that are over: searched by name, all or the missed ones.
import { t } from "../i18n.js";
import { openForm } from "./dialog.js";
import { h, icon, setAttribute } from "./dom.js";
import { createHistoryList } from "./history-list.js";

/** @typedef {import("../types.d.ts").Snapshot} Snapshot */

/** How many calls are shown at once. */
const STEP = 50;
/** How long typing rests before it is looked for, in milliseconds. */
const SEARCH_AFTER_MS = 150;

/**
 * @param {import("./actions.d.ts").Actions} actions
 * @param {{ back(): void, show(key: string): void }} go
 */
export function createHistory(actions, go) {
  let missed = false;
  let search = "";
  let version = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const list = createHistoryList(actions, {
    step: STEP,
    named: true,
    label: t("history.title"),
    show: go.show,
    none: (wanted) => {
      if (wanted.search) return t("history.none_found", { query: wanted.search });
      return t(wanted.missed ? "history.none_missed" : "history.none");
    },
  });
  const refresh = () => list.update({ contact: null, search, missed }, version);

  const query = h("input", {
    type: "search",
    class: "search-input",
    "aria-label": t("history.search"),
    placeholder: t("history.search"),
    autocomplete: "off",
    spellcheck: "false",
    dir: "auto",
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        search = query.value.trim();
        refresh();
      }, SEARCH_AFTER_MS);
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || query.value === "") return;
      event.preventDefault();
      query.value = search = "";
      refresh();
    },
  });

  /** @param {boolean} only */
  const choose = (only) => () => {
    missed = only;
    sayFilter();
    refresh();
  };
  const every = h("button", { type: "button", class: "segment", onclick: choose(false) }, t("history.all"));
  const onlyMissed = h("button", { type: "button", class: "segment", onclick: choose(true) }, t("history.only_missed"));
  const sayFilter = () => {
    setAttribute(every, "aria-pressed", String(!missed));
    setAttribute(onlyMissed, "aria-pressed", String(missed));
  };
  sayFilter();

  const title = h("h1", { class: "history-title", tabindex: -1 }, t("history.title"));
  const element = h(
    "main",
    { class: "page history" },
    h(
      "button",
      { type: "button", class: "icon-button back", "aria-label": t("rail.back"), title: t("rail.back"), onclick: go.back },
      icon("back"),
    ),
    h(
      "div",
      { class: "history-card" },
      h(
        "div",
        { class: "history-head" },
        title,
        h("button", { type: "button", class: "button plain small", onclick: () => openDeleteAll(actions) }, icon("remove"), t("history.delete_all")),
      ),
      h("div", { class: "search" }, icon("search"), query),
      h("div", { class: "segments", role: "group", "aria-label": t("history.filter") }, every, onlyMissed),
      list.element,
    ),
  );

  return {
    element,
    focus: () => title.focus(),
    /** @param {Snapshot} snapshot */
    update(snapshot) {
      version = snapshot.history_version;
      refresh();
      // Looked at by somebody, not merely drawn behind other windows.
      if (snapshot.missed > 0 && document.hasFocus?.() !== false) actions.seenMissed().catch(() => {});
    },
  };
}

/** @param {Pick<import("./actions.d.ts").Actions, "deleteHistory" | "notify">} actions */
export function openDeleteAll(actions) {
  openForm({
    title: t("history.delete_all_title"),
    submit: t("history.delete_all"),
    danger: true,
    body: [h("p", {}, t("history.delete_all_text"))],
    onsubmit: async () => {
      await actions.deleteHistory(null);
      actions.notify(t("history.all_deleted"));
    },
  });
}
