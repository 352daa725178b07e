import {
  contentSizeBytes,
  keptPropertiesBytes,
  type Publisher,
  type StoredRetained,
  type Subscription,
} from "../../session/mod.ts";
import { ApartName, type RetainedWalk } from "../../topic/mod.ts";
import type { Client, Connection } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import type { KeptRetained } from "../core/retained.ts";
import { deliverySteps, STEPS } from "../core/work.ts";
import { deliver } from "./deliver.ts";
import { drain, isBacklogged } from "./send.ts";
import { ArenaMessage } from "../ground/payload_arena.ts";
import type { ClientIdentity } from "../ground/ports.ts";
import type {
  RetainedApart,
  RetainedDelivery,
  RetainedRead,
} from "../state/retained_deliveries.ts";
import type { Target } from "../core/target.ts";

/** The limits of a slice for one client: steps of the walk, messages, and buffered bytes. */
const SLICE_STEPS = 5000;
const SLICE_MESSAGES = 1000;
const SLICE_BYTES = 64 * 1024;
/** The most that is read from the store at a time, in messages and bytes. */
const READ_MESSAGES = 512;
const READ_BYTES = 64 * 1024;
const NOTHING_READ: RetainedRead = { kept: [], messages: [], next: 0 };

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
    if (apart !== undefined && !pumpApart(core, client, delivery, apart)) continue;
    // What is read next is looked for meanwhile. Then the answer continues.
    if (apart?.isReading === true && (isWorthReading(apart) || delivery.walk!.isDone)) return;
    const walk = delivery.walk ??= core.retained.matches(delivery.subscription.topicFilter);
    const kept = walkOn(core, walk);
    if (kept !== undefined) deliverOrFind(core, client, delivery, kept);
    // A walk may visit a million topics without a match, so it is interrupted too.
    else if (!walk.isDone) break;
    else if (apart === undefined || isEmpty(apart)) retained.shift();
  }
  if (client.hasRetained) core.pumping.add(client);
}

/** Goes on with the walk to the next message, within what is left of the turn. */
function walkOn(core: Core, walk: RetainedWalk<ArenaMessage>): KeptRetained | undefined {
  const stepsBefore = walk.steps;
  const kept = walk.next(Math.min(SLICE_STEPS, core.work.left));
  core.work.spend((walk.steps - stepsBefore) * STEPS.node);
  return kept;
}

/**
 * Delivers the next message that was read. Before that, the next ones are looked for, so that they are read meanwhile. Returns true if the
 * caller is to look for one.
 */
function pumpApart(
  core: Core,
  client: Client,
  delivery: RetainedDelivery,
  apart: RetainedApart,
): boolean {
  if (!apart.isReading && !hasMore(apart.ahead)) {
    const isOver = delivery.walk?.isDone === true;
    if (isWorthReading(apart) || isOver && apart.found.length > 0) readApart(core, client, apart);
    else if (!isOver) return true;
  }
  if (!hasMore(apart.read)) {
    apart.read = apart.ahead;
    apart.ahead = NOTHING_READ;
  }
  if (!hasMore(apart.read)) return true;
  deliverRead(core, client, delivery, apart);
  return false;
}

/** Delivers the message, or notes it if it has to be read from the store first. */
function deliverOrFind(
  core: Core,
  client: Client,
  delivery: RetainedDelivery,
  kept: KeptRetained,
): void {
  const { subscription } = delivery;
  const isHere = kept instanceof ArenaMessage;
  if (isHere) kept.wasUsed = true;
  if (isHere && !kept.isApart) {
    core.work.spend(deliverySteps(kept.length + keptPropertiesBytes(kept.properties)));
    return deliverRetained(core, client, subscription, kept);
  }
  if (!isWanted(core, client, subscription, kept)) return;
  const apart = delivery.apart ??= noneApart();
  apart.found.push(kept);
  apart.foundBytes += isHere ? kept.length : kept.sizeBytes;
}

function isEmpty({ found, isReading, ahead, read }: RetainedApart): boolean {
  return found.length === 0 && !isReading && !hasMore(ahead) && !hasMore(read);
}

