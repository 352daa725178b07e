import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { isReserved } from "../ground/message_rules.ts";
import type { Client } from "../state/connection.ts";
import { drop } from "./drop.ts";

/**
 * - `here`: the message is to be routed here and now; where other nodes have subscribers for it, it is on its way to them.
 * - `shared`: it takes its way by the log, and reaches its receivers when the log comes to it.
 * - `refused`: the log has no room for it. It is counted as dropped.
 */
export type Share = "here" | "shared" | "refused";

/** Gives a message to the cluster. */
export function shareMessage(
  core: Core,
  message: Message,
  publisher: Client | null,
  packetId: number,
): Share {
  const { cluster } = core;
  // What a node says about itself is its own affair.
  if (cluster === null || isReserved(message.topicName)) return "here";
  if (message.qos === 0 && !message.retain) {
    cluster.forward(message);
    return "here";
  }
  if (cluster.append(message, packetId)) return "shared";
  drop(core, publisher, "store_failing", message);
  return "refused";
}
