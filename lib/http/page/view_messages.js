// @ts-check
/// <reference lib="dom" />
import { empty, fill, h, setText } from "./dom.js";
import { bytes, count, preciseTime } from "./format.js";
import { previewOf, showPayload } from "./payload.js";
import { makePublishForm } from "./publish_form.js";

/** @typedef {import("./app.js").MakeView} MakeView */
/** @typedef {import("./mqtt_message.js").Message} Message */
/** @typedef {ReturnType<Message["kept"]>} KeptMessage */

/** Messages that are kept and shown. */
const MAX_MESSAGES = 300;
/** How often the list is drawn, milliseconds, and how many new messages at a time. */
const DRAW_MS = 250;
const MAX_NEW = 30;
/** The same where more come than are drawn: nobody reads them, and each drawn row costs the browser more than a hundred that are not. */
const FLOOD_DRAW_MS = 1000;
const MAX_FILTERS = 10;

/**
 * What comes under any filter, and a form to publish.
 * @type {MakeView}
 */
export function messagesView(app, _rest, query) {
  const list = new MessageList();
  /** @type {Map<string, () => void>} */
  const filters = new Map();
  const chips = h("div", { class: "chips" });
  const trouble = h("div");
  const input = h("input", {
    class: "mono",
    placeholder: "home/+/temperature",
    "aria-label": "Topic Filter",
    value: query.get("filter") ?? "#",
    autocomplete: "off",
    spellcheck: "false",
  });
  const remove = (/** @type {string} */ filter) => {
    filters.get(filter)?.();
    filters.delete(filter);
    drawChips();
  };
  const add = (/** @type {string} */ filter) => {
    if (filter === "" || filters.has(filter) || filters.size >= MAX_FILTERS) return;
    fill(trouble);
    filters.set(
      filter,
      app.mqtt.subscribe(filter, (message) => list.add(message), {
        onRefused(why) {
          fill(trouble, h("div", { class: "trouble" }, `${filter}: ${why}`));
          remove(filter);
        },
      }),
    );
    drawChips();
  };
  const drawChips = () => {
    list.isFollowing = filters.size > 0;
    list.drawEmpty();
    fill(
      chips,
      [...filters.keys()].map((filter) =>
        h(
          "span",
          { class: "chip" },
          filter,
          h("button", {
            type: "button",
            "aria-label": `Stop following ${filter}`,
            onclick: () => remove(filter),
          }, "×"),
        )
      ),
    );
  };
  const pause = h("button", {
    type: "button",
    "aria-pressed": "false",
    onclick() {
      list.isPaused = !list.isPaused;
      pause.setAttribute("aria-pressed", String(list.isPaused));
      setText(pause, list.isPaused ? "Go on" : "Pause");
    },
  }, "Pause");
  const connection = h("span", { class: "soft" });
  const stopWatching = app.mqtt.watch((isConnected, why) =>
    setText(connection, isConnected ? "" : why)
  );
  const form = makePublishForm(app);
  drawChips();
  return {
    title: "Messages",
    content: [
      h("div", { class: "head" }, h("h1", {}, "Messages"), list.rate, connection),
      h(
        "div",
        { class: "two" },
        h(
          "section",
          { class: "sheet" },
          h(
            "form",
            {
              class: "bar pad",
              onsubmit: (/** @type {Event} */ event) => {
                event.preventDefault();
                add(input.value.trim());
              },
            },
            h("div", { class: "grow" }, input),
            h("button", { class: "main" }, "Follow"),
            pause,
            h("button", { type: "button", onclick: () => list.clear() }, "Clear"),
          ),
          h("div", { class: "pad stack bar-below" }, chips, trouble, list.search),
          list.element,
        ),
        h("section", { class: "sheet" }, h("h2", {}, "Publish"), form.element),
      ),
    ],
    end() {
      stopWatching();
      list.end();
      for (const stop of filters.values()) stop();
    },
  };
}

/** The newest messages, the newest first. */
class MessageList {
  isPaused = false;
  isFollowing = false;
  /** @type {Message[]} */
  #waiting = [];
  #seen = 0;
  /** Messages that came too fast to be shown, since the rate was told last. */
  #skipped = 0;
  #lastSeen = 0;
  #lastMs = performance.now();
  #drawnMs = -Infinity;
  #timer = setInterval(() => this.#draw(), DRAW_MS);
  rate = h("span", { class: "soft num" });
  #items = h("div");
  #empty = h("div");
  search = h("input", {
    type: "search",
    placeholder: "Only with this text in topic or payload",
    "aria-label": "Only messages with this text",
    oninput: () => this.#narrow(),
  });
  element = h(
    "div",
    { class: "tail", tabindex: 0, role: "region", "aria-label": "Messages, the newest first" },
    this.#empty,
    this.#items,
  );

