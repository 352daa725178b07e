import { decodePacket, encodePacket, frameLength, type Packet } from "../../lib/codec/mod.ts";

/** The broker's end of one client connection, for tests that control the broker's answers. 5.0 only. */
export class FakeBroker {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #conn: Deno.TcpConn | undefined;
  #buffer = new Uint8Array();

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Waits for the client. */
  async accept(): Promise<void> {
    this.#conn = await this.#listener.accept();
    this.#conn.setNoDelay(true);
  }

  /** The client's next packet; `undefined` if it has closed. */
  async next(): Promise<Packet | undefined> {
    for (;;) {
      const length = frameLength(this.#buffer, 0, this.#buffer.length, 0x0fffffff);
      if (length > 0 && length <= this.#buffer.length) {
        const packet = decodePacket(this.#buffer.slice(0, length), 0, length, 5);
        this.#buffer = this.#buffer.slice(length);
        return packet;
      }
      const chunk = new Uint8Array(4096);
      const count = await this.#conn!.read(chunk).catch(() => null);
      if (count === null) return undefined;
      this.#buffer = Uint8Array.from([...this.#buffer, ...chunk.subarray(0, count)]);
    }
  }

  /** Accepts the client: reads CONNECT, answers CONNACK. */
  async welcome(properties: Extract<Packet, { type: "connack" }>["properties"] = {}) {
    await this.accept();
    const connect = await this.next();
    await this.send({ type: "connack", sessionPresent: false, reasonCode: 0, properties });
    return connect;
  }

  async send(...packets: readonly Packet[]): Promise<void> {
    for (const packet of packets) await this.write(encodePacket(packet, 5));
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn!.write(bytes.subarray(at));
  }

  /** Closes the connection. */
  close(): void {
    this.#conn?.close();
    this.#conn = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
    this.#listener.close();
  }
}
