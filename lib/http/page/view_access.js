// @ts-check
/// <reference lib="dom" />
import { api, wordsOf } from "./api.js";
import { field, fill, h } from "./dom.js";

/** @typedef {import("./app.js").MakeView} MakeView */

/**
 * Who may do what.
 * @type {MakeView}
 */
export function accessView(app) {
  const listener = h("select");
  const action = h(
    "select",
    {},
    [["publish", "publish to"], ["subscribe", "subscribe to"], ["read", "get messages of"]].map((
      [value, name],
    ) => h("option", { value }, name)),
  );
  const userName = h("input", { placeholder: "anonymous", autocomplete: "off" });
  const clientId = h("input", { class: "mono", autocomplete: "off" });
  const topic = h("input", {
    class: "mono",
    required: true,
    placeholder: "home/cellar/lamp",
    autocomplete: "off",
    spellcheck: "false",
  });
  const verdict = h("div", { "aria-live": "polite" });
  api("/listeners").then(({ items }) => {
    fill(
      listener,
      items.map((/** @type {{ name: string }} */ { name }) => h("option", { value: name }, name)),
    );
  }, (error) => fill(verdict, h("div", { class: "trouble" }, wordsOf(error))));
  const explain = async () => {
    const query = {
      listener: listener.value,
      action: action.value,
      userName: userName.value,
      clientId: clientId.value,
      topic: topic.value,
    };
    try {
      const { isAllowed, reason } = await api("/access/explain", { query });
      const who = query.userName === "" ? "An anonymous client" : `User ${query.userName}`;
      const act = action.selectedOptions[0]?.textContent ?? "";
      fill(
        verdict,
        h(
          "div",
          { class: "verdict", "data-allowed": String(isAllowed) },
          h("strong", {}, isAllowed ? "Yes" : "No"),
          `: ${who} ${isAllowed ? "may" : "may not"} ${act} `,
          h("code", {}, query.topic),
          h("p", { class: "mono" }, reason),
        ),
      );
    } catch (error) {
      fill(verdict, h("div", { class: "trouble" }, wordsOf(error)));
    }
  };
  return {
    title: "Access",
    content: [
      h("div", { class: "head" }, h("h1", {}, "Access")),
      h(
        "div",
        { class: "stack" },
        h(
          "section",
          { class: "sheet" },
          h("h2", {}, "May a client do this, and which line of the ACL decides?"),
          h(
            "form",
            {
              class: "pad stack",
              onsubmit: (/** @type {Event} */ event) => {
                event.preventDefault();
                explain();
              },
            },
            h(
              "div",
              { class: "fields" },
              field("User", userName),
              field("Client Identifier", clientId),
              field("Listener", listener),
              field("May it", action),
              field("Topic", topic),
            ),
            h("div", { class: "bar" }, h("button", { class: "main" }, "Explain")),
            verdict,
          ),
        ),
        h(
          "section",
          { class: "sheet" },
          h("h2", {}, "You"),
          h("p", { class: "pad" }, whoOf(app.session)),
        ),
      ),
    ],
  };
}

/** @param {import("./app.js").Session} session */
function whoOf({ by, role, userName }) {
  if (by === "open") {
    return "Nobody is named at this listener: everybody on this machine may look and change. `http_admin USER` below it names who may.";
  }
  return `You are ${userName}, and as ${
    role === "admin"
      ? "an admin you may change what the broker holds"
      : "a viewer you may look, but change nothing"
  }. ` +
    "What you publish and read is decided by the ACL, as for any client.";
}
