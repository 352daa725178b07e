import { encodeText } from "../../codec/mod.ts";
import { keptPropertiesBytes, type Publisher, type Subscription } from "../../session/mod.ts";
import type { Client, Connection } from "../state/connection.ts";
import { type Core, mayRead } from "../core/core.ts";
import { deliverySteps, STEPS } from "../core/work.ts";
import { deliver } from "./deliver.ts";
import { drain, isBacklogged } from "./send.ts";
import type { ArenaMessage } from "../ground/payload_arena.ts";
import type { ClientIdentity } from "../ground/ports.ts";
import type { Target } from "../core/target.ts";

/** The limits of a slice for one client: steps of the walk, messages, and buffered bytes. */
const SLICE_STEPS = 5000;
const SLICE_MESSAGES = 1000;
const SLICE_BYTES = 64 * 1024;

/** The client has read what was buffered for it: sends what waited for room. */
export function sendMore(core: Core, connection: Connection): void {
  core.congestion.account(connection);
  if (connection.isStoppedFor("output")) core.resume(connection, "output");
  const { client } = connection;
  if (connection.state !== "connected" || client === null) return;
  drain(core, client);
  if (client.hasRetained) pumpRetained(core, client);
}

/**
 * Delivers the next slice of the client's retained messages: as many as can be sent at once. The rest follows when the client has read
 * these, so that many matches stall nobody, fill no queue, and lose no message.
 */
export function pumpRetained(core: Core, client: Client): void {
  const { connection, session, retained } = client;
  if (connection === null || retained === null) return;
  for (let i = 0; i < SLICE_MESSAGES; i++) {
    const delivery = retained.first;
    if (delivery === undefined) return;
    // With unread bytes, `drained` continues later. Without room in flight, the client's acknowledgements do.
    if (connection.outbox.unsentBytes >= SLICE_BYTES || isBacklogged(core, connection)) return;
    if (session.queue.length > 0 || !session.sender.hasQuota) return;
    if (core.work.isPartOver) break;
    const walk = delivery.walk ??= core.retained.matches(delivery.topicFilter);
    const stepsBefore = walk.steps;
    const message = walk.next(Math.min(SLICE_STEPS, core.work.left));
    core.work.spend((walk.steps - stepsBefore) * STEPS.node);
    if (message === undefined) {
      // A walk may visit a million topics without a match, so it is interrupted too.
      if (!walk.isDone) break;
      retained.shift();
      continue;
    }
    core.work.spend(deliverySteps(message.length + keptPropertiesBytes(message.properties)));
    deliverRetained(core, client, delivery.subscription, message);
  }
  if (client.hasRetained) core.pumping.add(client);
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
  if (!isStillAllowed(core, kept)) return;
  const { qos, subscriptionIdentifier } = subscription;
  const target: Target = {
    client,
    qos,
    // Messages retained before the subscription are sent with RETAIN set, whatever Retain As Published says. [MQTT-3.3.1-8]
    retainAsPublished: true,
    subscriptionIdentifiers: subscriptionIdentifier === 0 ? undefined : [subscriptionIdentifier],
    share: undefined,
  };
  // The shared fan-out is free, because nothing is routed while a slice is delivered.
  const { fanout } = core;
  // A receiver that keeps the message keeps a copy: only `retained` may refer to memory of the arena.
  const message = kept.toMessage();
  fanout.begin(message, encodeText(message.topicName), true, core.nowMs);
  deliver(core, target, message, fanout);
}

/**
 * Whether the message's publisher may still publish it. Otherwise the message is kept but not delivered, and is delivered again when the
 * right returns, as in mosquitto.
 */
function isStillAllowed(core: Core, kept: ArenaMessage): boolean {
  const { options, ports: { access }, work } = core;
  const { publisher, topicName } = kept;
  if (!options.checkRetainSource || !access.checksTopics || publisher === undefined) return true;
  if (access.mayStillPublish === undefined) return true;
  work.spend(STEPS.check * (access.stepsPerCheck ?? 1));
  return access.mayStillPublish(publisher, topicName, identityOf(core, publisher));
}

/** The identity of the client that has the publisher's names now. */
function identityOf(core: Core, publisher: Publisher): ClientIdentity | undefined {
  const identity = core.clients.get(publisher.clientId)?.identity;
  const { userName, listener } = publisher;
  return identity?.userName === userName && identity?.listener === listener ? identity : undefined;
}
