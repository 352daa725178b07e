// @ts-check
/// <reference lib="dom" />
import { fill, h, makeHold } from "./dom.js";
import { count } from "./format.js";
import { previewOf } from "./payload.js";

/** @typedef {import("./topic_tree.js").TopicNode} TopicNode */
/** @typedef {import("./topic_tree.js").TopicTree} TopicTree */

/** Before a row was measured, pixels. */
const ROW_HEIGHT = 27;
const SPARE_ROWS = 15;

/** The tree as one sees it: only rows in sight are in the document; arrow keys go through it. */
export class TreeList {
  /** @type {(TopicNode | { moreOf: TopicNode })[]} */
  #rows = [];
  #active = 0;
  #rowHeight = ROW_HEIGHT;
  /** @type {TopicNode | undefined} */
  selected;
  #tree;
  #onSelect;
  #onOpen;
  element = h("div", {
    class: "tree",
    role: "tree",
    tabindex: 0,
    "aria-label": "Topics",
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    onscroll: () => this.#drawRows(),
  });

  /** Whether somebody presses on it. */
  #isHeld = makeHold(this.element);

  /**
   * @param {TopicTree} tree
   * @param {{ onSelect: (node: TopicNode) => void, onOpen: (node: TopicNode) => void }} init
   */
  constructor(tree, { onSelect, onOpen }) {
    this.#tree = tree;
    this.#onSelect = onSelect;
    this.#onOpen = onOpen;
  }

  /** Draws what has changed, unless somebody is about to click. */
  update() {
    if (!this.#isHeld()) this.draw();
  }

  /** Draws all. */
  draw() {
    const active = this.#rows[this.#active];
    this.#rows = this.#tree.rows();
    if (active !== undefined) {
      const at = this.#rows.findIndex((row) => row === active);
      if (at >= 0) this.#active = at;
    }
    this.#active = Math.max(0, Math.min(this.#active, this.#rows.length - 1));
    this.#drawRows();
  }

  #drawRows() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.#rowHeight) - SPARE_ROWS);
    const last = Math.min(
      this.#rows.length,
      first + Math.ceil((clientHeight || 800) / this.#rowHeight) + 2 * SPARE_ROWS,
    );
    const before = h("div");
    before.style.height = `${first * this.#rowHeight}px`;
    const behind = h("div");
    behind.style.height = `${(this.#rows.length - last) * this.#rowHeight}px`;
    const rows = this.#rows.slice(first, last).map((row, index) => this.#row(row, first + index));
    fill(this.element, before, rows, behind);
    const height = rows[0]?.getBoundingClientRect().height ?? 0;
    if (height > 0) this.#rowHeight = height;
    if (this.#rows.length === 0) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", `topic-${this.#active}`);
    this.element.scrollTop = scrollTop;
  }

  /**
   * @param {TopicNode | { moreOf: TopicNode }} row
   * @param {number} index
   */
  #row(row, index) {
    if ("moreOf" in row) {
      const element = h("div", {
        class: "row soft",
        role: "treeitem",
        id: `topic-${index}`,
        "aria-selected": "false",
        onclick: () => this.#onOpen(row.moreOf),
      }, "Show more …");
      element.style.setProperty("--depth", String(row.moreOf.depth + 1));
      return element;
    }
    const canOpen = row.children.size > 0 || (row.retained > (row.hasRetained ? 1 : 0));
    const element = h(
      "div",
      {
        class: "row",
        role: "treeitem",
        id: `topic-${index}`,
        "aria-level": row.depth + 1,
        "aria-expanded": canOpen ? String(row.isOpen) : undefined,
        "aria-selected": String(this.selected === row),
        onclick: () => {
          this.#active = index;
          this.#click(row, canOpen);
        },
      },
      h("span", { class: "twist", "aria-hidden": "true" }, canOpen ? (row.isOpen ? "▼" : "▶") : ""),
      h("span", { class: "label", title: row.topic }, row.name === "" ? "(empty level)" : row.name),
      h("span", { class: "preview" }, previewOfRow(row)),
      row.rate >= 0.05 && h("span", { class: "count" }, `${count(row.rate)}/s`),
      row.retained > 0 && h(
        "span",
        { class: "tag", title: canOpen ? "Retained messages at this level and below" : "Retained" },
        canOpen ? count(row.retained) : "R",
      ),
    );
    element.style.setProperty("--depth", String(row.depth));
    return element;
  }

  /**
   * @param {TopicNode} node
   * @param {boolean} canOpen
   */
  #click(node, canOpen) {
    if (canOpen) {
      this.#toggle(node, this.selected === node || !node.isOpen ? !node.isOpen : node.isOpen);
    }
    this.#select(node);
  }

  /** @param {TopicNode} node */
  #select(node) {
    const isNew = this.selected !== node;
    this.selected = node;
    if (isNew) this.#onSelect(node);
    this.draw();
  }

  /**
   * @param {TopicNode} node
   * @param {boolean} isOpen
   */
  #toggle(node, isOpen) {
    node.isOpen = isOpen;
    if (isOpen && !node.isLoaded) this.#onOpen(node);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const row = this.#rows[this.#active];
    if (row === undefined) return;
    switch (event.key) {
      case "ArrowDown":
        this.#move(this.#active + 1);
        break;
      case "ArrowUp":
        this.#move(this.#active - 1);
        break;
      case "Home":
        this.#move(0);
        break;
      case "End":
        this.#move(this.#rows.length - 1);
        break;
      case "ArrowRight":
        if (!("moreOf" in row)) {
          if (row.isOpen) this.#move(this.#active + 1);
          else this.#toggle(row, true);
        }
        break;
      case "ArrowLeft":
        if (!("moreOf" in row)) {
          const at = this.#rows.findIndex((other) => other === row.parent);
          if (row.isOpen) row.isOpen = false;
          else if (at >= 0) this.#move(at);
        }
        break;
      case "Enter":
      case " ":
        if ("moreOf" in row) this.#onOpen(row.moreOf);
        else this.#select(row);
        break;
      default:
        return;
    }
    event.preventDefault();
    this.draw();
  }

  /** @param {number} index */
  #move(index) {
    this.#active = Math.max(0, Math.min(index, this.#rows.length - 1));
    const row = this.#rows[this.#active];
    if (row !== undefined && !("moreOf" in row)) this.#select(row);
    const top = this.#active * this.#rowHeight;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.#rowHeight > scrollTop + clientHeight) {
      this.element.scrollTop = top + this.#rowHeight - clientHeight;
    }
  }
}

/** @param {TopicNode} node */
function previewOfRow(node) {
  if (node.lastBytes !== undefined) node.preview = previewOf(node.lastBytes);
  node.lastBytes = undefined;
  return node.preview;
}
