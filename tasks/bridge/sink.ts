/**
 * A remote broker that costs next to nothing, so that what limits a measurement is the bridge: it lets anybody in, counts PUBLISH packets,
 * acknowledges QoS 1, and has no session and no subscriber.
 *
 * @module
 */
import { FirstByte, frameLength } from "../../lib/codec/mod.ts";

const BUFFER_BYTES = 256 * 1024;
const PACKET_TYPE = { connect: 1, publish: 3, subscribe: 8, unsubscribe: 10, pingreq: 12 };

/** Takes what a bridge sends. */
export class BridgeSink {
  /** PUBLISH packets that have come. */
  received = 0;
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  readonly #listener: Deno.TcpListener;

  /** Listens at once; port 0: at a free one. */
  constructor(port = 0) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.port = this.#listener.addr.port;
    void this.#accept();
  }

  /** Listens no more. */
  close(): void {
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#serve(conn).catch(() => {}).finally(() => conn.close());
    }
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(BUFFER_BYTES);
    const answers = new Answers();
    let end = 0;
    for (;;) {
      const count = await conn.read(buffer.subarray(end));
      if (count === null) return;
      end += count;
      let start = 0;
      for (;;) {
        const length = frameLength(buffer, start, end, Infinity);
        if (length === 0 || start + length > end) break;
        this.#handle(buffer, start, answers);
        start += length;
      }
      buffer.copyWithin(0, start, end);
      end -= start;
      const bytes = answers.take();
      for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    }
  }

  #handle(bytes: Uint8Array, start: number, answers: Answers): void {
    const first = bytes[start]!;
    const bodyAt = start + headBytes(bytes, start);
    const id = [bytes[bodyAt]!, bytes[bodyAt + 1]!];
    switch (first >> 4) {
      case PACKET_TYPE.publish: {
        this.received++;
        if ((first & 6) === 0) return;
        const idAt = bodyAt + 2 + (bytes[bodyAt]! << 8 | bytes[bodyAt + 1]!);
        return answers.put(FirstByte.Puback, 2, bytes[idAt]!, bytes[idAt + 1]!);
      }
      case PACKET_TYPE.connect:
        // Behind the protocol's name; a bridge of mosquitto sets the first bit.
        answers.isV5 = (bytes[bodyAt + 6]! & 0x7f) === 5;
        return answers.isV5 ? answers.put(0x20, 3, 0, 0, 0) : answers.put(0x20, 2, 0, 0);
      case PACKET_TYPE.subscribe:
        return answers.isV5 ? answers.put(0x90, 4, ...id, 0, 0) : answers.put(0x90, 3, ...id, 0);
      case PACKET_TYPE.unsubscribe:
        return answers.isV5 ? answers.put(0xb0, 4, ...id, 0, 0) : answers.put(0xb0, 2, ...id);
      case PACKET_TYPE.pingreq:
        return answers.put(0xd0, 0);
    }
  }
}

/** Bytes that are written together. */
class Answers {
  isV5 = false;
  #bytes = new Uint8Array(BUFFER_BYTES);
  #length = 0;

  put(...bytes: readonly number[]): void {
    for (const byte of bytes) this.#bytes[this.#length++] = byte;
  }

  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }
}

function headBytes(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (bytes[at]! >= 0x80) at++;
  return at + 1 - start;
}
