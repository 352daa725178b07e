/** How many more QoS 1 and 2 messages may be under way: who comes too early waits, in order. [MQTT-3.3.4-7] */
export class SendQuota {
  #free: number;
  #waiting: PromiseWithResolvers<void>[] = [];

  /** `limit`: the Receive Maximum of the receiver. */
  constructor(limit: number) {
    this.#free = limit;
  }

  /** Resolves when there is room; throws what `fail` was given. */
  take(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn);
    return turn.promise;
  }

  /** Room for one more. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next.resolve();
  }

  /** Nobody's turn will come. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
