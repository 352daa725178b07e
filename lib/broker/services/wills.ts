import type { Will } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { Client } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import type { DropReason } from "../ground/metrics.ts";
import { Deadline } from "../ground/deadlines.ts";
import { expiry, travelling } from "../ground/message_rules.ts";
import { drop } from "./drop.ts";
import { attempt, report } from "./faults.ts";
import { routeMessage } from "./route_message.ts";

/** The will is published when its delay has passed. */
export function delayWill(core: Core, client: Client, will: Will, dueAtMs: number): void {
  const deadline = new Deadline(() => publishDelayedWill(core, client));
  client.delayedWill = { will, deadline };
  core.wills.add(will);
  core.deadlines.set(deadline, dueAtMs);
  const { clientId } = client.session;
  attempt(core, "Cannot store a will that waits", { clientId }, () => {
    core.store?.putWill(clientId, { will, dueAtMs });
  });
}

/** The client is back in time: its will is not published. [MQTT-3.1.3-9] */
export function cancelDelayedWill(core: Core, client: Client): void {
  if (client.delayedWill === null) return;
  core.deadlines.clear(client.delayedWill.deadline);
  core.wills.remove(client.delayedWill.will);
  client.delayedWill = null;
  core.store?.deleteWill(client.session.clientId);
}

/** The will that waits is due. */
export function publishDelayedWill(core: Core, client: Client): void {
  if (client.delayedWill === null) return;
  const { will } = client.delayedWill;
  cancelDelayedWill(core, client);
  publishWill(core, client, will);
}

/** Publishes a will, if its client may publish it. */
export function publishWill(core: Core, client: Client, will: Will): void {
  try {
    askAndPublish(core, client, will);
  } catch (error) {
    const { clientId } = client.session;
    const { topicName } = will;
    report(core, "Cannot publish a will", { clientId, topicName }, error);
    dropWill(core, client, topicName, "encoding_failed");
  }
}

function askAndPublish(core: Core, client: Client, will: Will): void {
  const { topicName, payload, qos, retain, properties } = will;
  const { access } = core.ports;
  if (access.checksTopics && !client.isRestored) {
    const decision = access.mayPublish(client.identity, topicName, qos, retain);
    if (decision === "pending") {
      return access.decided?.(
        client.identity,
        () => core.inTurn(() => publishWill(core, client, will)),
      );
    }
    if (!decision) return dropWill(core, client, topicName, "not_authorized");
  }
  const route = core.router.route(topicName);
  if (route === undefined) return dropWill(core, client, topicName, "not_a_topic_name");
  const message: Message = {
    topicName,
    payload,
    qos,
    retain: retain && core.options.retainAvailable,
    properties: properties === undefined ? undefined : travelling(properties),
    expiresAtMs: expiry(core.nowMs, properties?.messageExpiryInterval),
    publisherId: client.session.clientId,
  };
  routeMessage(core, message, route, client);
}

/** A will that is not published, counted for the client whose it was. */
export function dropWill(core: Core, client: Client, topicName: string, reason: DropReason): void {
  drop(core, client, reason, { topicName, publisherId: client.session.clientId });
}
