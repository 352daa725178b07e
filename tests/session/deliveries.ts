import type { Qos } from "../../lib/codec/mod.ts";
import type { Delivery, KeptMessage } from "../../lib/session/mod.ts";

/** A message that somebody keeps; what a test says nothing about is ordinary. */
export function keptMessage(given: Partial<KeptMessage> = {}): KeptMessage {
  return {
    topicName: "t",
    payload: new Uint8Array(),
    qos: 1,
    retain: false,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: "publisher",
    storeId: 0,
    ...given,
  };
}

/** A delivery of `sizeBytes` bytes, topic and payload. */
export function delivery(
  qos: Qos = 1,
  sizeBytes = 1,
  given: Partial<Omit<Delivery, "qos">> = {},
): Delivery {
  return {
    message: keptMessage({ qos, payload: new Uint8Array(sizeBytes - 1) }),
    qos,
    retain: false,
    subscriptionIdentifiers: undefined,
    share: undefined,
    sequence: 0,
    ...given,
  };
}
