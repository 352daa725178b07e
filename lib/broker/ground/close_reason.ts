import type { MqttError, ReasonCode } from "../../codec/mod.ts";

/** A fault of the peer, or a decision of ours, with the Reason Code that tells it. */
export type CloseReason = MqttError | { readonly reasonCode: ReasonCode; readonly message: string };
