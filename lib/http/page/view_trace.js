// @ts-check
/// <reference lib="dom" />
import { clientHash } from "./app.js";
import { empty, fill, h, setText } from "./dom.js";
import { count, preciseTime } from "./format.js";

/** @typedef {import("./app.js").MakeView} MakeView */
/**
 * A step, or the end, as the API tells it.
 * @typedef {object} Step
 * @property {number} atMs
 * @property {string} event
 * @property {string} clientId
 * @property {string} text
 * @property {string} [rule]
 * @property {string} [payload]
 * @property {boolean} [isCut]
 * @property {number} [skipped]
 * @property {number} [omitted]
 */

/** Steps that are kept and shown: the last. */
const MAX_STEPS = 1000;
/** How often the list is drawn, milliseconds, and how many new steps at a time: nobody reads more. */
const DRAW_MS = 250;
const MAX_NEW = 200;
const EVENTS = [
  "in",
  "out",
  "routed",
  "subscribed",
  "queued",
  "dropped",
  "withheld",
  "connected",
  "disconnected",
  "session_ended",
  "end",
];
/** @type {Readonly<Record<string, string>>} */
const KINDS = { dropped: "error", withheld: "warning", queued: "warning", out: "accent" };
/** @type {readonly [value: string, text: string][]} */
const TIMES = [["60", "for 1 minute"], ["300", "for 5 minutes"], ["3600", "for 1 hour"]];
/** @type {readonly [value: string, text: string][]} */
const PAYLOADS = [
  ["auto", "payloads as they are"],
  ["text", "payloads as text"],
  ["hex", "payloads in hex"],
  ["none", "no payloads"],
];

/**
 * What happens to one client or topic, step by step.
 * @type {MakeView}
 */
export function traceView(_app, _rest, query) {
  const client = query.get("client") ?? "";
  const topic = query.get("topic") ?? "";
  const steps = new StepList();
  /** @type {EventSource | undefined} */
  let source;
  const state = h("span", { class: "soft", role: "status" });
  const time = choice("How long", TIMES);
  const payload = choice("Payloads", PAYLOADS);
  const stop = (/** @type {string} */ why) => {
    source?.close();
    source = undefined;
    setText(state, why);
    setText(button, "Start");
  };
  const start = () => {
    stop("");
    const asked = new URLSearchParams({
      ...client !== "" ? { client } : { topic },
      for: time.value,
      payload: payload.value,
    });
    source = new EventSource(`/api/v1/trace?${asked}`);
    setText(button, "Stop");
    setText(state, "Asking the broker …");
    source.addEventListener("open", () => setText(state, "Running"));
    source.addEventListener("error", () => stop("The broker has ended it, or refuses it"));
    for (const event of EVENTS) {
      source.addEventListener(event, ({ data }) => {
        const step = JSON.parse(data);
        if (event === "end") stop(endText(step));
        else steps.add(step);
      });
    }
  };
  const button = h("button", {
    type: "button",
    class: "main",
    onclick: () => source === undefined ? start() : stop("Stopped"),
  }, "Start");
  const subject = client !== "" ? client : topic;
  if (subject !== "") start();
  return {
    title: `Trace of ${subject}`,
    content: [
      h(
        "div",
        { class: "head" },
        client !== ""
          ? h("a", { href: clientHash(client) }, "Client")
          : h("a", { href: "#/topics" }, "Topics"),
        h("h1", {}, "Trace of ", h("span", { class: "mono" }, subject || "nothing")),
        state,
        h("span", { class: "grow" }),
        time,
        payload,
        button,
        h("button", { type: "button", onclick: () => steps.clear() }, "Clear"),
      ),
      h("section", { class: "sheet" }, steps.element),
    ],
    end() {
      source?.close();
      steps.end();
    },
  };
}

/**
 * @param {string} label
 * @param {readonly [value: string, text: string][]} options
 */
function choice(label, options) {
  return h(
    "select",
    { "aria-label": label },
    options.map(([value, text]) => h("option", { value }, text)),
  );
}

/** @param {Step} end */
function endText({ text, skipped = 0, omitted = 0 }) {
  const left = skipped + omitted;
  return left === 0 ? text : `${text}; ${count(left)} steps are left out`;
}

/** The last steps, the newest at the bottom. */
class StepList {
  #waiting = /** @type {Step[]} */ ([]);
  #skipped = 0;
  #items = h("ul", { class: "lines steps" });
  #empty = h("div");
  #timer = setInterval(() => this.#draw(), DRAW_MS);
  element = h(
    "div",
    { class: "tail whole", tabindex: 0, role: "log", "aria-label": "Steps", "aria-live": "off" },
    this.#empty,
    this.#items,
  );

  constructor() {
    this.#drawEmpty();
  }

  /** @param {Step} step */
  add(step) {
    if (this.#waiting.length < MAX_NEW) this.#waiting.push(step);
    else this.#skipped++;
  }

  clear() {
    this.#waiting = [];
    fill(this.#items);
    this.#drawEmpty();
  }

  end() {
    clearInterval(this.#timer);
  }

  #drawEmpty() {
    fill(
      this.#empty,
      this.#items.childNodes.length === 0 &&
        empty(
          "Nothing has happened yet",
          "Each step is shown as it happens: packets, deliveries, drops.",
        ),
    );
  }

  #draw() {
    if (this.#waiting.length === 0) return;
    const { element } = this;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    const rows = this.#waiting.splice(0).map(rowOf);
    if (this.#skipped > 0) {
      rows.push(
        h(
          "li",
          {},
          h("span"),
          h("span"),
          h(
            "span",
            { class: "soft" },
            `${count(this.#skipped)} more steps came too fast to be shown`,
          ),
        ),
      );
    }
    this.#skipped = 0;
    this.#items.append(...rows);
    while (this.#items.childNodes.length > MAX_STEPS) this.#items.firstChild?.remove();
    this.#drawEmpty();
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  }
}

/** @param {Step} step */
function rowOf({ atMs, event, clientId, text, rule, payload, isCut }) {
  return h(
    "li",
    {},
    h("time", {}, preciseTime(atMs)),
    h(
      "span",
      {},
      h("span", { class: "tag", "data-kind": KINDS[event] ?? "" }, event.replace("_", " ")),
    ),
    h(
      "span",
      {},
      h("strong", {}, clientId === "" ? "the broker" : clientId),
      ` ${text}`,
      rule !== undefined && h("div", { class: "soft" }, `rule ${rule}`),
      payload !== undefined && h("div", { class: "payload" }, payload + (isCut ? "…" : "")),
    ),
  );
}
