/** Stands between clients and brokers as a load balancer does: clients have one address, and come to whichever broker is the present one. */
export class Balancer {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  #target: number;

  /** `target`: the port of the broker that clients come to. */
  constructor(target: number) {
    this.#target = target;
    void this.#accept();
  }

  /** Where clients connect. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Cuts all connections, and hands new ones to another broker. */
  moveTo(target: number): void {
    this.#target = target;
    this.cut();
  }

  /** Cuts all connections. */
  cut(): void {
    for (const connection of this.#open) close(connection);
    this.#open.clear();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.cut();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#open.add(client);
      void this.#join(client);
    }
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    let broker: Deno.TcpConn;
    try {
      broker = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    } catch {
      this.#open.delete(client);
      return close(client);
    }
    if (!this.#open.has(client)) return close(broker);
    this.#open.add(broker);
    await Promise.allSettled([pump(client, broker), pump(broker, client)]);
    for (const one of [client, broker]) {
      this.#open.delete(one);
      close(one);
    }
  }
}

async function pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(16 * 1024);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    }
  } finally {
    close(from);
    close(to);
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
