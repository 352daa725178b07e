// @ts-check
/// <reference lib="dom" />
import { api, wordsOf } from "./api.js";
import { empty, fill, h, setText } from "./dom.js";
import { count } from "./format.js";
import { makeTopicPanel } from "./topic_panel.js";
import { TopicTree } from "./topic_tree.js";
import { TreeList } from "./tree_list.js";

/** @typedef {import("./app.js").MakeView} MakeView */
/** @typedef {import("./topic_tree.js").TopicNode} TopicNode */

/** Levels that are fetched at a time. */
const PAGE = 200;
/** How often the tree is drawn, milliseconds. */
const DRAW_MS = 500;
/** Messages a second beyond which the page stops to follow all of them. */
const MAX_RATE = 2000;

/**
 * The topics by level: what is retained, fetched as one opens it, and what comes meanwhile.
 * @type {MakeView}
 */
export function topicsView(app) {
  const tree = new TopicTree();
  const panel = h(
    "div",
    {},
    h(
      "section",
      { class: "sheet" },
      empty("No topic is selected", "Select one to see its value, chart it, publish to it."),
    ),
  );
  const said = h("span", { class: "soft" });
  /** @type {(() => void) | undefined} */
  let endPanel;
  const list = new TreeList(tree, {
    onOpen: (node) => load(node),
    onSelect(node) {
      endPanel?.();
      const made = makeTopicPanel(app, node, (gone) => {
        tree.forgetRetained(gone);
        list.draw();
      });
      endPanel = made.end;
      fill(panel, made.element);
    },
  });
  const load = async (/** @type {TopicNode} */ node) => {
    node.isLoaded = true;
    try {
      const below = node === tree.root ? undefined : node.topic;
      const page = await api("/retained/levels", {
        query: { below, limit: PAGE, after: node.next ?? undefined },
      });
      for (const { level, messages, hasMessage } of page.items) {
        const child = tree.child(node, level);
        if (child === undefined) break;
        child.retained = messages;
        child.hasRetained = hasMessage;
      }
      node.next = page.next;
      list.draw();
    } catch (error) {
      setText(said, wordsOf(error));
    }
  };
  const follow = makeFollowing(app, tree, said);
  load(tree.root);
  const timer = setInterval(() => {
    tree.takeRates(DRAW_MS / 1000);
    follow.look();
    if (!document.hidden) list.update();
  }, DRAW_MS);
  return {
    title: "Topics",
    content: [
      h(
        "div",
        { class: "head" },
        h("h1", {}, "Topics"),
        said,
        h("span", { class: "grow" }),
        follow.button,
      ),
      h("div", { class: "split" }, h("section", { class: "sheet" }, list.element), panel),
    ],
    end() {
      clearInterval(timer);
      follow.stop();
      endPanel?.();
    },
  };
}

/**
 * Follows all messages, unless there are too many.
 * @param {import("./app.js").App} app
 * @param {TopicTree} tree
 * @param {HTMLElement} said
 */
function makeFollowing(app, tree, said) {
  /** @type {(() => void)[]} */
  let stops = [];
  const stop = () => {
    for (const each of stops) each();
    stops = [];
    button.setAttribute("aria-pressed", "false");
  };
  const start = () => {
    button.setAttribute("aria-pressed", "true");
    setText(said, "");
    const init = {
      wantsRetained: false,
      onRefused: (/** @type {string} */ why) => setText(said, why),
    };
    stops = ["#", "$SYS/#"].map((filter) =>
      app.mqtt.subscribe(
        filter,
        ({ topic, payload, atMs }) => tree.see(topic, payload, atMs),
        init,
      )
    );
  };
  const button = h("button", {
    type: "button",
    title: "Shows values and rates as messages come",
    onclick: () => stops.length > 0 ? stop() : start(),
  }, "Live");
  start();
  return {
    button,
    stop,
    look() {
      if (tree.isFull) setText(said, "There are more topics than are shown");
      if (stops.length === 0 || tree.root.rate < MAX_RATE) return;
      stop();
      setText(
        said,
        `More than ${
          count(MAX_RATE)
        } messages a second: they are not followed any more. Select a topic.`,
      );
    },
  };
}
