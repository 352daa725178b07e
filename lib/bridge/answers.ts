import { type Packet, reasonCodeName } from "../codec/mod.ts";
import { disconnectFault } from "./faults.ts";
import type { BridgeOptions } from "./options.ts";
import type { BridgePorts } from "./ports.ts";
import { type BridgeCounters, BridgeFault } from "./state.ts";

/** The broker that sent an answer. */
export type Answerer = "local" | "remote";

/** What is needed to report refused subscriptions. */
export interface AnswerEnv {
  readonly options: BridgeOptions;
  readonly counters: BridgeCounters;
  readonly ports: Pick<BridgePorts, "warn">;
}

/** Counts the subscriptions that a SUBACK refuses, and logs one line for each reason: a hostile broker could refuse a million. */
export function checkSuback(env: AnswerEnv, from: Answerer, packet: Packet): void {
  if (packet.type !== "suback") return;
  const counts = new Map<number, number>();
  for (const code of packet.reasonCodes) {
    if (code >= 0x80) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const whose = from === "local" ? "This broker" : "The remote broker";
  for (const [code, count] of counts) {
    env.counters.drop("subscription_refused", count);
    env.ports.warn(`${whose} refuses a subscription of the bridge`, {
      bridge: env.options.name,
      reason: reasonCodeName(code),
      count,
    });
  }
}

/** Makes a fault from a packet that ends the connection, or that is not allowed. */
export function endOf(from: Answerer, packet: Packet, remoteClientId: string): BridgeFault {
  if (packet.type !== "disconnect") {
    const message = `Unexpected ${packet.type.toUpperCase()} (${from})`;
    return new BridgeFault("protocol_error", message);
  }
  if (from === "remote") return disconnectFault(packet.reasonCode, remoteClientId);
  const name = reasonCodeName(packet.reasonCode);
  return new BridgeFault("local_closed", `This broker disconnects its bridge: ${name}`);
}

/** Why this broker's CONNACK refuses its bridge; `undefined` if it accepts it. */
export function localRefusal(reasonCode: number): BridgeFault | undefined {
  if (reasonCode === 0) return undefined;
  const message = `This broker refuses its bridge: ${reasonCodeName(reasonCode)}`;
  return new BridgeFault("local_closed", message);
}
