import type { Delivery } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { AppliedClaim } from "../ground/shared_session.ts";
import type { Client } from "../state/connection.ts";
import { SessionCopy } from "../state/session_copy.ts";
import { dropDelivery } from "./drop.ts";
import { disconnect, startExpiry } from "./lifecycle.ts";
import { takeQueued } from "./queue.ts";
import { passOnAll } from "./share_moves.ts";
import { forgetSession, keepUntil, putCopyWill } from "./shared_sessions.ts";
import { readAhead } from "./queue_tail.ts";
import { endWaiting } from "./session_flights.ts";
import { releaseFlights } from "./unlogged_flights.ts";
import {
  dueWill,
  leaveCopyWill,
  leaveWill,
  resumeWill,
  suspendDelayedWill,
} from "./will_copies.ts";
import { cancelDelayedWill, publishOwnWill } from "./wills.ts";
import { ReasonCode, type Will } from "../../codec/mod.ts";

/**
 * The log has come to a client's arrival at a node, this one or another: its session belongs to that node. [MQTT-3.1.4-3] Returns a will that
 * is due, and that an earlier process of this node has published if the log says so behind this.
 */
export function applyClaim(core: Core, claim: AppliedClaim): Will | undefined {
  const client = core.clients.get(claim.clientId);
  if (client === undefined) return undefined;
  if (claim.isHere) return arrive(core, client, claim);
  applyMove(core, client, claim);
  return undefined;
}

function arrive(core: Core, client: Client, claim: AppliedClaim): Will | undefined {
  const { endsSession, isEarlier = false } = claim;
  // Both waited for the log, and the one before has come in meanwhile: its session ends, so it must not go on with that.
  if (endsSession) endTakenOver(core, client, "Session taken over");
  if (core.clients.get(claim.clientId) !== client) return undefined;
  const due = dueWill(client, endsSession);
  if (due !== undefined && !isEarlier) {
    putCopyWill(core, client, undefined);
    publishOwnWill(core, client, due);
  }
  if (endsSession) forgetSession(core, client);
  else if (isEarlier) stay(core, client);
  else comeHere(core, client);
  return isEarlier && endsSession ? due : undefined;
}

function applyMove(core: Core, client: Client, claim: AppliedClaim): void {
  const { connection } = client;
  if (connection !== null) leaveWill(core, client, connection, claim.endsSession);
  endTakenOver(core, client, "Session taken over by a connection to another node");
  // A session may end with its connection.
  if (core.clients.get(claim.clientId) !== client) return;
  if (claim.isInherited !== true) {
    cancelDelayedWill(core, client);
    leaveCopyWill(core, client, claim.endsSession);
  }
  if (claim.endsSession) forgetSession(core, client);
  else goElsewhere(core, client, claim.unapplied);
}

/** Ends the connection that the client has. [MQTT-3.1.4-3] */
function endTakenOver(core: Core, { connection }: Client, message: string): void {
  if (connection === null) return;
  core.metrics.sessionsTakenOver++;
  disconnect(core, connection, { reasonCode: ReasonCode.SessionTakenOver, message });
}

/** This node only keeps what waits from now on. */
function goElsewhere(core: Core, client: Client, unapplied: readonly number[]): void {
  const { session } = client;
  const { clientId, expirySeconds, receiver } = session;
  passOnAll(core, client, true);
  dropUnlogged(core, client);
  releaseFlights(core, client);
  const copy = client.copy ??= new SessionCopy(false);
  turn(core, client, copy, true);
  copy.endsAtMs = Infinity;
  // Its rights are looked at where it comes in.
  client.isRestored = true;
  client.quotaKey = dropQuota(core, client);
  for (const packetId of unapplied) receiver.release(packetId);
  if (client.expiry !== null) core.deadlines.clear(client.expiry);
  core.store?.putSession(clientId, expirySeconds, Infinity, client.owner);
}

/** The session counts for nobody's quota where its client is not. */
function dropQuota(core: Core, client: Client): undefined {
  if (client.quotaKey !== undefined) core.sessionCounts.remove(client.quotaKey);
  return undefined;
}

