// @ts-check
/// <reference lib="dom" />
import { api, wordsOf } from "./api.js";
import { mayChange, repeat, VIEWER_HINT } from "./app.js";
import { empty, fill, h } from "./dom.js";
import { preciseTime } from "./format.js";
import { attempt } from "./notes.js";

/** @typedef {import("./app.js").MakeView} MakeView */
/** @typedef {{ sequence: number, atMs: number, level: string, text: string }} Line */

const REFRESH_MS = 1000;
const MAX_LINES = 1000;
const LEVELS = ["debug", "info", "warning", "error"];

/**
 * The log as it is written.
 * @type {MakeView}
 */
export function logView(app, _rest, query) {
  let last = 0;
  /** @type {Line[]} */
  let lines = [];
  const items = h("ul", { class: "lines" });
  const message = h("div");
  const scroll = h(
    "div",
    { class: "tail whole", tabindex: 0, role: "log", "aria-label": "The log", "aria-live": "off" },
    message,
    items,
  );
  const search = h("input", {
    type: "search",
    placeholder: "Only lines with this text",
    "aria-label": "Only lines with this text",
    value: query.get("filter") ?? "",
    oninput: () => draw(),
  });
  const least = h(
    "select",
    { "aria-label": "The least grave lines that are shown", onchange: () => draw() },
    LEVELS.map((level) =>
      h(
        "option",
        { value: level },
        level === "debug"
          ? "All levels"
          : level === "error"
          ? "Errors only"
          : `${level} and graver`,
      )
    ),
  );
  const logged = h(
    "select",
    {
      "aria-label": "The least grave lines that the broker logs",
      disabled: !mayChange(app),
      title: mayChange(app) ? "Until the configuration is read again" : VIEWER_HINT,
      onchange: () =>
        attempt(
          () => api("/log/level", { method: "PUT", body: { level: logged.value } }),
          `The broker logs ${logged.value} now`,
        ),
    },
    [...LEVELS, "none"].map((level) =>
      h("option", { value: level, disabled: level === "none" }, level)
    ),
  );
  const fits = (/** @type {Line} */ { level, text }) =>
    LEVELS.indexOf(level) >= LEVELS.indexOf(least.value) &&
    text.toLowerCase().includes(search.value.toLowerCase());
  const draw = (/** @type {Line[]} */ added = lines, isAll = true) => {
    const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
    const rows = added.filter(fits).map(lineOf);
    if (isAll) fill(items, rows);
    else items.append(...rows);
    while (items.childNodes.length > MAX_LINES) items.firstChild?.remove();
    fill(
      message,
      items.childNodes.length > 0 ? null : empty(
        lines.length === 0 ? "The log has no line yet" : "No line fits",
        lines.length === 0
          ? "Nothing was logged since the broker started."
          : "Show other levels, or search for another text.",
      ),
    );
    if (isAtEnd || isAll) scroll.scrollTop = scroll.scrollHeight;
  };
  const stop = repeat(async () => {
    try {
      const answer = await api("/log", { query: { after: last, limit: MAX_LINES } });
      // The broker has started anew.
      if (answer.last < last) lines = [];
      const isFirst = last === 0 || answer.last < last;
      last = answer.last;
      if (document.activeElement !== logged) logged.value = answer.level;
      lines = [...lines, ...answer.items].slice(-MAX_LINES);
      if (isFirst) draw();
      else if (answer.items.length > 0) draw(answer.items, false);
    } catch (error) {
      fill(message, h("div", { class: "pad" }, h("div", { class: "trouble" }, wordsOf(error))));
    }
  }, REFRESH_MS);
  return {
    title: "Log",
    content: [
      h(
        "div",
        { class: "head" },
        h("h1", {}, "Log"),
        h("span", { class: "grow" }),
        search,
        least,
        h("label", { class: "check soft" }, "The broker logs", logged),
      ),
      h("section", { class: "sheet" }, scroll),
    ],
    end: stop,
  };
}

/** @param {Line} line */
function lineOf({ atMs, level, text }) {
  return h(
    "li",
    {},
    h("time", {}, preciseTime(atMs)),
    h("span", {}, h("span", { class: "tag", "data-kind": level }, level)),
    h("span", {}, text),
  );
}
