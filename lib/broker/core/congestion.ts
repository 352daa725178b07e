import type { Connection } from "../state/connection.ts";
import type { Ground } from "../ground/ground.ts";

/**
 * Counts the bytes that wait to be written to all connections, and lists the publishers that are not read until there are fewer.
 */
export class Congestion {
  /** Publishers that are not read until fewer bytes are buffered. */
  readonly throttled: Set<Connection> = new Set();
  readonly #ground: Ground;
  #bufferedBytes = 0;

  /** `ground`: for the limit. */
  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Bytes not yet written to connections. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Whether publishers must wait until slow receivers have read what is buffered for them. */
  get isCongested(): boolean {
    const { maxBufferedBytes } = this.#ground.options;
    return maxBufferedBytes > 0 && this.#bufferedBytes > maxBufferedBytes;
  }

  /** Brings the total up to date with one connection. */
  account(connection: Connection): void {
    const { outbox } = connection;
    const unsentBytes = connection.state === "closed" ? 0 : outbox.unsentBytes;
    this.#bufferedBytes += unsentBytes - outbox.accountedBytes;
    outbox.accountedBytes = unsentBytes;
  }
}
