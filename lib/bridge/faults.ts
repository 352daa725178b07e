import { reasonCodeName } from "../codec/mod.ts";
import { BridgeFault, type BridgeReason } from "./state.ts";

/** Makes a thrown error into a fault that ends a connection; `reason` is used if the error has none. */
export function faultOf(error: unknown, reason: BridgeReason): BridgeFault {
  if (error instanceof BridgeFault) return error;
  return new BridgeFault(reason, error instanceof Error ? error.message : String(error));
}

/** Makes a DISCONNECT of the remote broker into a fault. */
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
