import type { MessageInit } from "../../broker/mod.ts";
import { EncodeError } from "../../codec/mod.ts";
import { isTopicName } from "../../topic/mod.ts";
import { done } from "../answers.ts";
import { readJson } from "../body.ts";
import { Problem } from "../problem.ts";
import { textOf } from "../query.ts";
import { mayPublish } from "../rights.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, list, object, text, whole } from "../schema.ts";

/** The longest Message Expiry Interval, seconds: a four byte integer. */
const MAX_SECONDS = 0xffff_ffff;

/** The operation that publishes for programs that do not speak MQTT. */
export const PUBLISH_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/api/v1/publish",
    role: "admin",
    summary: "Publishes a message with the user's rights",
    body: object({
      topic: text("The Topic Name"),
      payload: text("As text; or payloadBase64"),
      payloadBase64: text("As bytes"),
      qos: whole("Default 0", 0, 2),
      retain: flag(
        "Whether to retain it; an empty payload removes the retained message. Default false",
      ),
      messageExpirySeconds: whole("Default: it never expires", 0, MAX_SECONDS),
      contentType: text("In 5.0"),
      responseTopic: text("In 5.0"),
      userProperties: list(object({ name: text("Its name"), value: text("Its value") })),
    }, [
      "payload",
      "payloadBase64",
      "qos",
      "retain",
      "messageExpirySeconds",
      "contentType",
      "responseTopic",
      "userProperties",
    ]),
    handle: publish,
  },
];

type Body = Readonly<Record<string, unknown>>;

async function publish({ request, context, caller }: ApiRequest): Promise<Response> {
  const body = await readJson(request);
  const message = messageOf(body);
  const { topicName, qos = 0, retain = false } = message;
  if (topicName.startsWith("$")) {
    throw new Problem(400, "topic: names that begin with $ are the broker's");
  }
  if (!await mayPublish(context.broker, caller!, topicName, qos, retain)) {
    throw new Problem(403, `The ACL does not let you publish to ${topicName}`);
  }
  try {
    context.hub.publish(message);
  } catch (error) {
    if (error instanceof EncodeError) throw new Problem(400, error.message);
    throw error;
  }
  return done();
}

function messageOf(body: Body): MessageInit {
  const topicName = textOf(body, "topic");
  if (!isTopicName(topicName)) {
    throw new Problem(400, `topic: must be a Topic Name, is "${topicName}"`);
  }
  const { qos = 0, retain = false, messageExpirySeconds: seconds } = body;
  if (qos !== 0 && qos !== 1 && qos !== 2) throw new Problem(400, "qos: must be 0, 1 or 2");
  if (typeof retain !== "boolean") throw new Problem(400, "retain: must be true or false");
  const isSeconds = Number.isInteger(seconds) && Number(seconds) >= 0 &&
    Number(seconds) <= MAX_SECONDS;
  if (seconds !== undefined && !isSeconds) {
    throw new Problem(400, `messageExpirySeconds: must be a whole number from 0 to ${MAX_SECONDS}`);
  }
  return {
    topicName,
    payload: payloadOf(body),
    qos,
    retain,
    properties: propertiesOf(body),
    ...seconds === undefined ? {} : { messageExpiryIntervalSeconds: Number(seconds) },
  };
}

function payloadOf(body: Body): Uint8Array {
  if (body.payloadBase64 === undefined) {
    return new TextEncoder().encode(textOf(body, "payload", ""));
  }
  try {
    return Uint8Array.fromBase64(textOf(body, "payloadBase64"));
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(400, "payloadBase64: must be base64");
  }
}

function propertiesOf(body: Body): NonNullable<MessageInit["properties"]> {
  const { contentType, responseTopic, userProperties = [] } = body;
  if (responseTopic !== undefined && !isTopicName(textOf(body, "responseTopic"))) {
    throw new Problem(400, "responseTopic: must be a Topic Name");
  }
  if (!Array.isArray(userProperties)) throw new Problem(400, "userProperties: must be a list");
  const pairs = userProperties.map((property): [string, string] => {
    const { name, value } = Object(property);
    if (typeof name === "string" && typeof value === "string") return [name, value];
    throw new Problem(400, "userProperties: must be a list of objects with name and value");
  });
  return {
    ...contentType === undefined ? {} : { contentType: textOf(body, "contentType") },
    ...responseTopic === undefined ? {} : { responseTopic: textOf(body, "responseTopic") },
    ...pairs.length === 0 ? {} : { userProperties: pairs },
  };
}
