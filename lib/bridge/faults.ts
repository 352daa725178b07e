import { reasonCodeName } from "../codec/mod.ts";
import { BridgeFault, type BridgeReason } from "./state.ts";

/** What was thrown, as what ends a connection; `reason` where it does not say its own. */
export function faultOf(error: unknown, reason: BridgeReason): BridgeFault {
  if (error instanceof BridgeFault) return error;
  return new BridgeFault(reason, error instanceof Error ? error.message : String(error));
}

/** What a DISCONNECT of the remote broker means. */
export function disconnectFault(reasonCode: number, clientId: string): BridgeFault {
  const reasons: Readonly<Record<number, BridgeReason>> = {
    0x87: "credentials",
    0x89: "unavailable",
    0x8b: "unavailable",
    0x8d: "keep_alive",
    0x8e: "taken_over",
    0x97: "quota",
  };
  const reason = reasons[reasonCode] ?? "closed";
  const name = reasonCodeName(reasonCode);
  return new BridgeFault(
    reason,
    reason === "taken_over"
      ? `Another client has come to the remote broker as ${clientId}: ${name}`
      : `The remote broker has ended the connection: ${name}`,
  );
}
