import type { Broker } from "./broker.ts";
import type { Connection } from "./connection.ts";
import { evictSlowest } from "./watch.ts";

/** Publishers are read again when what is buffered has come down to this part of the limit. */
const RELIEVED = 0.75;
/** When to look again where nothing else would, milliseconds. */
const LOOK_AGAIN_MS = 100;

/** What waits to be written to all connections together, and the publishers that wait until it is less. */
export class Congestion {
  readonly #broker: Broker;
  readonly #throttled = new Set<Connection>();
  #bufferedBytes = 0;

  /** `broker`: for the limit and the connections. */
  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Bytes not yet written to connections. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Whether publishers must wait for those who are slow to take what is sent to them. */
  get isCongested(): boolean {
    const { maxBufferedBytes } = this.#broker.options;
    return maxBufferedBytes > 0 && this.#bufferedBytes > maxBufferedBytes;
  }

  /** Brings the total up to date with one connection. */
  account(connection: Connection): void {
    const unsentBytes = connection.state === "closed" ? 0 : connection.unsentBytes;
    this.#bufferedBytes += unsentBytes - connection.accountedBytes;
    connection.accountedBytes = unsentBytes;
  }

  /** The connection is not read until what is buffered is less. */
  throttle(connection: Connection): void {
    connection.isStopped = true;
    this.#throttled.add(connection);
    evictSlowest(this.#broker);
  }

  /** Reads publishers again if there is room; `closeLinks` lets go of what evicted clients had before them. */
  relieve(closeLinks: () => void): void {
    if (this.#throttled.size === 0) return;
    const { options, ports, nowMs } = this.#broker;
    const enoughBytes = options.maxBufferedBytes * RELIEVED;
    if (this.#bufferedBytes > enoughBytes) {
      // Somebody must make room: looked at again soon, should nobody's writes.
      evictSlowest(this.#broker);
      closeLinks();
      ports.wake(nowMs + LOOK_AGAIN_MS);
      if (this.#bufferedBytes > enoughBytes) return;
    }
    const waiting = [...this.#throttled];
    this.#throttled.clear();
    for (const connection of waiting) {
      if (connection.state === "closed") continue;
      connection.isStopped = false;
      // It was kept from sending: its silence is ours.
      connection.lastReceivedMs = nowMs;
      connection.link.resume();
    }
  }
}