/**
 * Retained messages of QoS 1, and what else the log does not have: when the client comes back here, they would be older than all that it got
 * meanwhile.
 */
function dropUnlogged(core: Core, client: Client): void {
  const { sender } = client.session;
  const isUnlogged = ({ message: { logId = 0 } }: Delivery) => logId === 0;
  for (const inFlight of [...sender.values()]) {
    if (inFlight.delivery.qos !== 1 || !isUnlogged(inFlight.delivery)) continue;
    sender.discard(inFlight);
    dropDelivery(core, client, inFlight.delivery, "session_ended");
  }
  for (const delivery of takeQueued(core, client, isUnlogged)) {
    dropDelivery(core, client, delivery, "session_ended");
  }
}

/** Its client was here when an earlier process wrote that: how long ago does not matter before the log is read. */
function stay({ deadlines }: Core, { copy, expiry }: Client): void {
  if (copy !== null) copy.endsAtMs = Infinity;
  if (expiry !== null) deadlines.clear(expiry);
}

/** The session is resumed here, as after a restart, unless it has ended meanwhile. */
function comeHere(core: Core, client: Client): void {
  const { copy, session } = client;
  if (copy === null || !copy.isElsewhere) return;
  if (copy.endsAtMs <= core.nowMs) {
    // A will is due when its session ends, at the latest. [MQTT-3.1.2-8]
    const { will } = copy;
    if (will !== undefined) publishOwnWill(core, client, will.will);
    return forgetSession(core, client);
  }
  turn(core, client, copy, false);
  if (copy.endsAtMs !== Infinity) keepUntil(core, client, copy.endsAtMs);
  // Of those that this node had in flight before the client went, the log may not know.
  for (const { delivery, packetId, state } of session.sender.values()) {
    if (delivery.qos !== 2 || delivery.sequence === 0) continue;
    core.store?.putInFlight(session.clientId, delivery.sequence, packetId, state, delivery);
  }
}

/**
 * Calls `goOn` when all that is in flight to the client by the log is in memory here: it is sent again before all else, under the Packet
 * Identifiers that the client knows. [MQTT-4.4.0-1]
 */
export function whenFlightsAreRead(core: Core, clientId: string, goOn: () => void): void {
  const client = core.clients.get(clientId);
  const copy = client?.copy;
  if (client === undefined || copy === null || copy === undefined) return goOn();
  copy.waiting.push(goOn);
  endWaiting(core, client, copy);
  if (copy.waiting.length > 0) readAhead(core, client);
}

/** Subscriptions mean something else to the router then. */
function turn({ router }: Core, client: Client, copy: SessionCopy, isElsewhere: boolean): void {
  const { subscriptions } = client.session;
  for (const topicFilter of subscriptions.keys()) router.unsubscribe(client, topicFilter);
  copy.isElsewhere = isElsewhere;
  for (const subscription of subscriptions.values()) router.subscribe(client, subscription);
}

/** The session has come to this node, and its client is gone by now: what waited for it waits on, and other nodes know of it. */
export function settleLeft(core: Core, clientId: string): void {
  const client = core.clients.get(clientId);
  if (client === undefined) return core.cluster?.unclaim(clientId);
  if (client.connection !== null || client.copy?.isElsewhere === true) return;
  settleLeftBehind(core, client);
  resumeWill(core, client);
}

/** The session waits here for its client, and other nodes know when it ends, and of its will. */
function settleLeftBehind(core: Core, client: Client): void {
  settleAway(core, client);
  const will = client.copy?.will;
  if (will !== undefined) core.store?.putWill(client.session.clientId, will);
}

/** The session belongs to this node, and its client is not there: it ends in time, if there is one, and other nodes know when. */
function settleAway(core: Core, client: Client): void {
  const { clientId, expirySeconds } = client.session;
  const isAwaited = client.expiry !== null && client.expiry.atMs !== Infinity;
  const expiresAtMs = isAwaited ? client.expiry!.atMs : core.nowMs + expirySeconds * 1000;
  if (!isAwaited) startExpiry(core, client, expiresAtMs);
  core.store?.putSession(clientId, expirySeconds, expiresAtMs, client.owner);
  core.releases.soon();
}

