import { encodeText } from "../../codec/mod.ts";
import { keptPropertiesBytes, type Subscription } from "../../session/mod.ts";
import type { Client, Connection } from "../state/connection.ts";
import { type Core, mayRead } from "../core/core.ts";
import { deliverySteps, STEPS } from "../core/work.ts";
import { deliver } from "./deliver.ts";
import { drain, isBacklogged } from "./send.ts";
import type { ArenaMessage } from "../ground/payload_arena.ts";
import type { Target } from "../core/target.ts";

/** A slice: steps of the walk, messages, and bytes gathered, before others have their turn. */
const SLICE_STEPS = 5000;
const SLICE_MESSAGES = 1000;
const SLICE_BYTES = 64 * 1024;

/** The client has taken what it had before it: what waited for room goes on. */
export function sendMore(core: Core, connection: Connection): void {
  core.congestion.account(connection);
  if (connection.stops.has("output")) core.resume(connection, "output");
  const { client } = connection;
  if (connection.state !== "connected" || client === null) return;
  drain(core, client);
  if (client.retained.length > 0) pumpRetained(core, client);
}

/**
 * Delivers the next slice of the client's retained messages: as much as goes out at once. What is left goes on when the
 * client has taken that, so a large match stalls nobody and fills no queue, and nothing of it is dropped.
 */
export function pumpRetained(core: Core, client: Client): void {
  const { connection, session } = client;
  if (connection === null) return;
  for (let i = 0; i < SLICE_MESSAGES; i++) {
    const delivery = client.retained.first;
    if (delivery === undefined) return;
    // Bytes before the client: `drained` goes on. No room in flight: its acknowledgements do.
    if (connection.outbox.unsentBytes >= SLICE_BYTES || isBacklogged(core, connection)) return;
    if (session.queue.length > 0 || !session.sender.hasQuota) return;
    if (core.work.isPartOver) break;
    const walk = delivery.walk ??= core.retained.matches(delivery.topicFilter);
    const stepsBefore = walk.steps;
    const message = walk.next(SLICE_STEPS);
    core.work.spend((walk.steps - stepsBefore) * STEPS.node);
    if (message === undefined) {
      // A walk may pass a million topics and match none: it is cut as well.
      if (!walk.isDone) break;
      client.retained.shift();
      continue;
    }
    core.work.spend(deliverySteps(message.length + keptPropertiesBytes(message.properties)));
    deliverRetained(core, client, delivery.subscription, message);
  }
  if (client.retained.length > 0) core.pumping.add(client);
}

function deliverRetained(
  core: Core,
  client: Client,
  subscription: Subscription,
  kept: ArenaMessage,
): void {
  if (kept.expiresAtMs <= core.nowMs) return;
  if (!client.session.subscriptions.has(subscription.topicFilter)) return; // Unsubscribed in the meantime.
  if (!mayRead(core.ports.access, client, kept.topicName)) return;
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
  const { fanout } = core;
  // Who keeps it keeps a copy: where this one lies is for `retained` alone.
  const message = kept.toMessage();
  fanout.begin(message, encodeText(message.topicName), true, core.nowMs);
  deliver(core, target, message, fanout);
}
