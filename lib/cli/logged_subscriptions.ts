import type { Broker } from "../broker/mod.ts";
import { type Logger, SubscriptionLog } from "../observe/mod.ts";

/** Logs what clients subscribe to, where `log_type` asks for it. */
export class LoggedSubscriptions implements Disposable {
  readonly #broker: Broker;
  readonly #log: Logger;
  #stop: () => void = () => {};

  /** Begins at once. */
  constructor(broker: Broker, log: Logger) {
    this.#broker = broker;
    this.#log = log;
    this.restart();
  }

  /** Begins, ends or goes on, as the log's options want it now. */
  restart(): void {
    this.#stop();
    const { subscriptions } = this.#log.options;
    if (subscriptions.length === 0) return void (this.#stop = () => {});
    const { access } = this.#broker.core.ports;
    const observer = new SubscriptionLog(this.#log, access, new Set(subscriptions));
    this.#stop = this.#broker.observe(observer);
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.#stop();
  }
}
