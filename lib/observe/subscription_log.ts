import type { AccessPort, Connection, LogPort, Observer } from "../broker/mod.ts";
import { reasonCodeName, type SubscriptionRequest } from "../codec/mod.ts";

/**
 * Logs each Topic Filter that a client subscribes to or unsubscribes from: the granted QoS or the reason for the refusal, and the rule that
 * decided. Mosquitto logs the same for `log_type subscribe` and `unsubscribe`.
 */
export class SubscriptionLog implements Observer {
  readonly #log: LogPort;
  readonly #access: AccessPort;
  readonly #types: ReadonlySet<string>;

  /** `types`: which of `subscribe` and `unsubscribe` are logged. */
  constructor(log: LogPort, access: AccessPort, types: ReadonlySet<string>) {
    this.#log = log;
    this.#access = access;
    this.#types = types;
  }

  /** {@linkcode Observer.subscribed} */
  subscribed(
    connection: Connection,
    request: SubscriptionRequest,
    reasonCode: number,
    whole: string,
  ): void {
    if (!this.#types.has("subscribe")) return;
    const { topicFilter, qos } = request;
    const fields = { ...whoIs(connection), topicFilter, qos };
    const why = this.#access.explain?.(connection.identity!, "subscribe", whole);
    const rule = why === undefined ? {} : { rule: why };
    if (reasonCode < 0x80) {
      this.#log.info("Client subscribed", { ...fields, granted: reasonCode, ...rule });
    } else {
      const reason = reasonCodeName(reasonCode);
      this.#log.info("Subscription refused", { ...fields, reason, ...rule });
    }
  }

  /** {@linkcode Observer.unsubscribed} */
  unsubscribed(connection: Connection, topicFilter: string, reasonCode: number): void {
    if (!this.#types.has("unsubscribe")) return;
    const reason = reasonCode === 0 ? {} : { reason: reasonCodeName(reasonCode) };
    this.#log.info("Client unsubscribed", { ...whoIs(connection), topicFilter, ...reason });
  }
}

function whoIs({ identity }: Connection): Record<string, unknown> {
  const { clientId, userName } = identity!;
  return { clientId, ...userName === undefined ? {} : { userName } };
}
