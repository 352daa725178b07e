// @ts-check
/// <reference lib="dom" />
import { mayChange, VIEWER_HINT } from "./app.js";
import { field, h } from "./dom.js";
import { attempt } from "./notes.js";

/** @typedef {import("./app.js").App} App */

/**
 * A form that publishes by MQTT, under the rights of the user.
 * @param {App} app
 * @param {{ topic?: string, onPublished?: () => void }} [init]
 */
export function makePublishForm(app, { topic = "", onPublished } = {}) {
  const topicName = h("input", {
    class: "mono",
    value: topic,
    required: true,
    placeholder: "home/cellar/lamp",
    autocomplete: "off",
    spellcheck: "false",
  });
  const payload = h("textarea", { class: "mono", rows: 3, spellcheck: "false" });
  const qos = h(
    "select",
    { name: "qos" },
    ["0", "1", "2"].map((value) => h("option", { value }, value)),
  );
  const retain = h("input", { type: "checkbox" });
  const contentType = h("input", { placeholder: "application/json" });
  const responseTopic = h("input", { class: "mono" });
  const expiry = h("input", { type: "number", min: 0, max: 4_294_967_295, placeholder: "never" });
  const user = h("textarea", { class: "mono", rows: 2, placeholder: "name: value" });
  user.style.minHeight = "52px";
  const isViewer = !mayChange(app);
  const button = h("button", {
    class: "main",
    disabled: isViewer,
    title: isViewer ? VIEWER_HINT : undefined,
  }, "Publish");
  const publish = async () => {
    const message = {
      topic: topicName.value,
      payload: new TextEncoder().encode(payload.value),
      qos: Number(qos.value),
      retain: retain.checked,
      properties: {
        ...contentType.value === "" ? {} : { contentType: contentType.value },
        ...responseTopic.value === "" ? {} : { responseTopic: responseTopic.value },
        ...expiry.value === "" ? {} : { messageExpiryInterval: Number(expiry.value) },
        userProperties: pairsOf(user.value),
      },
    };
    button.disabled = true;
    const isDone = await attempt(() => app.mqtt.publish(message), `Published to ${message.topic}`);
    button.disabled = isViewer;
    if (isDone) onPublished?.();
  };
  const element = h(
    "form",
    {
      class: "stack pad",
      "aria-label": "Publish",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        publish();
      },
    },
    field("Topic", topicName),
    field("Payload", payload),
    h(
      "div",
      { class: "bar" },
      h("label", { class: "check" }, "QoS", qos),
      h("label", { class: "check" }, retain, "Retain"),
      h("span", { class: "grow" }),
      button,
    ),
    h(
      "details",
      {},
      h("summary", { class: "soft" }, "Properties of 5.0"),
      h(
        "div",
        { class: "fields" },
        field("Content Type", contentType),
        field("Response Topic", responseTopic),
        field("Expires after seconds", expiry),
        field("User Properties, one a line", user, "wide"),
      ),
    ),
    isViewer && h("p", { class: "soft" }, VIEWER_HINT),
  );
  return {
    element,
    /** @param {string} topic */
    setTopic(topic) {
      topicName.value = topic;
    },
  };
}

/**
 * @param {string} text
 * @returns {[string, string][]}
 */
function pairsOf(text) {
  return text.split("\n").filter((line) => line.includes(":")).map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
}
