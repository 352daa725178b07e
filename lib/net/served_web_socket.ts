import type { ByteStream } from "./byte_stream.ts";

/** The most bytes received and not read. With more, the connection is closed. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
/** What a frame costs beside its bytes: two objects. */
const FRAME_BYTES = 256;
/** With more unsent bytes than this, the next write waits. */
const MAX_UNSENT_BYTES = 256 * 1024;
/** Time between two checks for room, milliseconds: WebSockets have no event for it. */
const LOOK_MS = 20;

/** The options of a {@linkcode ServedWebSocket}. */
export interface ServedWebSocketInit {
  /**
   * Milliseconds between two frames when there is much to send. Packets that come meanwhile share the next frame, because a frame costs a
   * browser more than the messages in it. After a pause in traffic the first frame is sent at once. Default: 0.
   */
  readonly pauseMs?: number;
}

/**
 * A WebSocket opened by Deno's HTTP server, as a stream of bytes. Its message boundaries have no meaning. [MQTT-6.0.0-2] Such a socket
 * cannot be told to stop reading, so the unread bytes are limited here.
 */
export class ServedWebSocket implements ByteStream {
  readonly #socket: WebSocket;
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #isEnded = false;
  /** Wakes the read that waits for bytes. */
  #wake: (() => void) | undefined;
  readonly #pauseMs: number;
  #sentMs = -Infinity;
  /** The pause after a frame, and the callback for its end. */
  #pause: { readonly timer: ReturnType<typeof setTimeout>; readonly over: () => void } | undefined;

  /** `socket` may still be opening. */
  constructor(socket: WebSocket, { pauseMs = 0 }: ServedWebSocketInit = {}) {
    this.#socket = socket;
    this.#pauseMs = pauseMs;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    for (const event of ["close", "error"]) socket.addEventListener(event, () => this.#end());
  }

  /** {@linkcode ByteStream.read} */
  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#unread.length === 0) {
      if (this.#isEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const first = this.#unread[0]!;
    const count = Math.min(first.length, buffer.length);
    buffer.set(first.subarray(0, count));
    this.#unreadBytes -= count;
    if (count < first.length) this.#unread[0] = first.subarray(count);
    else {
      this.#unread.shift();
      this.#unreadBytes -= FRAME_BYTES;
    }
    return count;
  }

  /** {@linkcode ByteStream.write} */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    this.#failUnlessOpen();
    // Copied, because the caller reuses its buffer after this call.
    this.#socket.send(bytes.slice());
    if (this.#pauseMs > 0) await this.#rest();
    while (this.#socket.bufferedAmount > MAX_UNSENT_BYTES) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      this.#failUnlessOpen();
    }
    return bytes.length;
  }

  /** {@linkcode ByteStream.closeWrite} */
  closeWrite(): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  /** {@linkcode ByteStream.close} */
  close(): void {
    this.#close();
    this.#end();
  }

  #receive(data: unknown): void {
    // Only binary frames carry MQTT; any other ends the connection. [MQTT-6.0.0-1]
    if (!(data instanceof ArrayBuffer)) return this.close();
    if (data.byteLength === 0) return;
    this.#unread.push(new Uint8Array(data));
    this.#unreadBytes += data.byteLength + FRAME_BYTES;
    if (this.#unreadBytes > MAX_UNREAD_BYTES) return this.close();
    this.#tell();
  }

  /** Waits for the end of the pause after the last frame. */
  async #rest(): Promise<void> {
    const nowMs = performance.now();
    const leftMs = this.#sentMs + this.#pauseMs - nowMs;
    this.#sentMs = Math.max(nowMs, this.#sentMs + this.#pauseMs);
    if (leftMs <= 0 || this.#isEnded) return;
    await new Promise<void>((over) => this.#pause = { timer: setTimeout(over, leftMs), over });
    this.#pause = undefined;
  }

  #end(): void {
    this.#isEnded = true;
    clearTimeout(this.#pause?.timer);
    this.#pause?.over();
    this.#tell();
  }

  #tell(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #failUnlessOpen(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      throw new Error("Cannot write: the WebSocket is closed");
    }
  }

  #close(): void {
    const { readyState } = this.#socket;
    if (readyState === WebSocket.OPEN || readyState === WebSocket.CONNECTING) {
      this.#socket.close(1000);
    }
  }
}
