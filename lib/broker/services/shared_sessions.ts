/**
 * Sessions that all nodes of a cluster know. Each belongs to the node that its client is at, or was at last; the others keep a copy: a
 * session without a connection, into whose queue the log's messages go as into any other's. The node that it belongs to says by the log what
 * it has of subscriptions, what is in flight with QoS 2, and what is done with.
 *
 * @module
 */
import type { Delivery, Subscription } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { keepMessage } from "../ground/fanout.ts";
import type { StoredWill } from "../ground/ports.ts";
import type {
  SessionChange,
  SharedDone,
  SharedInFlight,
  SharedSent,
  SharedSession,
} from "../ground/shared_session.ts";
import { Client } from "../state/connection.ts";
import { SessionCopy } from "../state/session_copy.ts";
import { endSession, GRACE_MS, startExpiry } from "./lifecycle.ts";
import { takeQueued } from "./queue.ts";
import { readAhead } from "./queue_tail.ts";
import { passOnAll } from "./share_moves.ts";
import { endSubscription, keepSubscription } from "./subscriptions.ts";
import { endWaiting } from "./session_flights.ts";
import {
  freeFlight,
  makeFree,
  replaceStandIn,
  reserveFlight,
  standsForLogged,
} from "./unlogged_flights.ts";

/**
 * Applies what the log says of a session. `isHere`: it belongs to this node, of which an earlier process has said it. `false`: a message
 * is still on its way to many receivers; it comes again.
 */
export function applySession(core: Core, change: SessionChange, isHere: boolean): boolean {
  if (core.longFanOuts.jobs.length > 0) return false;
  const client = core.clients.get(change.clientId);
  // Who is connected here says by itself how it stands.
  if (client !== undefined && client.connection !== null) return true;
  if (change.kind === "session") putSession(core, client, change, isHere);
  else if (client !== undefined) changeCopy(core, client, change);
  return true;
}

function changeCopy(
  core: Core,
  client: Client,
  change: Exclude<SessionChange, SharedSession>,
): void {
  const { session } = client;
  switch (change.kind) {
    case "ended":
      return forgetSession(core, client);
    case "subscribed":
      return subscribe(core, client, change.subscription);
    case "unsubscribed":
      return unsubscribe(core, client, change.topicFilter);
    case "done":
      return applyDone(core, client, change);
    case "inFlight":
      return applyInFlight(core, client, change);
    case "sent":
      return applySent(core, client, change);
    case "reserved":
      return reserveFlight(core, client, change.packetId, 0);
    case "freed":
      return freeFlight(core, client, change.packetId);
    case "released":
      core.store?.deleteReceived(session.clientId, change.packetId);
      return void session.receiver.release(change.packetId);
    case "will":
      putCopyWill(core, client, change.will);
  }
}

/** The will is kept until its client is back, or its node is dead. */
export function putCopyWill(core: Core, client: Client, will: StoredWill | undefined): void {
  const copy = client.copy ??= new SessionCopy(false);
  const { clientId } = client.session;
  if (will !== undefined) core.store?.putWill(clientId, will);
  else if (copy.will !== undefined) core.store?.deleteWill(clientId);
  copy.will = will;
  copy.isWillOwed = false;
}

function putSession(
  core: Core,
  found: Client | undefined,
  change: SharedSession,
  isHere: boolean,
): void {
  const { clientId, expirySeconds, expiresAtMs, owner, subscriptions } = change;
  const client = found ?? newCopy(core, clientId, !isHere);
  client.copy ??= new SessionCopy(!isHere);
  const { session } = client;
  session.expirySeconds = expirySeconds;
  client.owner = owner;
  core.store?.putSession(clientId, expirySeconds, expiresAtMs, owner);
  // The client is in: its node has published what was due before.
  if (client.copy.isWillOwed && expiresAtMs === Infinity) putCopyWill(core, client, undefined);
  if (subscriptions !== undefined) {
    const wanted = new Set(subscriptions.map(({ topicFilter }) => topicFilter));
    for (const topicFilter of [...session.subscriptions.keys()]) {
      if (!wanted.has(topicFilter)) unsubscribe(core, client, topicFilter);
    }
    for (const subscription of subscriptions) subscribe(core, client, subscription);
  }
  keepUntil(core, client, expiresAtMs);
}

function newCopy(core: Core, clientId: string, isElsewhere: boolean): Client {
  const client = Client.restored(clientId);
  client.copy = new SessionCopy(isElsewhere);
  core.addClient(client);
  return client;
}

/** The session ends at this time. */
export function keepUntil(core: Core, client: Client, expiresAtMs: number): void {
  const { copy } = client;
  if (client.expiry !== null) core.deadlines.clear(client.expiry);
  if (copy !== null) copy.endsAtMs = expiresAtMs;
  startExpiry(core, client, expiresAtMs + (copy?.isElsewhere === true ? GRACE_MS : 0));
}

function subscribe(core: Core, client: Client, subscription: Subscription): void {
  core.router.subscribe(client, subscription);
  core.store?.putSubscription(client.session.clientId, subscription);
  keepSubscription(core, client, subscription);
}

/** A copy has nothing that could move to other members of a shared subscription: that is known to its node alone. */
function unsubscribe(core: Core, client: Client, topicFilter: string): void {
  endSubscription(core, client, topicFilter, false);
}

/**
 * Ends a session of which this node has a copy: what waits in it is no loss, the client has it or does not want it. Of shared subscriptions it has
 * something where it was this node's own when its earlier process ended.
 */
