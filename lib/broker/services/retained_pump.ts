import { encodeText } from "../../codec/mod.ts";
import { keptPropertiesBytes, type Publisher, type Subscription } from "../../session/mod.ts";
import type { Client, Connection } from "../state/connection.ts";
import { type Core, mayRead } from "../core/core.ts";
import { deliverySteps, STEPS } from "../core/work.ts";
import { deliver } from "./deliver.ts";
import { drain, isBacklogged } from "./send.ts";
import type { ArenaMessage } from "../ground/payload_arena.ts";
import type { ClientIdentity } from "../ground/ports.ts";
import type { RetainedApart, RetainedDelivery } from "../state/retained_deliveries.ts";
import type { Target } from "../core/target.ts";

/** The limits of a slice for one client: steps of the walk, messages, and buffered bytes. */
const SLICE_STEPS = 5000;
const SLICE_MESSAGES = 1000;
const SLICE_BYTES = 64 * 1024;
/** The most payloads that are read from the store at a time. */
const READ_MESSAGES = 64;

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
    const { apart } = delivery;
    if (apart !== undefined) {
      // The answer continues.
      if (apart.isReading) return;
      if (apart.read.length > 0) {
        deliverRead(core, client, delivery, apart);
        continue;
      }
      if (isWorthReading(apart)) return readApart(core, client, apart);
    }
    const walk = delivery.walk ??= core.retained.matches(delivery.topicFilter);
    const stepsBefore = walk.steps;
    const message = walk.next(Math.min(SLICE_STEPS, core.work.left));
    core.work.spend((walk.steps - stepsBefore) * STEPS.node);
    if (message === undefined) {
      // A walk may visit a million topics without a match, so it is interrupted too.
      if (!walk.isDone) break;
      if (apart !== undefined && apart.found.length > 0) return readApart(core, client, apart);
      retained.shift();
      continue;
    }
    deliverOrFind(core, client, delivery, message);
  }
  if (client.hasRetained) core.pumping.add(client);
}

/** Delivers the message, or notes it if its payload has to be read from the store first. */
function deliverOrFind(
  core: Core,
  client: Client,
  delivery: RetainedDelivery,
  message: ArenaMessage,
): void {
  if (!message.isApart) {
    core.work.spend(deliverySteps(message.length + keptPropertiesBytes(message.properties)));
    return deliverRetained(core, client, delivery.subscription, message);
  }
  if (!isWanted(core, client, delivery.subscription, message)) return;
  const apart = delivery.apart ??= { found: [], foundBytes: 0, isReading: false, read: [] };
  apart.found.push(message);
  apart.foundBytes += message.length;
}

/** Whether so many payloads are to be read that more would not make reading cheaper, but only take memory. */
function isWorthReading({ found, foundBytes }: RetainedApart): boolean {
  return found.length >= READ_MESSAGES || foundBytes >= SLICE_BYTES;
}

/** Reads the payloads of what was found. Other retained messages wait for it, so that there is one read at a time for a client. */
function readApart(core: Core, client: Client, apart: RetainedApart): void {
  const { found } = apart;
  apart.found = [];
  apart.foundBytes = 0;
  apart.isReading = true;
  let isLater = false;
  core.retained.readApart(found, (payloads) => {
    apart.isReading = false;
    apart.read = found.map((message, i) => ({ message, payload: payloads[i] })).reverse();
    const goOn = () => void core.pumping.add(client);
    if (isLater) core.inTurn(goOn);
    else goOn();
  });
  isLater = true;
}

/** Delivers the next message whose payload was read; if another one has taken its place meanwhile, that one. */
function deliverRead(
  core: Core,
  client: Client,
  delivery: RetainedDelivery,
  apart: RetainedApart,
): void {
  const { message, payload } = apart.read.pop()!;
  const current = core.retained.get(message.topicName);
  if (current === undefined) return;
  if (current !== message) return deliverOrFind(core, client, delivery, current);
  if (payload === undefined) return; // It is missing in the store, which was logged.
  core.work.spend(deliverySteps(message.length + keptPropertiesBytes(message.properties)));
  deliverRetained(core, client, delivery.subscription, message, payload);
}

/** Whether the client still wants the message and may have it. */
function isWanted(
  core: Core,
  client: Client,
  subscription: Subscription,
  kept: ArenaMessage,
): boolean {
  if (kept.expiresAtMs <= core.nowMs) return false;
  if (!client.session.subscriptions.has(subscription.topicFilter)) return false; // Unsubscribed in the meantime.
  return mayRead(core.ports.access, client, kept.topicName) && isStillAllowed(core, kept);
}

function deliverRetained(
  core: Core,
  client: Client,
  subscription: Subscription,
  kept: ArenaMessage,
  payload = kept.payload,
): void {
  if (!isWanted(core, client, subscription, kept)) return;
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
  const message = kept.toMessage(payload);
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
