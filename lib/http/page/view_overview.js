// @ts-check
/// <reference lib="dom" />
import { api, wordsOf } from "./api.js";
import { clientHash, repeat } from "./app.js";
import { makeChart } from "./chart.js";
import { fill, h, setText } from "./dom.js";
import { bytesParts, count, duration, time } from "./format.js";

/** @typedef {import("./app.js").MakeView} MakeView */
/** @typedef {import("./live.js").Live} Live */
/** @typedef {(value: number) => [text: string, unit: string]} Show */

/** How often the history is fetched anew, milliseconds: it has a point every ten seconds. */
const HISTORY_MS = 10_000;
/** Points for which a chart has room at least: ten minutes. */
const LEAST_POINTS = 60;

/** @type {Show} */
const plain = (value) => [count(value), ""];
/** @type {Show} */
const perSecond = (value) => [count(value), "/s"];
/** @type {Show} */
const inBytes = (value) => bytesParts(value);
/** @type {Show} */
const bytesPerSecond = (value) => {
  const [text, unit] = bytesParts(value);
  return [text, `${unit}/s`];
};
/** @type {Show} */
const inTime = (value) => {
  const [text = "", unit = ""] = duration(value).split(" ");
  return [text, unit];
};
/** @type {Show} */
const percent = (value) => [(value * 100).toFixed(value < 0.1 ? 1 : 0), "% of a core"];

/** @type {readonly { name: string, gauge: string, show: Show, isStore?: boolean, title?: string }[]} */
const TILES = [
  { name: "Clients", gauge: "clients", show: plain },
  { name: "Messages in", gauge: "receivedRate", show: perSecond },
  { name: "Messages out", gauge: "sentRate", show: perSecond },
  { name: "Dropped", gauge: "droppedRate", show: perSecond },
  { name: "Data in", gauge: "receivedBytesRate", show: bytesPerSecond },
  { name: "Data out", gauge: "sentBytesRate", show: bytesPerSecond },
  { name: "Waits in sessions", gauge: "queuedBytes", show: inBytes },
  { name: "Not yet written", gauge: "bufferedBytes", show: inBytes },
  { name: "Subscriptions", gauge: "subscriptions", show: plain },
  { name: "Retained messages", gauge: "retained", show: plain },
  { name: "Memory", gauge: "memoryBytes", show: inBytes },
  { name: "Processor", gauge: "cpu", show: percent },
  {
    name: "Latency p50",
    gauge: "latencyP50",
    show: inTime,
    title: "From reading a message to writing its last delivery, of a sample: the median",
  },
  {
    name: "Latency p99",
    gauge: "latencyP99",
    show: inTime,
    title:
      "From reading a message to writing its last delivery, of a sample: 1 of 100 takes longer",
  },
  {
    name: "Loop delay p99",
    gauge: "loopDelayP99",
    show: inTime,
    title: "How long what is due waits for its turn: 1 of 100 waits longer, in the last minute",
  },
  { name: "Commits", gauge: "commitRate", show: perSecond, isStore: true },
  {
    name: "Commit p99",
    gauge: "commitP99",
    show: inTime,
    isStore: true,
    title: "From asking the store to its answer that all is on the disk: 1 of 100 takes longer",
  },
  { name: "Store", gauge: "storeBytes", show: inBytes, isStore: true },
];

/**
 * Is everything well?
 * @type {MakeView}
 */
export function overviewView(app) {
  const warnings = h("section", { class: "sheet", "aria-label": "What needs a look" });
  const tiles = h("section", { class: "tiles", "aria-label": "Numbers of the last hour" });
  const about = h("span", { class: "soft" });
  const shown = TILES.map((tile) => makeTile(tile));
  tiles.append(...shown.filter(({ isStore }) => !isStore).map(({ element }) => element));
  let warned = "";
  const stopWatching = app.live.watch((live) => {
    if (live.gauges !== undefined) { for (const tile of shown) tile.update(live.gauges); }
    const told = JSON.stringify(live.warnings);
    if (told !== warned) showWarnings(warnings, live);
    warned = told;
  });
  const stopHistory = repeat(async () => {
    try {
      const history = await api("/history");
      for (const tile of shown) tile.draw(history);
    } catch (error) {
      setText(about, wordsOf(error));
    }
  }, HISTORY_MS);
  api("/overview").then(({ version, startedMs, hasStore }) => {
    const since = duration((Date.now() - startedMs) / 1000);
    setText(about, `Version ${version}, up for ${since}${hasStore ? "" : ", nothing is stored"}`);
    if (hasStore) {
      tiles.append(...shown.filter(({ isStore }) => isStore).map(({ element }) => element));
    }
  }, () => {});
  return {
    title: "Overview",
    content: [
      h("div", { class: "head" }, h("h1", {}, "Overview"), about),
      h("div", { class: "stack" }, warnings, tiles),
    ],
    end() {
      stopWatching();
      stopHistory();
    },
  };
}

/**
 * @param {HTMLElement} section
 * @param {Live} live
 */
function showWarnings(section, { warnings }) {
  if (warnings === undefined) {
    return fill(section, h("p", { class: "well soft" }, "Looking whether everything is well …"));
  }
  if (warnings.length === 0) {
    return fill(
      section,
      h(
        "p",
        { class: "well" },
        h("span", { class: "dot", "data-on": "true" }),
        "Everything is well",
      ),
    );
  }
  const items = warnings.map(({ level, text, clientId }) =>
    h(
      "li",
      {},
      h("span", { class: "tag", "data-kind": level }, level),
      clientId === undefined ? text : h("a", { href: clientHash(clientId) }, text),
    )
  );
  fill(section, h("ul", { class: "warnings" }, items));
}

/**
 * @param {typeof TILES[number]} tile
 */
function makeTile({ name, gauge, show, isStore = false, title }) {
  const value = document.createTextNode("–");
  const unit = h("small");
  const more = h("span", { class: "more" });
  /** @type {number[]} */
  let values = [];
  /** @type {number[]} */
  let times = [];
  let peak = "";
  /** @type {number | undefined} */
  let pointed;
  const tell = () => {
    const at = pointed === undefined ? undefined : values[pointed];
    if (at === undefined) return setText(more, peak);
    setText(more, `${show(at).join(" ").trim()} at ${time(times[pointed ?? 0] ?? 0)}`);
  };
  const chart = makeChart({
    label: `${name}, the last hour`,
    onPoint(index) {
      pointed = index;
      tell();
    },
  });
  return {
    isStore,
    element: h(
      "div",
      { class: "sheet tile", title },
      h("div", { class: "name" }, name),
      h("div", { class: "value" }, value, unit),
      more,
      chart.element,
    ),
    /** @param {Record<string, number>} gauges */
    update(gauges) {
      const [text, of] = show(gauges[gauge] ?? 0);
      setText(value, text);
      setText(unit, of);
    },
    /** @param {Record<string, number[]>} history */
    draw(history) {
      values = history[gauge] ?? [];
      times = history.atMs ?? [];
      chart.draw(values, true, LEAST_POINTS);
      const most = Math.max(0, ...values);
      peak = values.length > 1 ? `max ${show(most).join(" ").trim()}` : "";
      tell();
    },
  };
}
