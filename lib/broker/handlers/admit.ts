import { type Connack, type Connect, type Properties, ReasonCode } from "../../codec/mod.ts";
import { IncomingAliases, OutgoingAliases } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { haveSameRights, ownerName, quotaKeyOf } from "../ground/owner.ts";
import type { AuthenticationRequest, ClientIdentity } from "../ground/ports.ts";
import { dropUnreadable } from "../services/deliver.ts";
import { endForbidden } from "../services/subscriptions.ts";
import {
  actFor,
  disconnect,
  endSession,
  endStored,
  KEPT_SECONDS,
  limitExpiry,
  refuse,
} from "../services/lifecycle.ts";
import { pumpRetained } from "../services/retained_pump.ts";
import { drain } from "../services/send.ts";
import { tellShares } from "../services/shared_groups.ts";
import { rewatch } from "../services/watch.ts";
import { cancelDelayedWill, publishDelayedWill } from "../services/wills.ts";
import { Client, type Connection } from "../state/connection.ts";
import { expirySecondsOf, isBridgeBy5, receiveMaximumOf } from "./bridge.ts";
import { claimInCluster, isShared, takeOver } from "./claim_in_cluster.ts";
import { connackProperties } from "./connack.ts";
import { askToConnect } from "./hooked.ts";
import {
  claimSession,
  connackLeaves,
  isOfAnother,
  refusalOf,
  type SessionClaim,
} from "./session_claim.ts";
import { takeWill } from "./take_will.ts";

/** The most bytes in flight to a bridge. The remote broker sets the window, which may hold tens of thousands of messages. */
const BRIDGE_IN_FLIGHT_BYTES = 32 * 1024 * 1024;

/** A client that is being admitted: its identity, its CONNECT and its session. */
interface Admission {
  readonly identity: ClientIdentity;
  readonly connect: Connect;
  readonly authenticationProperties: Properties | undefined;
  readonly client: Client;
  readonly isResumed: boolean;
  /** The session was last used with other rights. */
  readonly isOther: boolean;
  /** Whether its CONNACK reports the end of a stored session. */
  readonly hasEndedStored: boolean;
}

/** Admits a client, later if it connects too often. `properties` are those of an enhanced authentication. */
export function admitInTime(
  core: Core,
  connection: Connection,
  request: AuthenticationRequest,
  properties: Properties | undefined,
): void {
  if (connection.listener.useUserNameAsClientId && request.clientId !== request.userName) {
    return admitUnderUserName(core, connection, request, properties);
  }
  const waitMs = core.rates.connectWaitMs(request.clientId, core.options, core.nowMs);
  if (waitMs > 0) {
    const atMs = core.nowMs + waitMs;
    core.deadlines.set(connection.watch, atMs + core.options.connectTimeoutSeconds * 1000);
    const retry = () =>
      actFor(core, connection, () => admitInTime(core, connection, request, properties));
    return connection.stops.stopUntil("admission", atMs, core.deadlines, retry);
  }
  const goOn = () =>
    claimInCluster(core, connection, request, () => {
      admit(core, connection, request, properties);
      core.resume(connection, "admission");
    });
  const { onConnect, onPublish } = core.hooks;
  const isAsked = onConnect !== undefined ||
    onPublish !== undefined && request.connect.will !== undefined;
  if (isAsked) askToConnect(core, connection, request, goOn);
  else goOn();
}

function admitUnderUserName(
  core: Core,
  connection: Connection,
  request: AuthenticationRequest,
  properties: Properties | undefined,
): void {
  const { userName } = request;
  if (userName !== undefined && userName !== "") {
    return admitInTime(core, connection, { ...request, clientId: userName }, properties);
  }
  const message = "This listener requires a user name";
  refuse(core, connection, ReasonCode.NotAuthorized, message);
}