export function forgetSession(core: Core, client: Client): void {
  if (client.copy?.isElsewhere === true) {
    passOnAll(core, client, false);
    takeQueued(core, client, () => true);
    for (const inFlight of [...client.session.sender.values()]) {
      client.session.sender.discard(inFlight);
    }
  }
  endSession(core, client);
}

function applyDone(core: Core, client: Client, { floor, above }: SharedDone): void {
  const copy = client.copy ??= new SessionCopy(false);
  copy.floor = Math.max(copy.floor, floor);
  for (const logId of above) copy.above.add(logId);
  for (const logId of copy.flights.keys()) if (copy.isDoneAt(logId)) copy.flights.delete(logId);
  settleHeld(core, client, copy);
  const { session: { queue, clientId, expirySeconds }, owner } = client;
  if (queue.tail === undefined) {
    copy.above.clear();
    core.cluster?.keepDone(clientId, "");
  } else {
    for (const logId of copy.above) if (logId < copy.floor) copy.above.delete(logId);
    // A part of the queue is in the store alone: whoever reads it, after a restart perhaps, has to know.
    core.cluster?.keepDone(clientId, copy.doneText);
    core.store?.putSession(clientId, expirySeconds, copy.endsAtMs, owner);
    if (queue.heldLength === 0) readAhead(core, client);
  }
  endWaiting(core, client, copy);
}

/** Settles what is in memory, and does not wait any more by the log: the client has it, or it is in flight. */
export function settleHeld(core: Core, client: Client, copy: SessionCopy): void {
  const { queue, sender } = client.session;
  for (const inFlight of [...sender.values()]) {
    if (!copy.isDone(inFlight.delivery)) continue;
    sender.discard(inFlight);
    remove(core, client, inFlight.delivery);
  }
  for (;;) {
    // What was delivered is at the beginning, as a rule.
    const [first] = queue;
    if (queue.heldLength === 0 || first === undefined || !copy.isDone(first)) break;
    takeFirst(core, client);
    remove(core, client, first);
  }
  if (copy.above.size === 0 && copy.flights.size === 0 || queue.heldLength === 0) return;
  for (const delivery of takeQueued(core, client, (one) => copy.isDone(one))) {
    remove(core, client, delivery);
  }
  if (copy.flights.size === 0) return;
  const isInFlight = ({ message: { logId = 0 } }: Delivery) => copy.flights.has(logId);
  for (const delivery of takeQueued(core, client, isInFlight)) {
    replaceStandIn(core, client, delivery);
  }
}

function takeFirst(core: Core, { session: { queue } }: Client): void {
  core.queues.remove(queue.shift()!, true);
}

function remove(core: Core, { session: { clientId } }: Client, delivery: Delivery): void {
  if (delivery.sequence > 0) core.store?.deleteDelivery(clientId, delivery);
}

function applyInFlight(core: Core, client: Client, change: SharedInFlight): void {
  const { logId, packetId, state } = change;
  const { sender, clientId } = client.session;
  const known = sender.find(packetId);
  if (known?.delivery.message.logId === logId) {
    if (state === "released") sender.pubrec(packetId, false);
    core.store?.putInFlight(clientId, known.delivery.sequence, packetId, state, known.delivery);
    return;
  }
  const delivery = takeForFlight(core, client, logId);
  if (delivery === undefined) {
    const { tail, heldLength } = client.session.queue;
    if (tail === undefined) return reserveFlight(core, client, packetId, logId);
    reserveFlight(core, client, packetId, logId, state);
    client.copy ??= new SessionCopy(false);
    client.copy.flights.set(logId, packetId);
    if (heldLength === 0) readAhead(core, client);
    return;
  }
  freeFlight(core, client, packetId);
  if (sender.find(packetId) !== undefined) makeFree(core, client, packetId);
  if (standsForLogged(delivery)) client.copy?.flights.set(logId, packetId);
  sender.restore(packetId, delivery, state);
  core.store?.putInFlight(clientId, delivery.sequence, packetId, state, delivery);
}

function applySent(core: Core, client: Client, change: SharedSent): void {
  const { packetId, share, logId, message } = change;
  const { sender, clientId, subscriptions } = client.session;
  const known = sender.find(packetId);
  if (known?.delivery.share === share && known.delivery.message.logId === logId) return;
  if (message === undefined) return reserveFlight(core, client, packetId, 0);
  freeFlight(core, client, packetId);
  if (sender.find(packetId) !== undefined) makeFree(core, client, packetId);
  const { retainAsPublished = false, subscriptionIdentifier = 0 } = subscriptions.get(share) ?? {};
  const delivery: Delivery = {
    message: keepMessage(message),
    qos: 2,
    retain: retainAsPublished && message.retain,
    subscriptionIdentifiers: subscriptionIdentifier === 0 ? undefined : [subscriptionIdentifier],
    share,
    sequence: core.nextSequence++,
  };
  core.store?.putDelivery(clientId, delivery);
  core.store?.putInFlight(clientId, delivery.sequence, packetId, "published", delivery);
  sender.restore(packetId, delivery, "published");
}

/** Takes the delivery out of the queue, or from under another Packet Identifier. */
function takeForFlight(core: Core, client: Client, logId: number): Delivery | undefined {
  const { queue, sender } = client.session;
  const [first] = queue;
  if (queue.heldLength > 0 && first?.message.logId === logId) {
    takeFirst(core, client);
    return first;
  }
  const inFlight = [...sender.values()].find(({ delivery }) => delivery.message.logId === logId);
  if (inFlight !== undefined) {
    sender.discard(inFlight);
    return inFlight.delivery;
  }
  let isTaken = false;
  const isIt = ({ message }: Delivery) => !isTaken && (isTaken = message.logId === logId);
  return takeQueued(core, client, isIt)[0];
}
