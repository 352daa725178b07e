import { ReasonCode, type Unsubscribe } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import { STEPS } from "../core/work.ts";
import { endSubscription } from "../services/subscriptions.ts";
import type { Connection } from "../state/connection.ts";
import {
  handleInParts,
  leaveOfChange,
  type MountedFilter,
  mountFilter,
  refusal,
} from "./filters.ts";

/** An UNSUBSCRIBE that is being handled, in parts where it is long. */
interface Unsubscribing {
  readonly packet: Unsubscribe;
  readonly reasonCodes: number[];
  hasWritten: boolean;
}

/** Handles UNSUBSCRIBE. Messages already being sent to the client are still delivered. [MQTT-3.10.4-3] `sizeBytes`: the packet's. */
export function handleUnsubscribe(
  core: Core,
  connection: Connection,
  packet: Unsubscribe,
  sizeBytes: number,
): void {
  const work: Unsubscribing = { packet, reasonCodes: [], hasWritten: false };
  handleInParts(core, connection, sizeBytes, () => doPart(core, connection, work));
}

/** Ends a subscription of a connected client on behalf of somebody else; returns the code of an UNSUBACK. */
export function unsubscribeFor(core: Core, connection: Connection, topicFilter: string): number {
  const reasonCode = unsubscribe(core, connection, topicFilter);
  core.observers?.tell("unsubscribed", connection, topicFilter, reasonCode);
  return reasonCode;
}

/** Handles as many filters as there is time for; `true`: all are handled, and the UNSUBACK is sent. */
function doPart(core: Core, connection: Connection, work: Unsubscribing): boolean {
  const { reasonCodes, packet: { topicFilters, packetId } } = work;
  while (reasonCodes.length < topicFilters.length) {
    if (core.work.isPartOver) {
      core.postpone(connection);
      return false;
    }
    const writesBefore = core.store?.writes;
    const topicFilter = topicFilters[reasonCodes.length]!;
    const reasonCode = unsubscribe(core, connection, topicFilter);
    reasonCodes.push(reasonCode);
    core.observers?.tell("unsubscribed", connection, topicFilter, reasonCode);
    if (core.store?.writes !== writesBefore) work.hasWritten = true;
  }
  const waits = leaveOfChange(core, connection, "unsuback", work.hasWritten) === "waits";
  const isNew = connection.protocolVersion === 5;
  connection.outbox.send(
    { type: "unsuback", packetId, reasonCodes: isNew ? reasonCodes : [] },
    waits,
  );
  return true;
}

function unsubscribe(core: Core, connection: Connection, asked: string): number {
  core.work.spend(STEPS.filter + STEPS.filterByte * asked.length);
  const client = connection.client!;
  const { session } = client;
  const filter = mountFilter(core, connection, asked);
  if (filter === undefined) {
    return refusal(connection, asked, "UNSUBSCRIBE names no Topic Filter");
  }
  if (!mayUnsubscribe(core, connection, filter)) return ReasonCode.NotAuthorized;
  if (!session.subscriptions.has(filter.key)) return ReasonCode.NoSubscriptionExisted;
  endSubscription(core, client, filter.key, filter.isShared);
  return ReasonCode.Success;
}

function mayUnsubscribe(
  { ports: { access } }: Core,
  { client, listener }: Connection,
  { topicFilter }: MountedFilter,
): boolean {
  if (!access.checksTopics || listener.bridge !== undefined) return true;
  return access.mayUnsubscribe?.(client!.identity, topicFilter) ?? true;
}
