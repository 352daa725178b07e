import type { Packet } from "../../lib/codec/mod.ts";
import type { Scheduler } from "./scheduler.ts";

/** The last events of a run, for whoever has to find out why it failed. */
export class Trace {
  readonly #clock: Scheduler;
  readonly #lines: string[] = [];

  constructor(clock: Scheduler, readonly isOn: boolean) {
    this.#clock = clock;
  }

  add(line: string): void {
    if (this.isOn) this.#lines.push(`${this.#clock.nowMs - 1_000_000} ${line}`);
  }

  packet(clientId: string, direction: "<" | ">", packet: Packet): void {
    this.add(`${clientId} ${direction} ${describe(packet)}`);
  }

  last(count: number): readonly string[] {
    return this.#lines.slice(-count);
  }
}

function describe(packet: Packet): string {
  return JSON.stringify(packet, (key, value) => {
    if (!(value instanceof Uint8Array)) return value;
    return key === "payload" && value.length >= 4 ? `#${readId(value)}` : `${value.length} bytes`;
  });
}

/** The number that a model client's payload begins with. */
export function readId(payload: Uint8Array): number {
  return (payload[0]! << 24 | payload[1]! << 16 | payload[2]! << 8 | payload[3]!) >>> 0;
}
