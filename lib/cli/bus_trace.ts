import type { Server } from "../net/mod.ts";
import type { Logger } from "../observe/mod.ts";

/**
 * At debug level each message that programs on the EventBus would get is logged. The bus is loaded only then: the start of
 * others does not pay for it.
 */
export class BusTrace implements AsyncDisposable {
  readonly #server: Server;
  readonly #log: Logger;
  /** Ends what runs; one start or stop comes after the other. */
  #stop: Promise<() => void> = Promise.resolve(() => {});

  constructor(server: Server, log: Logger) {
    this.#server = server;
    this.#log = log;
  }

  /** Begins, ends or goes on, as the log's level wants it now. */
  restart(): Promise<unknown> {
    return this.#stop = this.#stop.then((stop) => {
      stop();
      return this.#start();
    });
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#stop)();
  }

  async #start(): Promise<() => void> {
    if (!this.#log.debugOn) return () => {};
    const { traceBus } = await import("../bus/mod.ts");
    return traceBus(this.#server.hub, this.#log);
  }
}
