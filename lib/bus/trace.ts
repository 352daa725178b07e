import type { MessageHub } from "../broker/mod.ts";
import type { BusLog } from "./bus.ts";
import { describeMessage } from "./describe.ts";

/**
 * Logs every message of the broker, but those of topics that begin with `$`, until the function returned is called. It stands
 * in the way of every message, so it is to be attached only while debug lines are wanted.
 */
export function traceBus(hub: MessageHub, log: BusLog): () => void {
  return hub.subscribe("#", (message) => {
    if (log.debugOn) log.debug(describeMessage(message));
  });
}
