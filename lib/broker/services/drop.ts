/**
 * Every way in which a message ends without its receiver. Each drop is counted, for the broker and for the client, and the first of
 * a kind is logged with topic and publisher.
 *
 * | reason                 | when                                                                     | for whom   |
 * |------------------------|--------------------------------------------------------------------------|------------|
 * | `queue_full`           | the client's queue has no room, and `queue_full_policy` decides          | receiver   |
 * | `offline_qos0`         | QoS 0, and the client is away: not logged, since that is what QoS 0 is   | receiver   |
 * | `slow_client`          | QoS 0, and the client has not taken what is before it                    | receiver   |
 * | `packet_too_large`     | above the client's Maximum Packet Size                                   | receiver   |
 * | `expired`              | it waited for longer than its Message Expiry Interval                    | receiver   |
 * | `expired`              | a retained message's time is over                                        | nobody     |
 * | `not_authorized`       | the client may not publish it, or its will                               | publisher  |
 * | `not_authorized`       | it waited, and the client may not read it any more                       | receiver   |
 * | `message_size_limit`   | above `message_size_limit`                                               | publisher  |
 * | `message_size_limit`   | a will above it: its client does not come in                             | nobody     |
 * | `retained_limit`       | no room to retain it; those who are subscribed get it                    | publisher  |
 * | `retain_not_available` | before 5.0: not retained; those who are subscribed get it                | publisher  |
 * | `reserved_topic`       | a client publishes, or leaves as its will, under `$SYS/`                 | publisher  |
 * | `no_share_member`      | no member of a shared subscription can take it                           | publisher  |
 * | `no_share_member`      | a member gives it back, and no other can take it                         | receiver   |
 * | `store_failing`        | QoS 1 or 2, and the store cannot be written                              | publisher  |
 * | `bridge_full`          | QoS 1 or 2, and a bridge that gets it has no room: its publisher is told | publisher  |
 * | `session_ended`        | it waited, or was not acknowledged, when the session ended               | receiver   |
 * | `encoding_failed`      | it cannot be handed to this client: a fault of ours, logged with stack | receiver   |
 * | `encoding_failed`      | a will, or a program's message, cannot be published for a fault of ours  | publisher  |
 * | `refused_by_client`    | PUBACK or PUBREC with a Reason Code of 0x80 or more                      | receiver   |
 * | `refused_by_hook`      | a hook of the program does not let it be published; a will as well       | publisher  |
 * | `refused_by_hook`      | a hook of the program does not let it be delivered                       | receiver   |
 * | `not_a_topic_name`     | too deep, or with the listener's mount point too long or too deep        | publisher  |
 * | `not_a_topic_name`     | a will that waited, and its topic is too deep for the settings of today  | publisher  |
 *
 * A case that is not in the table has no receiver: nobody subscribed, No Local, a client without the right to read (its
 * subscription delivers nothing), a subscription that ends while retained messages are on their way to it. And bytes that were
 * written to a connection that ended are lost by the network, not by the broker: QoS 0 may be lost there, QoS 1 and 2 are sent
 * again, or are `session_ended`.
 *
 * @module
 */
import type { Delivery, Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { DropReason } from "../ground/metrics.ts";
import type { Client } from "../state/connection.ts";
import { report } from "./faults.ts";

/** Counts a message that the client did not get, or that it published and nobody gets; `null`: a program published it. */
export function drop(
  core: Core,
  client: Client | null,
  reason: DropReason,
  { topicName, publisherId }: Pick<Message, "topicName" | "publisherId">,
): void {
  core.metrics.countDrop(reason);
  core.observers?.tell("dropped", client, reason, { topicName, publisherId });
  if (client === null) return;
  const count = client.session.countDrop(reason);
  const { log } = core.ports;
  const isFirst = count === 1 && reason !== "offline_qos0";
  if (!isFirst && !log.debugOn) return;
  const { clientId } = client.session;
  const fields = { clientId, reason, topicName, publisherId };
  // The first drop of a kind is a warning. Further ones are in the counters and, for debugging, one log line each.
  if (isFirst) log.warning("Message dropped", fields);
  else log.debug("Message dropped", fields);
}

/** Drops a delivery that is queued or in flight for the client: it is deleted from the store too. */
export function dropDelivery(
  core: Core,
  client: Client,
  delivery: Delivery,
  reason: DropReason,
): void {
  if (delivery.sequence > 0) core.store?.deleteDelivery(client.session.clientId, delivery);
  drop(core, client, reason, delivery.message);
}

/** Drops all deliveries that wait in the store alone, without reading them. */
export function dropTail(core: Core, client: Client, reason: DropReason): void {
  const counts = client.session.queue.forgetTail();
  const { messages } = counts;
  if (messages === 0) return;
  core.queues.addTail(counts, -1);
  core.metrics.countDrop(reason, messages);
  if (client.session.countDrop(reason, messages) > messages) return;
  const { clientId } = client.session;
  core.ports.log.warning("Messages dropped", { clientId, reason, messages });
}

/** Drops a delivery that failed because of a fault in the broker: this client loses this message, and the log has the stack. */
export function dropFailed(
  core: Core,
  client: Client,
  message: Pick<Message, "topicName" | "publisherId">,
  error: unknown,
): void {
  const { clientId } = client.session;
  const { topicName } = message;
  report(core, "Cannot deliver a message to a client", { clientId, topicName }, error);
  drop(core, client, "encoding_failed", message);
}
