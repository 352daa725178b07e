import { type ClientWebSocket, nameOfPlace, type Place } from "./place.ts";
import { ClientError } from "./protocol/client_error.ts";
import { type ClientStream, tryClose } from "./stream.ts";

/** A write waits while more than this has not left: so much of it is in memory at most. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** How often what has not left is looked at, milliseconds: nothing tells when it has. */
const DRAIN_MS = 5;

/** Deno's own, with what it takes beyond the browsers'; written out, since other types of WebSocket may be in the program. */
type DenoWebSocket = new (
  url: string,
  options: {
    readonly protocols: readonly string[];
    readonly headers?: Readonly<Record<string, string>>;
    readonly client?: Deno.HttpClient;
  },
) => WebSocket;

/** Opens a WebSocket on Deno's own, which offers the subprotocol `mqtt`. [MQTT-6.0.0-3] */
export async function openWebSocket(
  place: Place,
  { headers }: ClientWebSocket,
  signal: AbortSignal,
): Promise<ClientStream> {
  const client = httpClientOf(place);
  const where = nameOfPlace(place);
  const url = place.unixPath === undefined
    ? where
    : `ws://localhost${place.webSocket?.path ?? "/mqtt"}`;
  const socket = new (WebSocket as unknown as DenoWebSocket)(url, {
    protocols: ["mqtt"],
    ...headers === undefined ? {} : { headers },
    ...client === undefined ? {} : { client },
  });
  socket.binaryType = "arraybuffer";
  const stream = new WebSocketStreamOfClient(socket, client);
  signal.addEventListener("abort", () => tryClose(stream), { once: true });
  try {
    await stream.opened;
    return stream;
  } catch (error) {
    client?.close();
    throw error;
  }
}

/** Certificates, and Unix sockets, are a matter of an HTTP client. */
function httpClientOf({ tls, unixPath }: Place): Deno.HttpClient | undefined {
  if (unixPath !== undefined) {
    return Deno.createHttpClient({ proxy: { transport: "unix", path: unixPath } });
  }
  if (tls === undefined) return undefined;
  if (tls.insecure === true || tls.serverName !== undefined) {
    throw new ClientError(
      "certificate",
      "Cannot use insecure or serverName with wss://: Deno's WebSocket checks the name that it calls",
    );
  }
  const { caCerts, cert, key } = tls;
  return Deno.createHttpClient({
    ...caCerts === undefined ? {} : { caCerts: [...caCerts] },
    ...cert === undefined || key === undefined ? {} : { cert, key },
  });
}

/** The binary frames of a WebSocket as a stream. */
class WebSocketStreamOfClient implements ClientStream {
  readonly opened: Promise<void>;
  readonly #socket: WebSocket;
  readonly #client: Deno.HttpClient | undefined;
  /** What has come and was not read. */
  readonly #chunks: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #end: Error | null | undefined;

  constructor(socket: WebSocket, client: Deno.HttpClient | undefined) {
    this.#socket = socket;
    this.#client = client;
    const opened = Promise.withResolvers<void>();
    this.opened = opened.promise;
    socket.onopen = () => opened.resolve();
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.#chunks.push(new Uint8Array(data));
      else this.#finish(new Error("The broker sent text in a WebSocket"));
      this.#wake?.();
    };
    socket.onerror = (event) => {
      const { message } = event as ErrorEvent;
      const error = new Error(message === "" ? "The WebSocket failed" : message);
      opened.reject(error);
      this.#finish(error);
    };
    socket.onclose = () => {
      opened.reject(new ClientError("closed", "The WebSocket was closed"));
      this.#finish(null);
    };
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#end === null) return null;
      if (this.#end !== undefined) throw this.#end;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const [first] = this.#chunks as [Uint8Array];
    const count = Math.min(first.length, buffer.length);
    buffer.set(first.subarray(0, count));
    if (count === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#end !== undefined) throw this.#end ?? new Error("The WebSocket was closed");
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
    while (this.#socket.bufferedAmount > HIGH_WATER_BYTES && this.#end === undefined) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
    }
    return bytes.length;
  }

  close(): void {
    this.#finish(null);
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close();
  }

  #finish(end: Error | null): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#client?.close();
    this.#wake?.();
  }
}
