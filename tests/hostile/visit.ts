import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { clientFrame, upgradeRequest } from "../support/raw_web_socket.ts";
import type { Door } from "./doors.ts";

/** What a PROXY listener waits for. */
const PROXY_HEADER = new TextEncoder().encode("PROXY TCP4 192.0.2.7 192.0.2.8 40000 1883\r\n");

/** A connection as an attacker wants it: everything about it may be left undone, and it can be reset. */
export class Visit {
  readonly door: Door;
  readonly #socket: Socket;
  /** What MQTT travels on: the socket, or the TLS stream over it. */
  #stream: Socket;
  /** Between the two. */
  #wire: Wire | undefined;
  /** When it resolves nothing is waited for any more. */
  readonly #over: Promise<void>;
  /** Resolves when the connection is over, whoever ended it. */
  readonly gone: Promise<void>;
  isGone = false;

  /** Opens the socket and says nothing. When `over` resolves nothing is waited for any more, and the connection stays as it is. */
  static async open(door: Door, over: Promise<void>): Promise<Visit> {
    const socket = connect({ ...door.where, allowHalfOpen: true, noDelay: true });
    const visit = new Visit(door, socket, over);
    await visit.#until((resolve) => socket.once("connect", resolve));
    return visit;
  }

  private constructor(door: Door, socket: Socket, over: Promise<void>) {
    this.door = door;
    this.#over = over;
    this.#socket = this.#stream = socket;
    this.gone = new Promise((resolve) => {
      socket.once("close", () => {
        this.isGone = true;
        resolve();
      });
    });
    // However it ends, `gone` tells.
    socket.on("error", () => {});
  }

  /** Does what MQTT needs: PROXY header, TLS handshake, request for a WebSocket. Waits for no answer but that of TLS. */
  async enter(): Promise<void> {
    const { isProxied, isSecure, isWebSocket } = this.door;
    if (isProxied) await this.write(PROXY_HEADER);
    if (isSecure) await this.#secure();
    if (isWebSocket) await this.write(new TextEncoder().encode(upgradeRequest()));
  }

  /** MQTT, in the frame of a WebSocket where this is one. */
  frame(packets: Uint8Array): Uint8Array {
    return this.door.isWebSocket ? clientFrame(2, packets) : packets;
  }

  /** Writes as much as the broker takes; returns when there is room for more, or the connection is gone. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.isGone || !this.#stream.writable) return;
    await this.#until((resolve) => this.#stream.write(bytes, () => resolve()));
  }

  /** Takes no more from the network, for which it is not enough not to `listen`: TLS takes all there is, wanted or not. */
  deafen(): void {
    if (this.#wire !== undefined) this.#wire.isDeaf = true;
  }

  /** Reads, so that the broker's end is seen: who does not call this never reads. */
  listen(): void {
    this.#stream.resume();
    this.#stream.once("end", () => this.leave());
  }

  /** Ends this direction only. */
  halfClose(): void {
    this.#stream.end();
  }

  /** In order. */
  leave(): void {
    this.#stream.destroy();
    this.#socket.destroy();
  }

  /** With a TCP reset, whatever is under way. */
  reset(): void {
    if (!this.isGone) this.#socket.resetAndDestroy();
    this.#stream.destroy();
  }

  async #secure(): Promise<void> {
    this.#wire = new Wire(this.#socket);
    const stream = connectTls({
      socket: this.#wire,
      rejectUnauthorized: false,
      ...this.door.isWebSocket ? {} : { ALPNProtocols: ["mqtt"] },
    });
    stream.on("error", () => {});
    this.#stream = stream;
    await this.#until((resolve) => stream.once("secureConnect", resolve));
  }

  #until(begin: (resolve: () => void) => void): Promise<void> {
    return Promise.race([new Promise<void>(begin), this.gone, this.#over]);
  }
}

/** The socket as TLS sees it: it can be cut off from what comes. */
class Wire extends Duplex {
  readonly #socket: Socket;
  isDeaf = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on("readable", () => this._read());
    socket.once("end", () => this.push(null));
  }

  override _read(): void {
    if (this.isDeaf) return;
    const bytes = this.#socket.read();
    if (bytes !== null) this.push(bytes);
  }

  override _write(
    bytes: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.write(bytes, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }
}

/** What each kind of listener waits for first: a stranger can send it byte by byte, or break it off. */
export async function firstBytes(door: Door): Promise<Uint8Array> {
  if (door.isProxied) return PROXY_HEADER;
  if (door.isSecure) return await clientHello();
  return new TextEncoder().encode(upgradeRequest());
}

/** A ClientHello as Deno sends it. */
async function clientHello(): Promise<Uint8Array> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connecting = Deno.connectTls({ hostname: "127.0.0.1", port: listener.addr.port });
  const [client, server] = await Promise.all([connecting, listener.accept()]);
  const shaking = client.handshake().catch(() => {});
  const buffer = new Uint8Array(4096);
  const count = await server.read(buffer) ?? 0;
  server.close();
  await shaking;
  client.close();
  return buffer.slice(0, count);
}
