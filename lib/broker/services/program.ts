import { publishOf, publishSize } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { MessageInit } from "../ground/message_hub.ts";
import { expiry } from "../ground/message_rules.ts";
import { routeMessage } from "./route_message.ts";

/**
 * Publishes for the program around the broker; throws `TypeError` where the Topic Name is not one, and `EncodeError` where no packet can
 * contain the properties.
 */
export function publishForProgram(core: Core, init: MessageInit): void {
  const { topicName, payload, qos = 0, retain = false, properties } = init;
  const message: Message = {
    topicName,
    payload,
    qos,
    retain,
    properties,
    expiresAtMs: expiry(core.nowMs, init.messageExpiryIntervalSeconds),
    publisherId: "",
  };
  const route = core.router.route(topicName);
  if (route === undefined) {
    throw new TypeError(`Cannot publish to "${topicName}": not a Topic Name`);
  }
  // Those of clients were decoded, and those of programs may be anything: the store could not write them later, which ends the process.
  if (properties !== undefined) publishSize(publishOf(message, properties), 5);
  // A program that publishes within the call of its subscription gets its message routed after the current one has reached all
  // receivers. The same holds in any other function, and while another message of programs is in a long fan-out.
  const mustWait = core.isBusy || core.published.length > 0 || core.longFanOuts.isBusy("");
  if (mustWait) core.published.push({ ...message, payload: payload.slice() });
  else routeMessage(core, message, route, null);
}