function hasMore({ kept, next }: RetainedRead): boolean {
  return next < kept.length;
}

function noneApart(): RetainedApart {
  return { found: [], foundBytes: 0, isReading: false, ahead: NOTHING_READ, read: NOTHING_READ };
}

/** Whether so many messages are to be read that more would not make reading cheaper, but only take memory. */
function isWorthReading({ found, foundBytes }: RetainedApart): boolean {
  return found.length >= READ_MESSAGES || foundBytes >= READ_BYTES;
}

/** Reads what was found. There is one read at a time for a client. */
function readApart(core: Core, client: Client, apart: RetainedApart): void {
  const { found } = apart;
  apart.found = [];
  apart.foundBytes = 0;
  apart.isReading = true;
  let isLater = false;
  core.retained.readApart(found, (messages) => {
    apart.isReading = false;
    apart.ahead = { kept: found, messages, next: 0 };
    const goOn = () => void core.pumping.add(client);
    if (isLater) core.inTurn(goOn);
    else goOn();
  });
  isLater = true;
}

/** Delivers the next message that was read; if another one has taken its place meanwhile, that one. */
function deliverRead(
  core: Core,
  client: Client,
  delivery: RetainedDelivery,
  apart: RetainedApart,
): void {
  const { read } = apart;
  const kept = read.kept[read.next]!;
  const message = read.messages[read.next++];
  if (!core.retained.isCurrent(kept)) {
    const current = core.retained.get(kept.topicName);
    if (current !== undefined) deliverOrFind(core, client, delivery, current);
    return;
  }
  if (message === undefined) return; // It is missing in the store, which was logged.
  core.work.spend(deliverySteps(readSizeBytes(message)));
  deliverRetained(core, client, delivery.subscription, message);
}

/** Bytes of its content. */
function readSizeBytes(message: StoredRetained): number {
  const { plain } = message;
  return plain === undefined ? contentSizeBytes(message) : plain.end - plain.nameAt;
}

/** Whether the client still wants the message and may have it. */
function isWanted(
  core: Core,
  client: Client,
  subscription: Subscription,
  kept: Pick<StoredRetained, "topicName" | "publisher"> | ApartName,
): boolean {
  if (!client.session.subscriptions.has(subscription.topicFilter)) return false; // Unsubscribed in the meantime.
  if (!core.mayRead(client, kept.topicName)) return false;
  return kept instanceof ApartName || isStillAllowed(core, kept);
}

function deliverRetained(
  core: Core,
  client: Client,
  subscription: Subscription,
  kept: ArenaMessage | StoredRetained,
): void {
  if (kept.expiresAtMs <= core.nowMs || !isWanted(core, client, subscription, kept)) return;
  if (!(kept instanceof ArenaMessage) && sendsAsStored(core, client, subscription, kept)) return;
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
  const message = kept instanceof ArenaMessage ? kept.toMessage() : kept;
  fanout.begin(message, undefined, true, core.nowMs);
  deliver(core, target, message, fanout);
}

/**
 * Sends a message without properties at QoS 0 to a client that needs nothing else, without decoding it; `false`: it needs `deliver`, which
 * does the same in that case.
 */
function sendsAsStored(
  core: Core,
  client: Client,
  subscription: Subscription,
  { plain, qos }: StoredRetained,
): boolean {
  const { connection, session } = client;
  if (plain === undefined || connection === null || client.isEnded) return false;
  const isQos0 = subscription.qos === 0 || qos === 0 && !core.options.upgradeOutgoingQos;
  if (!isQos0 || subscription.subscriptionIdentifier !== 0) return false;
  if (core.hooks.onDeliver !== undefined || session.queue.qos0Length > 0) return false;
  return !isBacklogged(core, connection) && connection.outbox.sendPlainRetained(plain);
}

/**
 * Whether the message's publisher may still publish it. Otherwise the message is kept but not delivered, and is delivered again when the
 * right returns, as in mosquitto.
 */
function isStillAllowed(
  core: Core,
  kept: Pick<StoredRetained, "topicName" | "publisher">,
): boolean {
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
