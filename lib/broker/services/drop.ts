/**
 * All ways in which a message is not delivered. Each drop is counted, for the broker and for the client, and the first one of each kind is
 * logged with topic and publisher.
 *
 * | reason                 | when                                                                     | for whom   |
 * |------------------------|--------------------------------------------------------------------------|------------|
 * | `queue_full`           | the client's queue has no room, and `queue_full_policy` decides          | receiver   |
 * | `offline_qos0`         | QoS 0, and the client is disconnected: not logged, because it is normal  | receiver   |
 * | `slow_client`          | QoS 0, and the client has too many unread bytes                          | receiver   |
 * | `packet_too_large`     | above the client's Maximum Packet Size                                   | receiver   |
 * | `expired`              | it waited for longer than its Message Expiry Interval                    | receiver   |
 * | `expired`              | a retained message's time is over                                        | nobody     |
 * | `not_authorized`       | the client may not publish it, or its will                               | publisher  |
 * | `not_authorized`       | it waited, and the client may not read it any more                       | receiver   |
 * | `message_size_limit`   | above `message_size_limit`                                               | publisher  |
 * | `message_size_limit`   | a will above it: its client is refused                                   | nobody     |
 * | `retained_limit`       | no room to retain it; subscribers get it                                 | publisher  |
 * | `retain_not_available` | before 5.0: not retained; subscribers get it                             | publisher  |
 * | `reserved_topic`       | a client publishes, or leaves as its will, under `$SYS/`                 | publisher  |
 * | `no_share_member`      | no member of a shared subscription can take it                           | publisher  |
 * | `no_share_member`      | a member gives it back, and no other can take it                         | receiver   |
 * | `store_failing`        | QoS 1 or 2, and the store cannot be written                              | publisher  |
 * | `bridge_full`          | QoS 1 or 2, and a bridge that gets it has no room: its publisher is told | publisher  |
 * | `session_ended`        | it waited, or was not acknowledged, when the session ended               | receiver   |
 * | `session_ended`        | the same, when its client went to another node that does not have it     | receiver   |
 * | `encoding_failed`      | delivering it to this client failed: a fault of ours, logged with stack  | receiver   |
 * | `encoding_failed`      | publishing a will or a program's message failed: a fault of ours         | publisher  |
 * | `refused_by_client`    | PUBACK or PUBREC with a Reason Code of 0x80 or more                      | receiver   |
 * | `refused_by_hook`      | a hook of the program refuses its publication; also of a will            | publisher  |
 * | `refused_by_hook`      | a hook of the program refuses its delivery                               | receiver   |
 * | `not_a_topic_name`     | too deep, or with the listener's mount point too long or too deep        | publisher  |
 * | `not_a_topic_name`     | a delayed will whose topic is too deep for the present settings          | publisher  |
 *
 * Other cases are not drops, because there is no receiver: nobody subscribed, No Local, a client without the right to read (its
 * subscription delivers nothing), a subscription that ends while retained messages are being sent to it. Bytes written to a connection that
 * then ends are lost by the network, not by the broker: QoS 0 may be lost there; QoS 1 and 2 are sent again, or are counted as
 * `session_ended`.
 *
 * @module
 */
import type { Delivery, Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { DropReason } from "../ground/metrics.ts";
import type { Client } from "../state/connection.ts";
import { report } from "./faults.ts";

/** Counts a message that the client did not get, or that it published in vain; `null`: a program published it. */
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

/** Drops a delivery that failed because of an error in the broker: only this client loses this message, and the log has the stack. */
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