  /** @param {Message} message */
  add(message) {
    this.#seen++;
    if (this.isPaused) return;
    if (this.#waiting.length >= MAX_NEW) {
      this.#waiting.shift();
      this.#skipped++;
    }
    this.#waiting.push(message);
  }

  clear() {
    this.#waiting = [];
    fill(this.#items);
    this.drawEmpty();
  }

  end() {
    clearInterval(this.#timer);
  }

  drawEmpty() {
    if (this.#items.childNodes.length > 0) return fill(this.#empty);
    fill(
      this.#empty,
      this.isFollowing
        ? empty("No message yet", "Messages appear here as they are published.")
        : empty("Nothing is followed", "Name a Topic Filter and follow it: # is everything."),
    );
  }

  /** @param {number} nowMs */
  #tellRate(nowMs) {
    const seconds = (nowMs - this.#lastMs) / 1000;
    if (seconds < 1) return;
    const rate = (this.#seen - this.#lastSeen) / seconds;
    this.#lastSeen = this.#seen;
    this.#lastMs = nowMs;
    const hint = this.#skipped > 0 ? `, ${count(this.#skipped / seconds)}/s not shown` : "";
    setText(this.rate, this.isFollowing ? `${count(rate)}/s${hint}` : "");
    this.#skipped = 0;
  }

  #draw() {
    const nowMs = performance.now();
    const isFlooded = this.#skipped > 0;
    this.#tellRate(nowMs);
    if (this.#waiting.length === 0 || document.hidden) return;
    if (isFlooded && nowMs - this.#drawnMs < FLOOD_DRAW_MS) return;
    this.#drawnMs = nowMs;
    const rows = this.#waiting.splice(0).reverse().map((message) => this.#row(message.kept()));
    const isAtTop = this.element.scrollTop === 0;
    const heightBefore = this.element.scrollHeight;
    this.#items.prepend(...rows);
    while (this.#items.childNodes.length > MAX_MESSAGES) this.#items.lastChild?.remove();
    // Who reads further down stays there.
    if (!isAtTop) this.element.scrollTop += this.element.scrollHeight - heightBefore;
    this.drawEmpty();
  }

  /** @param {KeptMessage} message */
  #row(message) {
    const preview = previewOf(message.payload);
    const row = h(
      "details",
      { class: "message" },
      h(
        "summary",
        {},
        h("span", { class: "soft mono" }, preciseTime(message.atMs)),
        h("span", { class: "mono", title: message.topic }, message.topic),
        h(
          "span",
          {},
          message.retain && h("span", { class: "tag", "data-kind": "accent" }, "retain"),
        ),
        h("span", { class: "mono soft" }, preview),
        h("span", { class: "soft num" }, bytes(message.payload.length)),
      ),
    );
    row.addEventListener("toggle", () => {
      if (row.open && row.childNodes.length === 1) row.append(detailOf(message));
    });
    row.dataset.text = `${message.topic}\n${preview}`.toLowerCase();
    row.hidden = !this.#fits(row);
    return row;
  }

  /** @param {HTMLElement} row */
  #fits(row) {
    return (row.dataset.text ?? "").includes(this.search.value.toLowerCase());
  }

  #narrow() {
    for (const row of this.#items.children) {
      if (row instanceof HTMLElement) row.hidden = !this.#fits(row);
    }
  }
}

/** @param {KeptMessage} message */
function detailOf({ payload, properties, topic }) {
  const {
    contentType,
    responseTopic,
    messageExpiryInterval,
    correlationData,
    userProperties = [],
  } = properties;
  /** @type {[string, string | undefined][]} */
  const facts = [
    ["Content Type", contentType],
    ["Response Topic", responseTopic],
    ["Expires in", messageExpiryInterval === undefined ? undefined : `${messageExpiryInterval} s`],
    ["Correlation Data", correlationData === undefined ? undefined : previewOf(correlationData)],
    ...userProperties.map(([name, value]) => /** @type {[string, string]} */ ([name, value])),
  ];
  const shown = facts.filter(([, value]) => value !== undefined);
  return h(
    "div",
    { class: "pad stack" },
    h("code", {}, topic),
    shown.length > 0 &&
      h(
        "dl",
        { class: "facts" },
        shown.map(([name, value]) =>
          h("div", {}, h("dt", {}, name), h("dd", { class: "mono" }, value))
        ),
      ),
    showPayload(payload),
  );
}
