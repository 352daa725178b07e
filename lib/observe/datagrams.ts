/**
 * Sends datagrams to a Unix socket, one after the other: what syslog and service managers are told. The own end has an abstract name,
 * so that no file is left behind; that is Linux's.
 */
export class Datagrams {
  readonly #path: string;
  readonly #socket: Deno.DatagramConn;
  #sending: Promise<unknown> = Promise.resolve();

  /** `path`: where they go; a leading zero byte is an abstract name. Throws where the system has no such sockets. */
  constructor(path: string) {
    if (Deno.build.os !== "linux") {
      throw new Deno.errors.NotSupported("Only Linux has such sockets");
    }
    this.#path = path;
    // Unstable: throws `TypeError` where the program runs without its configuration file.
    this.#socket = Deno.listenDatagram({
      transport: "unixpacket",
      path: `\0flux-mqtt-${crypto.randomUUID()}`,
    });
  }

  /** Resolves when the system has taken it; rejects where nobody receives. */
  send(bytes: Uint8Array): Promise<void> {
    const address = { transport: "unixpacket", path: this.#path } as const;
    const sent = this.#sending.then(async () => void await this.#socket.send(bytes, address));
    this.#sending = sent.catch(() => {});
    return sent;
  }

  /** Resolves when nothing is under way. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  /** Sends what is to be sent, and ends. */
  async close(): Promise<void> {
    await this.#sending;
    this.#socket.close();
  }
}