/** Takes over the client's old connection, resumes or begins its session, sets the limits, sends CONNACK and what was queued. */
function admit(
  core: Core,
  connection: Connection,
  request: AuthenticationRequest,
  authenticationProperties: Properties | undefined,
): void {
  const { connect, password: _, allowAnonymous: __, signal: ___, ...identity } = request;
  const { clientId } = identity;
  if (isBridgeBy5(connect, clientId)) connection.asked = { ...connection.asked, isBridge: true };
  const claim = claimSession(core, connection, identity);
  const { owner, hasEndedStored } = claim;
  const refusal = refusalOf(core, identity, claim);
  if (refusal !== undefined) {
    return refuse(core, connection, refusal.reasonCode, refusal.message);
  }
  makeWay(core, claim, identity);
  // The session that `makeWay` has not removed. [MQTT-3.1.2-4] [MQTT-3.1.2-5]
  const resumed = core.clients.get(clientId);
  storeSession(core, connection, clientId, connect, resumed, owner);
  const isOther = resumed !== undefined &&
    (resumed.isRestored || !haveSameRights(resumed.identity, identity));
  const client = resumed ?? new Client(identity);
  client.owner = owner;
  letIn(core, connection, {
    identity,
    connect,
    authenticationProperties,
    client,
    isResumed: resumed !== undefined,
    isOther,
    hasEndedStored,
  });
}

/** Ends the client's previous connection, and its session if it is not resumed. */
function makeWay(core: Core, claim: SessionClaim, by: ClientIdentity): void {
  const { owner, existing, isForeign, isEnding } = claim;
  if (existing === undefined) return;
  takeOver(core, existing, by);
  if (isForeign) logReplaced(core, existing, owner);
  // The client has returned after a restart, so its will is not published, though it does not resume its session.
  if (existing.delayedWill?.isOrphan === true && !isForeign) cancelDelayedWill(core, existing);
  if (isEnding) endSession(core, existing);
}

function logReplaced(core: Core, existing: Client, owner: string): void {
  core.metrics.sessionsReplaced++;
  core.ports.log.warning("Session ended: another user connected with its Client Identifier", {
    clientId: existing.session.clientId,
    owner: ownerName(existing.owner!),
    by: ownerName(owner),
  });
}

function letIn(core: Core, connection: Connection, admission: Admission): void {
  comeIn(core, connection, admission);
  settleLimits(core, connection, admission);
  takeWill(core, connection, admission.connect.will);
  rewatch(core, connection);
  logConnected(core, connection, admission);
  core.observers?.tell("connected", connection, admission.isResumed);
  if (!answer(core, connection, admission)) return disconnect(core, connection, undefined);
  if (isClaimed(core, connection, admission)) {
    core.cluster!.claim(admission.identity.clientId, true);
  }
  sendWaiting(core, admission);
}

/** Whether other nodes are told that the client has come, and they know nothing of its session, which ends with its connection. */
function isClaimed(core: Core, connection: Connection, { connect }: Admission): boolean {
  return core.cluster !== null && connection.listener.bridge === undefined &&
    !isShared(core, connection, connect);
}

/** Links the connection and the client. */
function comeIn(core: Core, connection: Connection, admission: Admission): void {
  const { client, identity, isResumed } = admission;
  connection.enter("admit");
  cancelDelayedWill(core, client);
  settleLost(core, client);
  if (client.expiry !== null) core.deadlines.clear(client.expiry);
  if (isResumed) core.removeClient(client);
  client.quotaKey = quotaKeyOf(identity);
  client.isRestored = false;
  client.identity = identity;
  client.connection = connection;
  client.bridge = connection.listener.bridge;
  connection.client = client;
  connection.identity = identity;
  connection.claim = null;
  core.addClient(client);
  if (isResumed) tellShares(core, client);
  core.connectedCount++;
  const { metrics } = core;
  metrics.connectsAccepted++;
  metrics.clientsConnectedMax = Math.max(metrics.clientsConnectedMax, core.connectedCount);
}

/**
 * Decides about the will of a client that was connected without a stored session when the process ended: it is published if its owner was
 * another user.
 */
function settleLost(core: Core, { session, owner }: Client): void {
  const lost = core.lostClients.get(session.clientId);
  if (lost === undefined) return;
  if (isOfAnother(core, lost, owner)) publishDelayedWill(core, lost);
  else cancelDelayedWill(core, lost);
}

