import type { MessageInit } from "../broker/mod.ts";
import type { BusHandler, BusMessage, BusOptions, BusPublishOptions } from "./bus.ts";
import { describeMessage } from "./describe.ts";

const encoder = new TextEncoder();

/**
 * Calls a handler with its message, and catches what it throws and what its promise is rejected with. `report` is called with the error
 * where the program has no `onError`, or where `onError` throws too: no error is silent.
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

/** The arguments of `Bus.publish` as the broker's type. */
export function toMessageInit(
  topicName: string,
  payload: Uint8Array | string,
  options?: BusPublishOptions,
): MessageInit {
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  return { ...options, topicName, payload: bytes };
}
