// @ts-check
/// <reference lib="dom" />
import { api, wordsOf } from "./api.js";
import { clientHash, repeat } from "./app.js";
import { empty, fill, h, makeHold, setText } from "./dom.js";
import { ago, bytes, count, version } from "./format.js";

/** @typedef {import("./app.js").MakeView} MakeView */
/** @typedef {Record<string, any>} Row */
/** @typedef {{ key: string, name: string, isNumber?: true, className?: string, show: (row: Row) => Node | string }} Column */

/** Rows that are fetched at a time, and how often what is in sight is fetched anew. */
const PAGE = 200;
const REFRESH_MS = 3000;
/** Rows that are in the document beyond those in sight. */
const SPARE_ROWS = 20;

/**
 * Where one is to look for a client that is not connected here.
 * @param {Row} row
 */
function placeOf({ node }) {
  return node === "" ? "away" : `at node ${node}`;
}

/** @type {readonly Column[]} */
const COLUMNS = [
  {
    key: "clientId",
    name: "Client",
    show: (row) =>
      h(
        "a",
        { href: clientHash(row.clientId), class: "mono", title: row.clientId },
        h("span", {
          class: "dot",
          "data-on": String(row.isConnected),
          role: "img",
          "aria-label": row.isConnected ? "connected" : placeOf(row),
        }),
        row.clientId,
      ),
  },
  { key: "userName", name: "User", className: "least", show: (row) => row.userName || "–" },
  {
    key: "remoteAddress",
    name: "Address",
    className: "less",
    show: (row) => row.remoteAddress || "–",
  },
  { key: "listener", name: "Listener", className: "less", show: (row) => row.listener || "–" },
  {
    key: "protocolVersion",
    name: "MQTT",
    className: "less",
    show: (row) => version(row.protocolVersion),
  },
  {
    key: "subscriptionCount",
    name: "Subs",
    isNumber: true,
    className: "least",
    show: (row) => count(row.subscriptionCount),
  },
  {
    key: "queuedMessages",
    name: "Waiting",
    isNumber: true,
    show: (row) => count(row.queuedMessages),
  },
  {
    key: "inFlight",
    name: "In flight",
    isNumber: true,
    className: "least",
    show: (row) => count(row.inFlight),
  },
  {
    key: "unsentBytes",
    name: "Unsent",
    isNumber: true,
    className: "less",
    show: (row) => bytes(row.unsentBytes),
  },
  {
    key: "dropped",
    name: "Dropped",
    isNumber: true,
    className: "least",
    show: (row) => count(row.dropped),
  },
  {
    key: "lastReceivedMs",
    name: "Last heard",
    isNumber: true,
    show: (row) => row.lastReceivedMs === 0 ? placeOf(row) : ago(row.lastReceivedMs),
  },
];

/**
 * All clients: searched and sorted by the broker, fetched as one scrolls.
 * @type {MakeView}
 */
export function clientsView(app) {
  const list = new ClientList();
  const search = h("input", {
    type: "search",
    placeholder: "Client, user or address",
    "aria-label": "Search clients",
    oninput: () => list.search(search.value),
  });
  const which = h(
    "select",
    { "aria-label": "Which clients", onchange: () => list.restrict(which.value) },
    h("option", { value: "" }, "All sessions"),
    h("option", { value: "true" }, "Connected"),
    h("option", { value: "false" }, "Away"),
  );
  const total = h("span", { class: "soft num" });
  const stopWatching = app.live.watch(({ gauges }) => {
    if (gauges === undefined) return;
    setText(
      total,
      `${count(gauges.clients ?? 0)} connected, ${count(gauges.sessions ?? 0)} sessions`,
    );
  });
  const stop = repeat(() => list.refresh(), REFRESH_MS);
  return {
    title: "Clients",
    content: [
      h(
        "div",
        { class: "head" },
        h("h1", {}, "Clients"),
        total,
        h("span", { class: "grow" }),
        search,
        which,
      ),
      list.element,
    ],
    end() {
      stopWatching();
      stop();
      list.end();
    },
  };
}

