// @ts-check

/** Nodes that a tree may have: a page is not a store. */
const MAX_NODES = 20_000;
/** Bytes of a value of which its preview is made. */
const PREVIEW_BYTES = 200;

/**
 * One level of a topic.
 * @typedef {object} TopicNode
 * @property {string} name of its level
 * @property {string} topic whole
 * @property {number} depth
 * @property {TopicNode | undefined} parent
 * @property {Map<string, TopicNode>} children
 * @property {boolean} isOpen its children are shown
 * @property {boolean} isLoaded what is retained below it was fetched
 * @property {string | null} next where the next page of that begins
 * @property {number} retained messages at it and below
 * @property {boolean} hasRetained
 * @property {number} seen messages at it since the page looks
 * @property {number} seenBelow at it and below
 * @property {number} rate messages a second at it and below
 * @property {number} lastMs when the last one came
 * @property {Uint8Array | undefined} lastBytes the beginning of its last value
 * @property {string} preview of these, as it was drawn last
 * @property {number} countedBelow when the rate was taken last
 */

/** The topics that a page knows: what is retained, level by level as it is opened, and what came since. */
export class TopicTree {
  root = makeNode("", "", -1, undefined);
  #nodes = 0;
  /** Topics were left out. */
  isFull = false;

  constructor() {
    this.root.isOpen = true;
  }

  /**
   * The child of that name; `undefined`: there are too many nodes.
   * @param {TopicNode} parent
   * @param {string} name
   */
  child(parent, name) {
    const known = parent.children.get(name);
    if (known !== undefined) return known;
    if (this.#nodes >= MAX_NODES) {
      this.isFull = true;
      return undefined;
    }
    this.#nodes++;
    const topic = parent.depth < 0 ? name : `${parent.topic}/${name}`;
    const node = makeNode(name, topic, parent.depth + 1, parent);
    parent.children.set(name, node);
    return node;
  }

  /**
   * A message has come.
   * @param {string} topic
   * @param {Uint8Array} payload
   * @param {number} atMs
   */
  see(topic, payload, atMs) {
    let node = this.root;
    node.seenBelow++;
    for (const name of topic.split("/")) {
      const child = this.child(node, name);
      if (child === undefined) return;
      child.seenBelow++;
      child.lastMs = atMs;
      node = child;
    }
    node.seen++;
    // What it looks like is found out when it is drawn.
    node.lastBytes = payload.slice(0, PREVIEW_BYTES);
  }

  /**
   * Takes the rates of all nodes: what came since the last call.
   * @param {number} seconds
   */
  takeRates(seconds) {
    /** @type {TopicNode[]} */
    const stack = [this.root];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const rate = (node.seenBelow - node.countedBelow) / seconds;
      // Smoothed: one number that jumps each second tells nothing.
      node.rate = node.rate * 0.6 + rate * 0.4;
      if (node.rate < 0.01) node.rate = 0;
      node.countedBelow = node.seenBelow;
      stack.push(...node.children.values());
    }
  }

  /**
   * The rows that are shown, in their order.
   * @returns {(TopicNode | { moreOf: TopicNode })[]}
   */
  rows() {
    /** @type {(TopicNode | { moreOf: TopicNode })[]} */
    const rows = [];
    const add = (/** @type {TopicNode} */ node) => {
      const names = [...node.children.keys()].sort();
      for (const name of names) {
        const child = node.children.get(name);
        if (child === undefined) continue;
        rows.push(child);
        if (child.isOpen) add(child);
      }
      if (node.next !== null) rows.push({ moreOf: node });
    };
    add(this.root);
    return rows;
  }

  /**
   * Forgets what was retained at a node and below.
   * @param {TopicNode} node
   */
  forgetRetained(node) {
    for (let above = node.parent; above !== undefined; above = above.parent) {
      above.retained = Math.max(0, above.retained - node.retained);
    }
    /** @type {TopicNode[]} */
    const stack = [node];
    for (let each = stack.pop(); each !== undefined; each = stack.pop()) {
      each.retained = 0;
      each.hasRetained = false;
      stack.push(...each.children.values());
    }
  }
}

/**
 * @param {string} name
 * @param {string} topic
 * @param {number} depth
 * @param {TopicNode | undefined} parent
 * @returns {TopicNode}
 */
function makeNode(name, topic, depth, parent) {
  return {
    name,
    topic,
    depth,
    parent,
    children: new Map(),
    isOpen: false,
    isLoaded: false,
    next: null,
    retained: 0,
    hasRetained: false,
    seen: 0,
    seenBelow: 0,
    rate: 0,
    lastMs: 0,
    lastBytes: undefined,
    preview: "",
    countedBelow: 0,
  };
}