/** These sessions belong to this node, because theirs is dead, or because it is back: wills are due, and they end in time. */
export function inherit(core: Core, clientIds: Iterable<string>): void {
  resumeHere(core, clientIds, (client) => settleLeftBehind(core, client));
}

/** The log is read, and these sessions are still this node's, as when its earlier process ended. */
export function comeBack(core: Core, clientIds: Iterable<string>): void {
  resumeHere(core, clientIds, (client) => tellSent(core, client));
}

/** What was on its way to a member of a shared subscription the log may not have: the process was killed just then. */
function tellSent({ store }: Core, { session: { sender, clientId } }: Client): void {
  for (const { delivery, packetId, state } of sender.values()) {
    if (delivery.share === undefined || delivery.qos !== 2 || delivery.sequence === 0) continue;
    store?.putInFlight(clientId, delivery.sequence, packetId, state, delivery);
  }
}

/** `settle` is called for those that have not ended, before their wills are this node's affair. */
function resumeHere(
  core: Core,
  clientIds: Iterable<string>,
  settle: (client: Client) => void,
): void {
  for (const clientId of clientIds) {
    const client = core.clients.get(clientId);
    // It has ended, and others may not have heard of it.
    if (client === undefined) core.cluster?.unclaim(clientId);
    if (client === undefined || client.connection !== null) continue;
    comeHere(core, client);
    if (core.clients.get(clientId) !== client) continue;
    settle(client);
    resumeWill(core, client);
  }
}

/**
 * Other nodes take this one for dead: its clients have to connect anew, and their wills are another node's affair. They are kept here, as at
 * every node, because that one may die too.
 */
export function disinherit(core: Core, clientIds: Iterable<string>): void {
  for (const clientId of clientIds) {
    const client = core.clients.get(clientId);
    if (client === undefined) continue;
    sendElsewhere(core, client);
    suspendDelayedWill(core, client);
  }
}

/** The log is out of reach: clients with sessions that others know are sent away, so that they find a node that reaches it. */
export function isolate(core: Core): void {
  for (const client of [...core.clients.values()]) sendElsewhere(core, client);
}

/** Writes the sessions again, with their node. */
export function keepHomes(core: Core, clientIds: Iterable<string>): void {
  for (const clientId of clientIds) {
    const client = core.clients.get(clientId);
    if (client === undefined || client.copy === null || client.connection !== null) continue;
    const { session: { expirySeconds }, copy: { endsAtMs }, owner } = client;
    core.store?.putSession(clientId, expirySeconds, endsAtMs, owner);
  }
}

/** The will stays: it is published where the client is not back in time. */
function sendElsewhere(core: Core, client: Client): void {
  const { connection } = client;
  if (connection === null || client.bridge !== undefined || !client.session.isPersistent) return;
  const { will } = connection;
  if (will !== undefined) {
    core.wills.remove(will);
    connection.will = undefined;
    client.copy ??= new SessionCopy(false);
    client.copy.will = { will, dueAtMs: Infinity };
  }
  // The client knows the other nodes. 3.14.2.1 of the specification says so.
  const reasonCode = ReasonCode.UseAnotherServer;
  disconnect(core, connection, { reasonCode, message: "The node does not reach its cluster" });
}

/**
 * The place in the log of the first message that the client has not taken: `Infinity` where nothing waits, `undefined` where nobody knows at
 * present.
 */
export function firstPending(core: Core, clientId: string): number | undefined {
  const client = core.clients.get(clientId);
  if (client === undefined || core.longFanOuts.isActive) return undefined;
  const { sender, queue } = client.session;
  let first = Infinity;
  for (const { delivery: { share, message: { logId } } } of sender.values()) {
    if (share === undefined) first = Math.min(first, logId ?? Infinity);
  }
  for (const { share, message: { logId } } of queue) {
    // No copy has those of shared subscriptions, and they may stand in memory before others that are in the store alone.
    if (logId === undefined || share !== undefined) continue;
    // The queue has them in the order of the log.
    return Math.min(first, logId);
  }
  return queue.tail === undefined ? first : undefined;
}
