import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { isReserved } from "../ground/message_rules.ts";
import type { Client } from "../state/connection.ts";
import { drop } from "./drop.ts";

/**
 * Gives a message to the cluster. `true`: it takes its way by the log, and reaches its receivers when the log comes to it. `false`: it
 * is to be routed here and now; where other nodes have subscribers for it, it is on its way to them.
 */
export function shareMessage(
  core: Core,
  message: Message,
  publisher: Client | null,
  packetId: number,
): boolean {
  const { cluster } = core;
  // What a node says about itself is its own affair.
  if (cluster === null || isReserved(message.topicName)) return false;
  if (message.qos === 0 && !message.retain) {
    cluster.forward(message);
    return false;
  }
  if (!cluster.append(message, packetId)) drop(core, publisher, "store_failing", message);
  return true;
}
