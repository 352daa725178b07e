import type { MqttError, ReasonCode } from "../../codec/mod.ts";

/** Why a connection ends: a fault of the peer, or a decision of the broker, with the Reason Code that the peer is told. */
export type CloseReason = MqttError | { readonly reasonCode: ReasonCode; readonly message: string };
