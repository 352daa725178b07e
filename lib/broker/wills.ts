import type { Will } from "../codec/mod.ts";
import type { Message } from "../session/mod.ts";
import type { Broker } from "./broker.ts";
import type { Client } from "./client.ts";
import { Deadline } from "./deadlines.ts";
import { expiry, publishMessage, travelling } from "./publish.ts";

/** The will is published when its delay has passed. */
export function delayWill(broker: Broker, client: Client, will: Will, dueAtMs: number): void {
  const deadline = new Deadline(() => publishDelayedWill(broker, client));
  client.delayedWill = { will, deadline };
  broker.store?.putWill(client.session.clientId, { will, dueAtMs });
  broker.deadlines.set(deadline, dueAtMs);
}

/** The client is back in time: its will is not published. [MQTT-3.1.3-9] */
export function cancelDelayedWill(broker: Broker, client: Client): void {
  if (client.delayedWill === null) return;
  broker.deadlines.clear(client.delayedWill.deadline);
  client.delayedWill = null;
  broker.store?.deleteWill(client.session.clientId);
}

/** The will that waits is due. */
export function publishDelayedWill(broker: Broker, client: Client): void {
  if (client.delayedWill === null) return;
  const { will } = client.delayedWill;
  cancelDelayedWill(broker, client);
  publishWill(broker, client, will);
}

/** Publishes a will, if its client may publish it. */
export function publishWill(broker: Broker, client: Client, will: Will): void {
  const { topicName, payload, qos, retain, properties } = will;
  const { access } = broker.ports;
  if (access.checksTopics && !client.isRestored) {
    const decision = access.mayPublish(client.identity, topicName, qos, retain);
    if (decision === "pending") {
      return access.decided?.(client.identity, () => {
        broker.beginTurn();
        publishWill(broker, client, will);
        broker.endTurn();
      });
    }
    if (!decision) return broker.metrics.drop("not_authorized");
  }
  const route = broker.router.route(topicName);
  if (route === undefined) return;
  const message: Message = {
    topicName,
    payload,
    qos,
    retain: retain && broker.options.retainAvailable,
    properties: properties === undefined ? undefined : travelling(properties),
    expiresAtMs: expiry(broker, properties?.messageExpiryInterval),
    publisherId: client.session.clientId,
  };
  publishMessage(broker, message, route, client);
}
