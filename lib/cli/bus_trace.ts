import type { Server } from "../net/mod.ts";
import type { Logger } from "../observe/mod.ts";

/**
 * Logs each message that programs on the EventBus would get, at debug level. The room `bus` is loaded only then, so that other
 * starts do not pay for it.
 */
export class BusTrace implements AsyncDisposable {
  readonly #server: Server;
  readonly #log: Logger;
  /** Stops the current trace. Starts and stops run one after the other. */
  #stop: Promise<() => void> = Promise.resolve(() => {});

  constructor(server: Server, log: Logger) {
    this.#server = server;
    this.#log = log;
  }

  /** Starts or stops the trace, as the log's level now asks. */
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
