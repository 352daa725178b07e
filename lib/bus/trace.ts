import type { MessageHub } from "../broker/mod.ts";
import type { BusLog } from "./bus.ts";
import { describeMessage } from "./describe.ts";

/**
 * Logs every message of the broker, except those of topics that begin with `$`, until the returned function is called. It is called
 * for every message, so attach it only while debug lines are wanted.
 */
export function traceBus(hub: MessageHub, log: BusLog): () => void {
  return hub.subscribe("#", (message) => {
    if (log.debugOn) log.debug(describeMessage(message));
  });
}
