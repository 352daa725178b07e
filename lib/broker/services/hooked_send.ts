import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { isRefusal, judgeMessage } from "../ground/hook_answers.ts";
import type { HookRefusal } from "../ground/hooks.ts";
import type { Outgoing } from "../ground/outgoing.ts";
import type { Client, Connection } from "../state/connection.ts";
import { drop, dropFailed } from "./drop.ts";

/** A PUBLISH that is about to go to a client. */
export interface Leaving {
  readonly outgoing: Outgoing;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly waits: boolean;
  readonly isRepeat: boolean;
}

/**
 * Asks the program's hooks about a PUBLISH, and puts the message with their changes into the outbox; returns `false`, and counts a
 * drop, where they refuse it or it is too large. While a hook has not answered, nothing else is sent to that client, so that its
 * messages keep their order. A QoS 1 or 2 message is in flight during that time: if the connection ends before the answer, it is
 * sent on the next connection, and the hooks are asked again.
 */
export function putHooked(
  core: Core,
  client: Client,
  connection: Connection,
  leaving: Leaving,
): boolean {
  const { outgoing: { message: kept } } = leaving;
  const { topicName, payload, qos, retain, properties, expiresAtMs, publisherId } = kept;
  const own = { topicName, qos, retain, properties, expiresAtMs, publisherId };
  const answered = core.hooks.ask(
    "onDeliver",
    client.identity,
    { ...own, payload: payload.slice() },
    (answer, message) => judgeMessage(answer, message, core.options),
    (result) => core.inTurn(() => putLater(core, client, connection, leaving, result)),
  );
  if (answered !== undefined) return putAnswered(core, client, connection, leaving, answered);
  connection.hookedOrNew().isAsking = true;
  return true;
}

function putLater(
  core: Core,
  client: Client,
  connection: Connection,
  leaving: Leaving,
  result: Message | HookRefusal,
): void {
  connection.hookedOrNew().isAsking = false;
  const { outgoing, packetId } = leaving;
  if (connection.state === "closed") {
    if (packetId === 0) drop(core, client, "offline_qos0", outgoing.message);
    return;
  }
  // Messages that wait behind this one are sent when the turn ends.
  core.pumping.add(client);
  const { sender, clientId } = client.session;
  const inFlight = sender.find(packetId);
  if (packetId > 0 && inFlight?.delivery !== outgoing) return;
  try {
    if (putAnswered(core, client, connection, leaving, result)) return;
  } catch (error) {
    dropFailed(core, client, outgoing.message, error);
  }
  if (inFlight === undefined) return;
  sender.discard(inFlight);
  if (inFlight.delivery.sequence > 0) core.store?.deleteDelivery(clientId, inFlight.delivery);
}

function putAnswered(
  core: Core,
  client: Client,
  connection: Connection,
  { outgoing, packetId, waits, isRepeat }: Leaving,
  result: Message | HookRefusal,
): boolean {
  if (isRefusal(result)) {
    drop(core, client, "refused_by_hook", outgoing.message);
    return false;
  }
  const changed = { ...outgoing, message: result };
  if (connection.outbox.sendPublish(changed, packetId, waits, isRepeat, undefined)) return true;
  drop(core, client, "packet_too_large", outgoing.message);
  return false;
}