/** Sets the limits for this client: expiry, Keep Alive, Topic Aliases, messages in flight. */
function settleLimits(core: Core, connection: Connection, { client, connect }: Admission): void {
  const { listener, outbox } = connection;
  const { session } = client;
  const { maxInflightMessages, maxInflightBytes } = core.options;
  session.expirySeconds = limitExpiry(core, expirySecondsOf(connection, connect));
  connection.keepAliveSeconds = limitKeepAlive(core, connect);
  if (connect.protocolVersion === 5) {
    const asked = connect.properties?.topicAliasMaximum ?? 0;
    const outgoing = Math.min(asked, listener.maxTopicAliasBroker);
    if (outgoing > 0) outbox.aliases = new OutgoingAliases(outgoing);
    connection.incomingAliases = new IncomingAliases(listener.maxTopicAlias);
  }
  if (listener.bridge?.forgetsReceived) forgetReceived(core, client);
  session.receiver.resume();
  const receiveMaximum = receiveMaximumOf(connection, connect.properties?.receiveMaximum);
  const isUnlimited = maxInflightMessages === 0 || listener.bridge !== undefined;
  session.sender.resume(
    isUnlimited ? receiveMaximum : Math.min(receiveMaximum, maxInflightMessages),
    listener.bridge !== undefined ? BRIDGE_IN_FLIGHT_BYTES : maxInflightBytes,
  );
}

/** Forgets received Packet Identifiers, because the remote broker will use them for other messages. */
function forgetReceived({ store }: Core, { session }: Client): void {
  for (const packetId of [...session.receiver.values()]) {
    session.receiver.release(packetId);
    if (session.isPersistent) store?.deleteReceived(session.clientId, packetId);
  }
}

/** Writes the session before the client is admitted: if that fails, the client is refused, and its session stays as it is. */
function storeSession(
  core: Core,
  connection: Connection,
  clientId: string,
  connect: Connect,
  resumed: Client | undefined,
  owner: string,
): void {
  const expirySeconds = limitExpiry(core, expirySecondsOf(connection, connect));
  if (expirySeconds > 0) core.store?.putSession(clientId, expirySeconds, Infinity, owner);
  else if (resumed?.session.queue.tail !== undefined) {
    // Keep the session in the store until the client has got what waits there.
    core.store?.putSession(clientId, KEPT_SECONDS, Infinity, owner);
    resumed.session.isKept = true;
  } else if (resumed !== undefined) endStored(core, clientId);
}

/** Sends CONNACK; `false` where it is too large for the client, and nothing else may be sent before it. [MQTT-3.14.0-1] */
function answer(core: Core, connection: Connection, admission: Admission): boolean {
  const { connect, client, isResumed, hasEndedStored } = admission;
  const connack: Connack = {
    type: "connack",
    // 3.1 has no Session Present flag.
    sessionPresent: isResumed && connect.protocolVersion > 3,
    reasonCode: 0,
  };
  // That the client is here, and has no session at other nodes: where the cluster is slow, its clients are served all the same.
  const isTold = core.cluster?.isPrompt === true && isClaimed(core, connection, admission);
  const hasWritten = hasEndedStored || isResumed && !client.session.isPersistent || isTold;
  const leave = connackLeaves(core, client.session.isPersistent, hasWritten);
  return connection.outbox.send(
    connect.protocolVersion === 5
      ? {
        ...connack,
        properties: connackProperties(
          core,
          connection,
          connect,
          admission.authenticationProperties,
        ),
      }
      : connack,
    leave === "waits",
  );
}

/**
 * Sends the client's waiting messages, after dropping those that it may not read, such as messages for the previous user of the session.
 */
function sendWaiting(core: Core, { client, isResumed, isOther }: Admission): void {
  if (isResumed && core.ports.access.checksTopics) {
    if (isOther) {
      core.router.clearRoutes();
      endForbidden(core, client);
    }
    dropUnreadable(core, client);
  }
  drain(core, client);
  if (client.hasRetained) pumpRetained(core, client);
}

function logConnected(core: Core, connection: Connection, { identity, connect }: Admission): void {
  if (!core.options.connectionMessages) return;
  core.ports.log.info("Client connected", {
    clientId: identity.clientId,
    address: identity.remoteAddress,
    version: connect.protocolVersion,
    userName: identity.userName,
    cleanStart: connect.cleanStart,
    keepAliveSeconds: connection.keepAliveSeconds,
    listener: connection.listener.name,
  });
}

function limitKeepAlive(core: Core, { protocolVersion, keepAliveSeconds }: Connect): number {
  const { maxKeepAliveSeconds } = core.options;
  if (maxKeepAliveSeconds === 0 || protocolVersion < 5) return keepAliveSeconds;
  return keepAliveSeconds === 0
    ? maxKeepAliveSeconds
    : Math.min(keepAliveSeconds, maxKeepAliveSeconds);
}
