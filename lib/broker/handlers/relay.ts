/**
 * The fast path of the most frequent message: QoS 0, not retained, without properties, short, for a few receivers. No packet object
 * and no message object is created: the received bytes are copied to the receivers unchanged.
 *
 * This path does the same as `publish` and `deliver`. It decides whether it applies before it changes anything; other messages take
 * the ordinary path from the beginning. So a new check in `publish` or `deliver` must be added to `mayRelay` too.
 *
 * @module
 */
import { FirstByte, plainTopicNameAt } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { Route } from "../core/router.ts";
import type { Target } from "../core/target.ts";
import { deliverySteps } from "../core/work.ts";
import { dropFailed } from "../services/drop.ts";
import { deliver } from "../services/deliver.ts";
import { isBacklogged } from "../services/send.ts";
import type { Client, Connection } from "../state/connection.ts";

/** A longer packet is not relayed: most of its time is spent on copying, on either path. */
export const MAX_RELAYED_BYTES = 4096;
/** With more receivers, one shared encoding is worth its cost. */
const MAX_RECEIVERS = 64;
/** A topic with this first character may be in the broker's own tree. */
export const DOLLAR = 0x24;

/**
 * Relays the PUBLISH in `bytes[start, end)` of a connected client; `false`: it needs the ordinary path, and nothing has happened.
 */
export function relay(
  core: Core,
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (bytes[start] !== FirstByte.Publish || end - start > MAX_RELAYED_BYTES) return false;
  if (!mayRelay(core, connection)) return false;
  const isV5 = connection.protocolVersion === 5;
  const nameAt = plainTopicNameAt(bytes, start, end, isV5);
  if (nameAt === 0 || bytes[nameAt] === DOLLAR) return false;
  const nameEnd = nameAt + (bytes[nameAt - 2]! << 8 | bytes[nameAt - 1]!);
  const topicName = core.names.text(bytes, nameAt, nameEnd);
  const route = core.router.route(topicName, core.work.left);
  if (route === undefined || route === null || !isEveryday(route, connection.client!)) return false;
  const payloadAt = isV5 ? nameEnd + 1 : nameEnd;
  const { targets } = route;
  const steps = targets.length * deliverySteps(end - payloadAt + topicName.length);
  if (targets.length > 1 && steps > core.work.left) return false;
  core.metrics.publishReceived++;
  core.metrics.payloadBytesReceived += end - payloadAt;
  if (targets.length === 0) return true;
  core.work.spend(steps);
  const packet = bytes.subarray(start, end);
  relayToAll(core, connection, route, topicName, packet, payloadAt - start);
  return true;
}

function relayToAll(
  core: Core,
  publisher: Connection,
  { targets, topicNameBytes }: Route,
  topicName: string,
  packet: Uint8Array,
  headBytes: number,
): void {
  const payloadBytes = packet.length - headBytes;
  const isV5 = publisher.protocolVersion === 5;
  let others: Target[] | undefined;
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i]!;
    try {
      if (!relayTo(core, target, packet, isV5, payloadBytes)) (others ??= []).push(target);
    } catch (error) {
      const publisherId = publisher.client!.session.clientId;
      dropFailed(core, target.client, { topicName, publisherId }, error);
    }
  }
  if (others === undefined) return;
  const message = messageOf(publisher, topicName, packet.subarray(headBytes));
  core.fanout.begin(message, topicNameBytes, others.length === 1, core.nowMs);
  for (const target of others) deliver(core, target, message, core.fanout);
}

/** Whether no observer, hook, access control or limit needs to look at such a message. */
export function mayRelay(core: Core, { mountPoint }: Connection): boolean {
  const { options, ports, congestion, longFanOuts, isObserved, hooks, cluster } = core;
  const { messageSizeLimitBytes } = options;
  return !isObserved && !ports.access.checksTopics && mountPoint === "" && !hooks.seesMessages &&
    !options.upgradeOutgoingQos && cluster === null &&
    (messageSizeLimitBytes === 0 || messageSizeLimitBytes >= MAX_RELAYED_BYTES) &&
    !congestion.isCongested && !longFanOuts.isActive;
}

/** Whether the publisher's messages of the topic go only to a few clients. */
export function isEveryday(
  { targets, ownTargets, shares, locals }: Route,
  publisher: Client,
): boolean {
  return targets.length <= MAX_RECEIVERS &&
    (ownTargets === undefined || !ownTargets.has(publisher)) &&
    shares.length === 0 && locals.length === 0;
}

function relayTo(
  core: Core,
  { client, subscriptionIdentifiers }: Target,
  packet: Uint8Array,
  isV5: boolean,
  payloadBytes: number,
): boolean {
  const { connection } = client;
  if (connection === null || client.isEnded || subscriptionIdentifiers !== undefined) return false;
  if (client.session.queue.qos0Length > 0 || isBacklogged(core, connection)) return false;
  return connection.outbox.relayPublish(packet, isV5, payloadBytes);
}

function messageOf(connection: Connection, topicName: string, payload: Uint8Array): Message {
  const { clientId } = connection.client!.session;
  return {
    topicName,
    payload,
    qos: 0,
    retain: false,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: clientId,
  };
}
