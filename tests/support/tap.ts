import {
  decodePacket,
  frameLength,
  type Packet,
  type ProtocolVersion,
} from "../../lib/codec/mod.ts";

/** The direction of a packet: from the side that connects (`out`), or to it (`in`). */
export type TapWay = "out" | "in";

/** A relay between a client and its broker that reports every packet of 5.0. */
export class Tap {
  /** The port where clients connect, on 127.0.0.1. */
  readonly port: number;
  readonly #listener: Deno.TcpListener;

  /** `to` is the broker's port; `hear` gets each packet before it is passed on. */
  constructor(to: number, hear: (way: TapWay, packet: Packet) => void) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    void this.#accept(to, hear);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }

  async #accept(to: number, hear: (way: TapWay, packet: Packet) => void): Promise<void> {
    for await (const near of this.#listener) {
      try {
        const far = await Deno.connect({ hostname: "127.0.0.1", port: to });
        const close = () => [near, far].forEach((conn) => tryClose(conn));
        carry(near, far, (packet) => hear("out", packet)).catch(() => {}).finally(close);
        carry(far, near, (packet) => hear("in", packet)).catch(() => {}).finally(close);
      } catch {
        near.close(); // The broker does not run.
      }
    }
  }
}

async function carry(
  from: Deno.Conn,
  to: Deno.Conn,
  hear: (packet: Packet) => void,
  version: ProtocolVersion = 5,
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  let left: Uint8Array = new Uint8Array(0);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    const bytes = new Uint8Array(left.length + count);
    bytes.set(left);
    bytes.set(buffer.subarray(0, count), left.length);
    let at = 0;
    for (;;) {
      const length = frameLength(bytes, at, bytes.length, Infinity);
      if (length === 0 || at + length > bytes.length) break;
      hear(decodePacket(bytes, at, at + length, version));
      at += length;
    }
    left = bytes.slice(at);
    for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
  }
}

function tryClose(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}