/** A table of which only the rows in sight are in the document. */
class ClientList {
  #sort = "clientId";
  #isDescending = false;
  #filter = "";
  #connected = "";
  /** @type {Row[]} */
  #rows = [];
  /** @type {string | null} */
  #next = null;
  #isLoading = false;
  #rowHeight = 31;
  #aborter = new AbortController();
  #body = h("tbody");
  #head = h("tr");
  #message = h("div");
  #scroll = h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Clients" },
    h("table", {}, h("thead", {}, this.#head), this.#body),
    this.#message,
  );
  element = h("section", { class: "sheet" }, this.#scroll);

  constructor() {
    this.#scroll.style.maxHeight = "calc(100dvh - 110px)";
    this.#scroll.addEventListener("scroll", () => this.#draw());
    this.#drawHead();
  }

  /** @param {string} filter */
  search(filter) {
    this.#filter = filter;
    this.#restart();
  }

  /** @param {string} connected */
  restrict(connected) {
    this.#connected = connected;
    this.#restart();
  }

  end() {
    this.#aborter.abort();
  }

  /** Whether somebody presses on it. */
  #isHeld = makeHold(this.#body);

  /** Fetches what was fetched before again, in one answer where that is enough. */
  async refresh() {
    if (this.#isHeld() || this.#scroll.scrollTop > 0 && this.#rows.length > 1000) return;
    const limit = Math.min(1000, Math.max(PAGE, this.#rows.length));
    await this.#fetch(undefined, limit, (rows) => this.#rows = rows);
  }

  #restart() {
    this.#aborter.abort();
    this.#aborter = new AbortController();
    this.#isLoading = false;
    this.#rows = [];
    this.#scroll.scrollTop = 0;
    this.refresh();
  }

  /**
   * @param {string | undefined} after
   * @param {number} limit
   * @param {(rows: Row[]) => void} take
   */
  async #fetch(after, limit, take) {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const { signal } = this.#aborter;
    try {
      const page = await api("/clients", {
        signal,
        query: {
          limit,
          after,
          sort: this.#sort,
          order: this.#isDescending ? "desc" : "asc",
          filter: this.#filter,
          connected: this.#connected,
        },
      });
      // Pressed meanwhile: what is there stays for now.
      if (this.#isHeld()) return;
      take(page.items);
      this.#next = page.next;
      fill(this.#message);
      if (this.#rows.length === 0) {
        const isAll = this.#filter === "" && this.#connected === "";
        fill(
          this.#message,
          isAll
            ? empty(
              "No client has connected yet",
              "Clients appear here as soon as they connect to a listener.",
            )
            : empty(
              "No client fits",
              "Search for another part of a Client Identifier, user name or address.",
            ),
        );
      }
    } catch (error) {
      if (signal.aborted) return;
      fill(
        this.#message,
        h("div", { class: "pad" }, h("div", { class: "trouble" }, wordsOf(error))),
      );
    } finally {
      if (!signal.aborted) this.#isLoading = false;
    }
    this.#draw();
  }

  #draw() {
    const { scrollTop, clientHeight } = this.#scroll;
    const first = Math.max(0, Math.floor(scrollTop / this.#rowHeight) - SPARE_ROWS);
    const sight = Math.ceil((clientHeight || 800) / this.#rowHeight) + 2 * SPARE_ROWS;
    const last = Math.min(this.#rows.length, first + sight);
    const hadFocus = this.#body.contains(document.activeElement)
      ? document.activeElement?.getAttribute("href")
      : undefined;
    const rows = this.#rows.slice(first, last).map((row) =>
      h("tr", {}, COLUMNS.map((column) => cellOf(column, row)))
    );
    fill(
      this.#body,
      spaceOf(first * this.#rowHeight),
      rows,
      spaceOf((this.#rows.length - last) * this.#rowHeight),
    );
    const height = rows[0]?.getBoundingClientRect().height ?? 0;
    if (height > 0) this.#rowHeight = height;
    if (hadFocus) {
      for (const link of this.#body.querySelectorAll("a")) {
        if (link.getAttribute("href") === hadFocus) link.focus({ preventScroll: true });
      }
    }
    const next = this.#next;
    if (next !== null && last > this.#rows.length - SPARE_ROWS) {
      this.#fetch(next, PAGE, (more) => this.#rows.push(...more));
    }
  }

  #drawHead() {
    fill(
      this.#head,
      COLUMNS.map(({ key, name, isNumber, className = "" }) =>
        h(
          "th",
          {
            scope: "col",
            class: `${className} ${isNumber ? "num" : ""}`,
            "aria-sort": this.#sort === key
              ? (this.#isDescending ? "descending" : "ascending")
              : undefined,
          },
          h(
            "button",
            { type: "button", onclick: () => this.#sortBy(key, isNumber === true) },
            name,
          ),
        )
      ),
    );
  }

  /**
   * @param {string} key
   * @param {boolean} isNumber the largest is what one looks for
   */
  #sortBy(key, isNumber) {
    this.#isDescending = this.#sort === key ? !this.#isDescending : isNumber;
    this.#sort = key;
    this.#drawHead();
    this.#restart();
  }
}

/**
 * @param {Column} column
 * @param {Row} row
 */
function cellOf({ isNumber, className = "", show }, row) {
  return h("td", { class: `${className} ${isNumber ? "num" : "cut"}` }, show(row));
}

/** @param {number} height */
function spaceOf(height) {
  if (height <= 0) return null;
  const cell = h("td", { colspan: COLUMNS.length });
  cell.style.height = `${height}px`;
  return h("tr", { class: "space", "aria-hidden": "true" }, cell);
}
