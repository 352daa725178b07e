import { strict as assert } from "node:assert";
import type { BrokerOptions, ListenerOptions, LogPort } from "../../lib/broker/mod.ts";
import {
  type ListenInit,
  loadTls,
  Server,
  type TlsInit,
  type Transport,
} from "../../lib/net/mod.ts";

/** How long connections may take to end after their clients have, milliseconds. */
const SETTLE_LIMIT_MS = 3000;

/** The real server in this process, on a free port, so that tests can inspect it. */
export class LocalServer {
  readonly server: Server;
  readonly port: number;
  /** Its log lines, without the fields. */
  readonly log: string[] = [];
  /** Its log lines with the fields. */
  readonly details: string[] = [];
  readonly #logPort: LogPort;

  constructor(
    options: Partial<BrokerOptions> = {},
    listener: Partial<ListenerOptions> = {},
    transport?: Transport,
  ) {
    const say: LogPort["info"] = (message, fields) => {
      this.log.push(message);
      this.details.push(`${message} ${JSON.stringify(fields ?? {})}`);
    };
    this.#logPort = { debugOn: false, debug: say, info: say, warning: say, error: say };
    const log = this.#logPort;
    this.server = new Server({ options, log, ...transport === undefined ? {} : { transport } });
    this.port = this.server.listen({ port: 0, options: listener });
  }

  get broker(): Server["broker"] {
    return this.server.broker;
  }

  /** Opens another listener of the same broker, on a free port, with anonymous clients allowed. */
  async listen(init: ListenInit, tls?: TlsInit): Promise<number> {
    return this.server.listen({
      ...init,
      ...tls === undefined ? {} : { tls: await loadTls(tls, this.#logPort) },
    });
  }

  /** Waits until something holds. */
  async until(holds: () => boolean, limitMs = 3000): Promise<void> {
    const startMs = performance.now();
    while (!holds()) {
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs < limitMs, `Not so after ${limitMs} ms: ${holds}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Waits until only `connectionCount` clients are left, and no traces of the others. */
  async settle(connectionCount = 0): Promise<void> {
    const { server, broker } = this;
    await this.until(() => server.connectionCount === connectionCount, SETTLE_LIMIT_MS);
    assert.equal(broker.connections.size, connectionCount);
    assert.equal(broker.levels.connectedCount, connectionCount);
    if (connectionCount > 0) return;
    assert.equal(broker.levels.bufferedBytes, 0);
    assert.equal(broker.levels.queuedBytes, 0);
    assert.equal(broker.core.router.size, 0, "Subscriptions of sessions that are gone");
    assert.equal(broker.clients.size, 0);
    assert.equal(broker.core.deadlines.size, 0);
  }

  /** Closes the server and checks that nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.settle();
    } finally {
      await this.server.close();
    }
  }
}
