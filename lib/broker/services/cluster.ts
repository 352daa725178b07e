import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { staysOnNode } from "../ground/message_rules.ts";
import type { Client } from "../state/connection.ts";
import { drop } from "./drop.ts";

/**
 * - `here`: the caller routes the message on this node now; it has been forwarded to other nodes with subscribers.
 * - `shared`: the message is in the log, and is routed when the node reads it from there.
 * - `refused`: the log has no room for the message, which is counted as dropped.
 */
export type Share = "here" | "shared" | "refused";

/** Passes a message to the cluster. `isWill`: of a client whose session other nodes know. */
export function shareMessage(
  core: Core,
  message: Message,
  publisher: Client | null,
  packetId: number,
  isWill = false,
): Share {
  const { cluster } = core;
  if (cluster === null || staysOnNode(message.topicName)) return "here";
  if (message.qos === 0 && !message.retain) {
    const draw = cluster.forward(message);
    if (draw !== undefined) message.draw = draw;
    return "here";
  }
  const source = message.retain ? core.publishers.of(publisher?.identity) : undefined;
  if (cluster.append(message, packetId, isWill, source)) return "shared";
  drop(core, publisher, "store_failing", message);
  return "refused";
}
