import type { MessageInit } from "../broker/mod.ts";
import type { BusHandler, BusMessage, BusOptions, BusPublishOptions } from "./bus.ts";
import { describeMessage } from "./describe.ts";

const encoder = new TextEncoder();

/**
 * Gives a handler its message; what it throws, or a promise of it rejects with, ends here. `report` hears of it where the program has no
 * `onError`, or that throws as well: nothing of it is silent.
 */
export function callHandler(
  handler: BusHandler,
  message: BusMessage,
  options: BusOptions,
  report: (error: unknown) => void,
): void {
  if (options.log?.debugOn) options.log.debug(describeMessage(message));
  const failed = (error: unknown): void => {
    if (options.onError === undefined) return report(error);
    try {
      options.onError(error);
    } catch (another) {
      report(another);
    }
  };
  try {
    const result: unknown = handler(message);
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
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
