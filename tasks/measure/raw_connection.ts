import { encodeText } from "../../lib/codec/mod.ts";

const FirstByte = { Connect: 0x10, Subscribe: 0x82, Disconnect: 0xe0 } as const;

/** A connection of 3.1.1 that is as fast as it can be, and understands what this measurement needs. */
export class RawConnection {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(256 * 1024);

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Resumes the session of this name, or begins one that ends with the connection. */
  static async open(port: number, clientId: string, isClean = false): Promise<RawConnection> {
    const conn = await Deno.connect({ port });
    const connection = new RawConnection(conn);
    const id = encodeText(clientId);
    const head = [0, 4, 77, 81, 84, 84, 4, isClean ? 2 : 0, 0, 0, id.length >> 8, id.length & 0xff];
    await connection.write(
      Uint8Array.of(FirstByte.Connect, head.length + id.length, ...head, ...id),
    );
    return connection;
  }

  /** Writes all of it. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** Subscribes with a short filter; the SUBACK has 5 bytes. */
  async subscribe(filter: Uint8Array, qos: number): Promise<void> {
    const body = Uint8Array.of(0, 1, 0, filter.length, ...filter, qos);
    await this.write(Uint8Array.of(FirstByte.Subscribe, body.length, ...body));
  }

  /** What has come, valid until the next call. */
  async read(from = 0): Promise<Uint8Array> {
    const count = await this.#conn.read(this.#buffer.subarray(from));
    if (count === null) throw new Error("The broker has closed the connection");
    return this.#buffer.subarray(0, from + count);
  }

  /** Reads so many bytes and forgets them. */
  async skip(sizeBytes: number): Promise<void> {
    while (sizeBytes > 0) sizeBytes -= (await this.read()).length;
    if (sizeBytes < 0) throw new Error("More has come than was expected");
  }

  /** What is at the end of the buffer is at its beginning from now on. */
  keep(rest: Uint8Array): number {
    this.#buffer.copyWithin(0, rest.byteOffset, rest.byteOffset + rest.length);
    return rest.length;
  }

  /** Says that it leaves, and does. */
  async close(): Promise<void> {
    await this.write(Uint8Array.of(FirstByte.Disconnect, 0));
    this.#conn.close();
  }
}
