// @ts-check
/// <reference lib="dom" />
import { api } from "./api.js";
import { mayChange, traceHash, VIEWER_HINT } from "./app.js";
import { makeLabelledChart } from "./chart.js";
import { empty, fill, h } from "./dom.js";
import { bytes, count, preciseTime } from "./format.js";
import { attempt, note } from "./notes.js";
import { numbersOf, showPayload } from "./payload.js";
import { makePublishForm } from "./publish_form.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./topic_tree.js").TopicNode} TopicNode */
/** @typedef {ReturnType<import("./mqtt_message.js").Message["kept"]>} Message */

/** Values that a chart keeps. */
const MAX_VALUES = 600;
/** How often the value that is shown changes at most, milliseconds. */
const DRAW_MS = 400;

/**
 * One topic: its value as it changes, a chart of what is a number in it, and what one can do with it.
 * @param {App} app
 * @param {TopicNode} node
 * @param {(node: TopicNode) => void} onDeleted what was retained is gone
 */
export function makeTopicPanel(app, node, onDeleted) {
  const { topic } = node;
  const facts = h("div", { class: "bar soft" });
  const value = h("div");
  const chart = makeLabelledChart(`Values of ${topic}`);
  const fields = h("select", {
    "aria-label": "The number that is charted",
    onchange: () => drawChart(),
  });
  const chartSection = h(
    "section",
    { class: "stack", hidden: true },
    h("div", { class: "bar" }, h("h2", {}, "Values since you look"), fields),
    chart.element,
  );
  /** @type {Map<string, { values: number[], times: number[] }>} */
  const series = new Map();
  /** @type {Message | undefined} */
  let last;
  let seen = 0;
  let drawnPayload = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const drawChart = () => {
    const shown = series.get(fields.value);
    chartSection.hidden = series.size === 0;
    if (shown !== undefined) chart.draw(shown.values, shown.times);
  };
  const draw = () => {
    timer = undefined;
    if (last === undefined) return;
    fill(
      facts,
      last.retain && h("span", { class: "tag", "data-kind": "accent" }, "retained"),
      last.properties.contentType && h("span", { class: "tag" }, last.properties.contentType),
      h(
        "span",
        { class: "num" },
        `${preciseTime(last.atMs)}, ${bytes(last.payload.length)}, ${count(seen)} since you look`,
      ),
    );
    const key = `${last.payload.length}:${last.payload.subarray(0, 4096).join()}`;
    if (key !== drawnPayload) fill(value, showPayload(last.payload));
    drawnPayload = key;
    for (const name of series.keys()) {
      if ([...fields.options].some((option) => option.value === name)) continue;
      fields.append(h("option", { value: name }, name === "" ? "the payload" : name));
    }
    drawChart();
  };
  fill(
    value,
    empty("No message yet", "It is shown as soon as somebody publishes here; nothing is retained."),
  );
  const stop = app.mqtt.subscribe(topic, (message) => {
    last = message.kept();
    seen++;
    for (const [name, number] of numbersOf(last.payload)) {
      const { values, times } = series.get(name) ?? addSeries(series, name);
      values.push(number);
      times.push(message.atMs);
      if (values.length > MAX_VALUES) {
        values.shift();
        times.shift();
      }
    }
    timer ??= setTimeout(draw, seen === 1 ? 0 : DRAW_MS);
  }, { onRefused: (why) => fill(value, h("div", { class: "trouble" }, why)) });
  const form = makePublishForm(app, { topic });
  return {
    element: h(
      "div",
      { class: "stack" },
      h(
        "section",
        { class: "sheet" },
        h(
          "div",
          { class: "pad stack" },
          h(
            "div",
            { class: "bar" },
            h("h2", { class: "mono topic" }, topic),
            h("span", { class: "grow" }),
            h("a", { class: "button", href: traceHash({ topic }) }, "Trace"),
            deleteButtons(app, node, onDeleted),
          ),
          facts,
          value,
          chartSection,
        ),
      ),
      h("section", { class: "sheet" }, h("h2", {}, "Publish"), form.element),
    ),
    end() {
      clearTimeout(timer);
      stop();
    },
  };
}

/**
 * @param {Map<string, { values: number[], times: number[] }>} series
 * @param {string} name
 */
function addSeries(series, name) {
  /** @type {{ values: number[], times: number[] }} */
  const added = { values: [], times: [] };
  series.set(name, added);
  return added;
}

/**
 * @param {App} app
 * @param {TopicNode} node
 * @param {(node: TopicNode) => void} onDeleted
 */
function deleteButtons(app, node, onDeleted) {
  const { topic } = node;
  const isViewer = !mayChange(app);
  const title = isViewer ? VIEWER_HINT : undefined;
  const removeOne = async () => {
    const isDone = await attempt(
      () => api("/retained/message", { method: "DELETE", query: { topic } }),
      `${topic} has no retained message any more`,
    );
    if (isDone) onDeleted(node);
  };
  const removeBelow = async () => {
    const filter = `${topic}/#`;
    const query = { filter, dryRun: "true" };
    await attempt(async () => {
      const { deleted, hasMore } = await api("/retained", { method: "DELETE", query });
      const number = `${hasMore ? "the first " : ""}${count(deleted)}`;
      if (deleted === 0) return note(`Nothing is retained at ${topic} and below`);
      if (!confirm(`Delete ${number} retained messages at ${topic} and below?`)) return;
      const done = await api("/retained", { method: "DELETE", query: { filter } });
      note(`${count(done.deleted)} retained messages are deleted`);
      onDeleted(node);
    }, "");
  };
  return [
    h(
      "button",
      { type: "button", class: "bad", disabled: isViewer, title, onclick: removeOne },
      "Delete retained",
    ),
    h(
      "button",
      { type: "button", class: "bad", disabled: isViewer, title, onclick: removeBelow },
      "Delete all below",
    ),
  ];
}
