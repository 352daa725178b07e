// @ts-check
/// <reference lib="dom" />
import { api, wordsOf } from "./api.js";
import { repeat } from "./app.js";
import { empty, fill, h, makeHold } from "./dom.js";
import { bytes, count } from "./format.js";

/** @typedef {import("./app.js").MakeView} MakeView */

/**
 * A node as it described itself last.
 * @typedef {object} Member
 * @property {string} node
 * @property {number} sequence
 * @property {number} behind
 * @property {number} waiting
 * @property {number} clients
 * @property {number} sessions
 * @property {number} own
 */

/**
 * The cluster as this node sees it.
 * @typedef {object} Cluster
 * @property {string} name
 * @property {string} node
 * @property {boolean} isReady
 * @property {boolean} isConnected
 * @property {string} server
 * @property {number} sequence
 * @property {{ lastSequence: number, records: number, bytes: number, leader: string } | null} log
 * @property {{ sequence: number, sizeBytes: number, node: string } | null} snapshot
 * @property {Member[]} nodes
 * @property {{ clientId: string, node: string }[]} bridges
 */

/** How often it is looked at anew, milliseconds: nodes say each second that they are there. */
const LOOK_MS = 1000;

/** @type {readonly { name: string, title: string, show: (member: Member) => number, className?: string }[]} */
const COLUMNS = [
  {
    name: "Applied",
    title: "The last record of the log that it has applied",
    show: ({ sequence }) => sequence,
    className: "least",
  },
  {
    name: "Behind",
    title: "Records of the log that it has not applied yet",
    show: ({ behind }) => behind,
  },
  {
    name: "On their way",
    title: "Its own records that it has not read back from the log yet",
    show: ({ waiting }) => waiting,
    className: "least",
  },
  { name: "Clients", title: "Clients that are connected to it", show: ({ clients }) => clients },
  {
    name: "Sessions",
    title: "Sessions that it has, copies of other nodes' sessions included",
    show: ({ sessions }) => sessions,
    className: "least",
  },
  {
    name: "Own",
    title: "Sessions that belong to it, of those that outlive their connections",
    show: ({ own }) => own,
  },
];

/**
 * Which nodes are there, and how far is each?
 * @type {MakeView}
 */
export function clusterView() {
  const name = h("span", { class: "soft" });
  const trouble = h("div");
  const nodes = h("section", { class: "sheet", "aria-label": "Nodes" });
  const bridges = h("section", { class: "sheet", "aria-label": "Bridges", hidden: true });
  const log = h("section", { class: "sheet", "aria-label": "The log" });
  const isHeld = makeHold(nodes);
  const end = repeat(async () => {
    try {
      const { items: [cluster] } = await api("/cluster");
      if (isHeld()) return;
      fill(name, cluster === undefined ? "" : cluster.name);
      fill(trouble, troubleOf(cluster));
      if (cluster === undefined) return fill(nodes, empty("The broker is not a node of a cluster"));
      showNodes(nodes, cluster);
      showBridges(bridges, cluster);
      showLog(log, cluster);
    } catch (error) {
      fill(trouble, h("div", { class: "trouble" }, wordsOf(error)));
    }
  }, LOOK_MS);
  return {
    title: "Cluster",
    content: [
      h("div", { class: "head" }, h("h1", {}, "Cluster"), name),
      h("div", { class: "stack" }, trouble, nodes, bridges, log),
    ],
    end,
  };
}

/** @param {Cluster | undefined} cluster */
function troubleOf(cluster) {
  if (cluster === undefined || cluster.isReady) return "";
  const text = cluster.isConnected
    ? "This node takes no part in the cluster: the broker's log says why"
    : "The NATS servers are not reached: what is shown of other nodes is missing or old, and the broker's log says why";
  return h("div", { class: "trouble" }, text);
}

/**
 * @param {HTMLElement} section
 * @param {Cluster} cluster
 */
function showNodes(section, { node: here, nodes }) {
  const head = COLUMNS.map(({ name, title, className = "" }) =>
    h("th", { scope: "col", class: `num ${className}`, title }, name)
  );
  const rows = nodes.map((member) =>
    h(
      "tr",
      {},
      h(
        "td",
        { class: "cut" },
        member.node,
        member.node === here && [" ", h("span", { class: "tag" }, "this node")],
      ),
      COLUMNS.map(({ show, className = "" }) =>
        h("td", { class: `num ${className}` }, count(show(member)))
      ),
    )
  );
  fill(
    section,
    h("h2", {}, "Nodes"),
    nodes.length === 0 ? empty("No node takes part yet") : h(
      "div",
      { class: "scroll", tabindex: "0" },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Node"), head)),
        h("tbody", {}, rows),
      ),
    ),
  );
}

/**
 * @param {HTMLElement} section
 * @param {Cluster} cluster
 */
function showBridges(section, { bridges }) {
  section.hidden = bridges.length === 0;
  fill(
    section,
    h("h2", {}, "Bridges"),
    h(
      "dl",
      { class: "facts pad" },
      bridges.map(({ clientId, node }) =>
        h(
          "div",
          {},
          h("dt", {}, clientId.replace("$bridge/", "")),
          h("dd", {}, node === "" ? "no node has it" : `at ${node}`),
        )
      ),
    ),
  );
}

/**
 * @param {HTMLElement} section
 * @param {Cluster} cluster
 */
function showLog(section, { log, snapshot, server, sequence }) {
  /** @type {[string, string][]} */
  const facts = [
    ["This node's NATS server", server || "none"],
    ["Leads the log", log === null ? "not known" : log.leader || "there is one server"],
    ["Last record", count(log === null ? sequence : log.lastSequence)],
    ["Records kept", log === null ? "not known" : `${count(log.records)} (${bytes(log.bytes)})`],
    [
      "Last snapshot",
      snapshot === null ? (log === null ? "not known" : "none yet") : madeOf(snapshot),
    ],
  ];
  fill(
    section,
    h("h2", {}, "The log"),
    h(
      "dl",
      { class: "facts pad" },
      facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
  );
}

/** @param {NonNullable<Cluster["snapshot"]>} snapshot */
function madeOf({ sequence, sizeBytes, node }) {
  return `up to record ${count(sequence)}, ${bytes(sizeBytes)}, made by ${node}`;
}
