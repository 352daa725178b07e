import type { Broker } from "../broker/mod.ts";
import { type Logger, SubscriptionLog } from "../observe/mod.ts";

/** Logs what clients subscribe to, if `log_type` asks for it. */
export class LoggedSubscriptions implements Disposable {
  readonly #broker: Broker;
  readonly #log: Logger;
  #stop: () => void = () => {};

  /** Starts at once. */
  constructor(broker: Broker, log: Logger) {
    this.#broker = broker;
    this.#log = log;
    this.restart();
  }

  /** Starts or stops, as the log's options now ask. */
  restart(): void {
    this.#stop();
    const { subscriptions } = this.#log.options;
    if (subscriptions.length === 0) return void (this.#stop = () => {});
    const { access } = this.#broker.core.ports;
    const observer = new SubscriptionLog(this.#log, access, new Set(subscriptions));
    this.#stop = this.#broker.observe(observer);
  }

  /** Stops. */
  [Symbol.dispose](): void {
    this.#stop();
  }
}
