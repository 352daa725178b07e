/**
 * Sends datagrams to a Unix socket, one after the other, as syslog and service managers expect. Our own socket has a name in Linux's
 * abstract namespace, so that no file is left behind.
 */
export class Datagrams {
  readonly #path: string;
  readonly #socket: Deno.DatagramConn;
  #sending: Promise<unknown> = Promise.resolve();

  /** `path` is the socket of the receiver; a leading zero byte makes it an abstract name. Throws on systems without such sockets. */
  constructor(path: string) {
    if (Deno.build.os !== "linux") {
      throw new Deno.errors.NotSupported("Only Linux has such sockets");
    }
    this.#path = path;
    // This function is unstable in Deno: it throws `TypeError` if the program was started without its configuration file.
    this.#socket = Deno.listenDatagram({
      transport: "unixpacket",
      path: `\0flux-mqtt-${crypto.randomUUID()}`,
    });
  }

  /** Resolves when the system has accepted the datagram; rejects if nobody receives it. */
  send(bytes: Uint8Array): Promise<void> {
    const address = { transport: "unixpacket", path: this.#path } as const;
    const sent = this.#sending.then(async () => void await this.#socket.send(bytes, address));
    this.#sending = sent.catch(() => {});
    return sent;
  }

  /** Resolves when all datagrams have been sent. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  /** Sends the remaining datagrams, then closes the socket. */
  async close(): Promise<void> {
    await this.#sending;
    this.#socket.close();
  }
}
