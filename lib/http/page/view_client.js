// @ts-check
/// <reference lib="dom" />
import { api, ApiError, wordsOf } from "./api.js";
import { mayChange, repeat, traceHash, VIEWER_HINT } from "./app.js";
import { empty, fill, h, setText } from "./dom.js";
import { ago, bytes, count, dateTime, duration, preciseTime, version } from "./format.js";
import { attempt } from "./notes.js";

/** @typedef {import("./app.js").MakeView} MakeView */
/** @typedef {Record<string, any>} Detail */

const REFRESH_MS = 2000;
const MAX_SUBSCRIPTIONS = 500;

/**
 * One client.
 * @type {MakeView}
 */
export function clientView(app, clientId) {
  const path = `/clients/${encodeURIComponent(clientId)}`;
  const state = h("span", { class: "tag" });
  const facts = h("dl", { class: "facts pad" });
  const slowness = h("div", { class: "stack" });
  const drops = h("section", { class: "sheet" });
  const events = h("section", { class: "sheet" });
  const subscriptions = h("section", { class: "sheet" });
  const trouble = h("div");
  const isViewer = !mayChange(app);
  const kick = h("button", {
    type: "button",
    title: isViewer ? VIEWER_HINT : "The client is told so, and may come back; its session stays",
    disabled: isViewer,
    onclick: () =>
      attempt(() => api(`${path}/disconnect`, { method: "POST" }), `${clientId} is disconnected`)
        .then(refresh),
  }, "Disconnect");
  const remove = h("button", {
    type: "button",
    class: "bad",
    title: isViewer ? VIEWER_HINT : "Subscriptions and messages that wait are gone for good",
    disabled: isViewer,
    async onclick() {
      if (
        !confirm(
          `Delete the session of ${clientId}, with its subscriptions and all that waits in it?`,
        )
      ) return;
      const isDone = await attempt(
        () => api(path, { method: "DELETE" }),
        `The session of ${clientId} is deleted`,
      );
      if (isDone) app.go("#/clients");
    },
  }, "Delete session");
  const refresh = async () => {
    try {
      const detail = await api(path);
      fill(trouble);
      showDetail(detail);
      await showSubscriptions(subscriptions, clientId);
    } catch (error) {
      const isGone = error instanceof ApiError && error.status === 404;
      fill(
        trouble,
        isGone
          ? empty(
            "There is no such session any more",
            "It has ended, or its client left without one.",
          )
          : h("div", { class: "trouble" }, wordsOf(error)),
      );
      for (const button of [kick, remove]) button.disabled = true;
    }
  };
  /** @param {Detail} detail */
  const showDetail = (detail) => {
    setText(
      state,
      detail.isConnected ? "connected" : detail.node ? `at node ${detail.node}` : "away",
    );
    state.dataset.kind = detail.isConnected ? "accent" : "";
    kick.disabled = isViewer || !detail.isConnected;
    remove.disabled = isViewer;
    fill(facts, ...factsOf(detail));
    fill(
      slowness,
      detail.slowness.map((/** @type {string} */ reason) =>
        h(
          "p",
          { class: "sheet pad" },
          h("span", { class: "tag", "data-kind": "warning" }, "slow"),
          " ",
          reason,
        )
      ),
    );
    showDrops(drops, detail.droppedByReason);
    showEvents(events, detail.activity);
  };
  return {
    title: clientId,
    content: [
      h(
        "div",
        { class: "head" },
        h("a", { href: "#/clients" }, "Clients"),
        h("h1", { class: "mono" }, clientId),
        state,
        h("span", { class: "grow" }),
        h(
          "a",
          { class: "button", href: `#/log?filter=${encodeURIComponent(clientId)}` },
          "Its lines in the log",
        ),
        h("a", { class: "button", href: traceHash({ client: clientId }) }, "Trace"),
        kick,
        remove,
      ),
      h(
        "div",
        { class: "stack" },
        trouble,
        slowness,
        h("section", { class: "sheet" }, facts),
        subscriptions,
        drops,
        events,
      ),
    ],
    end: repeat(refresh, REFRESH_MS),
  };
}

/**
 * @param {Detail} detail
 * @returns {HTMLElement[]}
 */
