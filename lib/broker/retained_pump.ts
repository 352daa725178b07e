import type { Client } from "./client.ts";
import { deliver, isBacklogged } from "./deliver.ts";
import type { Broker } from "./broker.ts";
import type { ArenaMessage } from "./payload_arena.ts";
import type { Target } from "./router.ts";
import { encodeText } from "../codec/mod.ts";

/** A slice: steps of the walk, messages, and bytes gathered, before others have their turn. */
const SLICE_STEPS = 5000;
const SLICE_MESSAGES = 1000;
const SLICE_BYTES = 64 * 1024;

/**
 * Delivers the next slice of the client's retained messages: as much as goes out at once. What is left goes on when the
 * client has taken that, so a large match stalls nobody and fills no queue, and nothing of it is dropped.
 */
export function pumpRetained(client: Client): void {
  const { connection, session } = client;
  if (connection === null) return;
  const { broker } = connection;
  for (let i = 0; i < SLICE_MESSAGES; i++) {
    const delivery = client.retained[0];
    if (delivery === undefined) return;
    // Bytes before the client: `drained` goes on. No room in flight: its acknowledgements do.
    if (connection.unsentBytes >= SLICE_BYTES || isBacklogged(connection)) return;
    if (session.queue.length > 0 || !session.sender.hasQuota) return;
    const message = delivery.walk.next(SLICE_STEPS);
    if (message === undefined) {
      // A walk may pass a million topics and match none: it is cut as well.
      if (!delivery.walk.isDone) break;
      client.retained.shift();
      continue;
    }
    deliverRetained(broker, client, delivery.topicFilter, message);
  }
  if (client.retained.length > 0) broker.markPumping(client);
}

function deliverRetained(
  broker: Broker,
  client: Client,
  topicFilter: string,
  kept: ArenaMessage,
): void {
  if (kept.expiresAtMs <= broker.nowMs) return;
  const subscription = client.session.subscriptions.get(topicFilter);
  if (subscription === undefined) return; // Unsubscribed in the meantime.
  const { access } = broker.ports;
  if (access.checksTopics && !access.mayRead(client.identity, kept.topicName)) return;
  const { qos, subscriptionIdentifier } = subscription;
  const target: Target = {
    client,
    qos,
    // What was retained before the subscription comes with RETAIN set, whatever it asked for. [MQTT-3.3.1-8]
    retainAsPublished: true,
    subscriptionIdentifiers: subscriptionIdentifier === 0 ? undefined : [subscriptionIdentifier],
    share: undefined,
  };
  // Free: nothing is routed while a slice is delivered.
  const { fanout } = broker;
  // Who keeps it keeps a copy: where this one lies is for `retained` alone.
  const message = kept.toMessage();
  fanout.begin(message, encodeText(message.topicName), true, broker.nowMs);
  deliver(broker, target, message, fanout);
}
