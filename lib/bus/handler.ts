import type { MessageInit } from "../broker/mod.ts";
import type { BusHandler, BusMessage, BusOptions, BusPublishOptions } from "./bus.ts";
import { describeMessage } from "./describe.ts";

const encoder = new TextEncoder();

/** Gives a handler its message; what it throws ends here. */
export function callHandler(handler: BusHandler, message: BusMessage, options: BusOptions): void {
  if (options.log?.debugOn) options.log.debug(describeMessage(message));
  try {
    handler(message);
  } catch (error) {
    options.onError?.(error);
  }
}

/** What a program said in the order of `Bus.publish`, in the broker's words. */
export function toMessageInit(
  topicName: string,
  payload: Uint8Array | string,
  options?: BusPublishOptions,
): MessageInit {
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  return { ...options, topicName, payload: bytes };
}