function factsOf(detail) {
  /** @type {[string, string][]} */
  const facts = [
    ["User", detail.userName || "anonymous"],
    ["Address", detail.remoteAddress || "–"],
    ["Listener", detail.listener || "–"],
    ["MQTT", version(detail.protocolVersion)],
    [
      "Keep Alive",
      detail.isConnected
        ? (detail.keepAliveSeconds === 0 ? "off" : `${detail.keepAliveSeconds} s`)
        : "–",
    ],
    ["Last heard", detail.lastReceivedMs === 0 ? "–" : ago(detail.lastReceivedMs)],
    ["Session lasts", sessionOf(detail)],
    ["Will", detail.hasWill ? "kept" : "none"],
    ["Messages that wait", `${count(detail.queuedMessages)} (${bytes(detail.queuedBytes)})`],
    ["In flight", count(detail.inFlight)],
    ["Not yet written", bytes(detail.unsentBytes)],
    ["Dropped", count(detail.dropped)],
    ["Publishes", `${count(detail.activity.publishedPerSecond)}/s`],
    ["Is sent", `${count(detail.activity.deliveredPerSecond)}/s`],
  ];
  return facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
}

/** @param {Detail} detail */
function sessionOf(detail) {
  if (detail.sessionExpiresAtMs) return `until ${dateTime(detail.sessionExpiresAtMs)}`;
  if (detail.sessionExpirySeconds === null) return "without end";
  return detail.sessionExpirySeconds === 0
    ? "as long as its connection"
    : `${duration(detail.sessionExpirySeconds)} beyond its connection`;
}

/**
 * @param {HTMLElement} section
 * @param {string} clientId
 */
async function showSubscriptions(section, clientId) {
  const { items, next } = await api("/subscriptions", {
    query: { clientId, limit: MAX_SUBSCRIPTIONS },
  });
  if (items.length === 0) {
    return fill(section, h("h2", {}, "Subscriptions"), empty("It has not subscribed to anything"));
  }
  const rows = items.map((/** @type {Record<string, any>} */ subscription) =>
    h(
      "tr",
      {},
      h("td", { class: "mono wrap" }, subscription.topicFilter),
      h("td", { class: "num" }, subscription.qos),
      h(
        "td",
        { class: "least" },
        subscription.noLocal && h("span", { class: "tag" }, "No Local"),
        " ",
        subscription.retainAsPublished && h("span", { class: "tag" }, "Retain As Published"),
      ),
      h("td", { class: "num least" }, subscription.subscriptionIdentifier || "–"),
    )
  );
  fill(
    section,
    h("h2", {}, "Subscriptions"),
    h(
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
            h("th", { scope: "col" }, "Topic Filter"),
            h("th", { scope: "col", class: "num" }, "QoS"),
            h("th", { scope: "col", class: "least" }, "Options"),
            h("th", { scope: "col", class: "num least" }, "Identifier"),
          ),
        ),
        h("tbody", {}, rows),
      ),
    ),
    next !== null && h("p", { class: "pad soft" }, `The first ${MAX_SUBSCRIPTIONS} are shown`),
  );
}

/**
 * @param {HTMLElement} section
 * @param {Record<string, number>} droppedByReason
 */
function showDrops(section, droppedByReason) {
  const drops = Object.entries(droppedByReason);
  section.hidden = drops.length === 0;
  fill(
    section,
    h("h2", {}, "Messages that it has not got"),
    h(
      "dl",
      { class: "facts pad" },
      drops.map(([reason, number]) =>
        h("div", {}, h("dt", { class: "mono" }, reason), h("dd", {}, count(number)))
      ),
    ),
  );
}

/**
 * What has happened while somebody looks.
 * @param {HTMLElement} section
 * @param {{ sinceMs: number, events: { atMs: number, text: string }[] }} activity
 */
function showEvents(section, { sinceMs, events }) {
  fill(
    section,
    h("h2", {}, "Events"),
    events.length === 0
      ? empty("Nothing has happened", `It is looked at since ${preciseTime(sinceMs)}.`)
      : h(
        "dl",
        { class: "facts pad" },
        events.map(({ atMs, text }) =>
          h("div", {}, h("dt", { class: "num" }, preciseTime(atMs)), h("dd", {}, text))
        ),
      ),
  );
}
