/** A SOCKS5 proxy (RFC 1928, RFC 1929) of the tests, which connects to this machine alone, whatever the name. */
export class SocksProxy implements AsyncDisposable {
  /** Where each client wanted to go: `HOST:PORT`. */
  readonly asked: string[] = [];
  /** Names and passwords that were shown: `NAME:PASSWORD`. */
  readonly shown: string[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #password: string | undefined;
  readonly #open = new Set<Deno.Conn>();
  readonly #running: Promise<void>;

  /** `password`: `NAME:PASSWORD` that it wants; absent: nothing. */
  constructor(password?: string) {
    this.#password = password;
    this.#running = this.#run();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #run(): Promise<void> {
    const served: Promise<void>[] = [];
    for await (const conn of this.#listener) {
      this.#open.add(conn);
      served.push(this.#serve(conn).catch(() => {}).finally(() => this.#close(conn)));
    }
    await Promise.all(served);
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const [, count = 0] = await take(conn, 2);
    const methods = await take(conn, count);
    const method = this.#password === undefined ? 0 : methods.includes(2) ? 2 : 0xff;
    await conn.write(new Uint8Array([5, method]));
    if (method === 0xff) return;
    if (method === 2) {
      await take(conn, 1);
      const shown = `${await text(conn)}:${await text(conn)}`;
      this.shown.push(shown);
      await conn.write(new Uint8Array([1, Number(shown !== this.#password)]));
      if (shown !== this.#password) return;
    }
    const [, , , type] = await take(conn, 4);
    const host = type === 1 ? (await take(conn, 4)).join(".") : await text(conn);
    const [high = 0, low = 0] = await take(conn, 2);
    const port = high << 8 | low;
    this.asked.push(`${host}:${port}`);
    const reply = (code: number) => conn.write(new Uint8Array([5, code, 0, 1, 0, 0, 0, 0, 0, 0]));
    const far = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (far === undefined) return void await reply(5);
    this.#open.add(far);
    await reply(0);
    const ends = () => (this.#close(conn), this.#close(far));
    const pipes = [
      conn.readable.pipeTo(far.writable),
      far.readable.pipeTo(conn.writable),
    ].map((pipe) => pipe.catch(() => {}).then(ends));
    await Promise.all(pipes);
  }

  #close(conn: Deno.Conn): void {
    if (!this.#open.delete(conn)) return;
    try {
      conn.close();
    } catch {
      // Its stream has closed it.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of [...this.#open]) this.#close(conn);
    await this.#running;
  }
}

async function take(conn: Deno.Conn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) throw new Error("The client is gone");
    at += count;
  }
  return bytes;
}

async function text(conn: Deno.Conn): Promise<string> {
  const [length = 0] = await take(conn, 1);
  return new TextDecoder().decode(await take(conn, length));
}
