// @ts-check
/// <reference lib="dom" />
import { api, wordsOf } from "./api.js";
import { empty, fill, h } from "./dom.js";
import { count, duration } from "./format.js";
import { note } from "./notes.js";

/** @typedef {import("./app.js").MakeView} MakeView */
/** @typedef {{ name: string, theme: string, listener: string, value: string, origin: string, description: string, isReloadable: boolean }} Setting */

/**
 * What holds, and where it comes from.
 * @type {MakeView}
 */
export function configurationView() {
  const listeners = h("section", { class: "sheet" });
  const options = h("div", { class: "stack" });
  /** @type {Setting[]} */
  let settings = [];
  const search = h("input", {
    type: "search",
    placeholder: "Option, value or meaning",
    "aria-label": "Search options",
    oninput: () => draw(),
  });
  const onlySet = h("input", { type: "checkbox", onchange: () => draw() });
  const draw = () => {
    const part = search.value.toLowerCase();
    const shown = settings.filter(({ name, value, description, origin }) =>
      !(onlySet.checked && origin === "default") &&
      `${name} ${value} ${description}`.toLowerCase().includes(part)
    );
    fill(
      options,
      shown.length === 0
        ? h(
          "section",
          { class: "sheet" },
          empty(
            "No option fits",
            "Search for another text, or show those with their default as well.",
          ),
        )
        : themesOf(shown),
    );
  };
  api("/configuration").then(({ items }) => {
    settings = items;
    draw();
  }, (error) => fill(options, h("div", { class: "trouble" }, wordsOf(error))));
  showListeners(listeners);
  return {
    title: "Configuration",
    content: [
      h(
        "div",
        { class: "head" },
        h("h1", {}, "Configuration"),
        h("span", { class: "grow" }),
        search,
        h("label", { class: "check" }, onlySet, "Only what is set"),
      ),
      h("div", { class: "stack" }, listeners, options, makeCheck()),
    ],
  };
}

/** @param {HTMLElement} section */
async function showListeners(section) {
  try {
    const { items } = await api("/listeners");
    const rows = items.map((/** @type {Record<string, any>} */ listener) =>
      h(
        "tr",
        {},
        h("td", { class: "mono" }, listener.name),
        h(
          "td",
          {},
          listener.protocol,
          " ",
          listener.isTls && h("span", { class: "tag", "data-kind": "accent" }, "TLS"),
        ),
        h("td", { class: "num" }, count(listener.clients)),
        h("td", { class: "least" }, listener.allowAnonymous ? "yes" : "no"),
        h("td", { class: "least" }, certificateOf(listener.certificateEndsMs)),
        h("td", { class: "mono least" }, listener.origin),
      )
    );
    fill(
      section,
      h("h2", {}, "Where clients connect"),
      tableOf([["Listener"], ["Protocol"], ["Clients", "num"], ["Anonymous", "least"], [
        "Certificate",
        "least",
      ], ["From", "least"]], rows),
    );
  } catch (error) {
    fill(section, h("div", { class: "trouble" }, wordsOf(error)));
  }
}

/** @param {number | null} endsMs */
function certificateOf(endsMs) {
  if (endsMs === null) return "–";
  const seconds = (endsMs - Date.now()) / 1000;
  return seconds < 0 ? "has ended" : `ends in ${duration(seconds)}`;
}

/**
 * @param {Setting[]} settings
 */
function themesOf(settings) {
  const themes = new Set(settings.map(({ theme }) => theme));
  return [...themes].map((theme) =>
    h(
      "section",
      { class: "sheet" },
      h("h2", {}, theme),
      tableOf(
        [["Option"], ["Value"], ["From"], ["Meaning", "less"]],
        settings.filter((setting) => setting.theme === theme).map(rowOf),
      ),
    )
  );
}

/** @param {Setting} setting */
function rowOf({ name, listener, value, origin, description, isReloadable }) {
  return h(
    "tr",
    { title: description },
    h(
      "td",
      { class: "mono" },
      name,
      listener !== "" && h("span", { class: "soft" }, ` ${listener}`),
    ),
    h("td", { class: "mono wrap" }, value === "" ? h("span", { class: "soft" }, "–") : value),
    h(
      "td",
      {},
      origin === "default"
        ? h("span", { class: "soft" }, "default")
        : h("span", { class: "mono" }, origin),
    ),
    h(
      "td",
      { class: "less wrap soft" },
      description.replaceAll("`", ""),
      isReloadable && " SIGHUP takes it over.",
    ),
  );
}

/**
 * @param {[name: string, className?: string][]} heads
 * @param {HTMLElement[]} rows
 */
function tableOf(heads, rows) {
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map(([name, className = ""]) => h("th", { scope: "col", class: className }, name)),
        ),
      ),
      h("tbody", {}, rows),
    ),
  );
}

/** A text to be checked before it is put into the file. */
function makeCheck() {
  const text = h("textarea", {
    class: "mono",
    rows: 6,
    placeholder: "listener 1883\nallow_anonymous true",
    "aria-label": "Text of a configuration file",
    spellcheck: "false",
  });
  const verdict = h("div");
  const check = async () => {
    try {
      const { isValid, problems } = await api("/configuration/check", {
        method: "POST",
        body: { text: text.value },
      });
      fill(
        verdict,
        h(
          "div",
          { class: "verdict", "data-allowed": String(isValid) },
          isValid
            ? "Nothing is wrong with it"
            : problems.map((/** @type {string} */ problem) => h("div", { class: "mono" }, problem)),
        ),
      );
    } catch (error) {
      note(wordsOf(error), "bad");
    }
  };
  return h(
    "section",
    { class: "sheet" },
    h("h2", {}, "Check a text"),
    h(
      "div",
      { class: "pad stack" },
      h(
        "p",
        { class: "soft" },
        "Says what is wrong with the text of a configuration file. Nothing is changed.",
      ),
      text,
      h(
        "div",
        { class: "bar" },
        h("button", { type: "button", class: "main", onclick: check }, "Check"),
      ),
      verdict,
    ),
  );
}
