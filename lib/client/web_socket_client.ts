import { ReasonCode } from "../codec/mod.ts";
import { type ClientWebSocket, nameOfPlace, type Place } from "./place.ts";
import { ClientError } from "./protocol/client_error.ts";
import { type ClientStream, writeAll } from "./stream.ts";
import { encodeMaskedFrame, Opcode, ServerFrames } from "./web_socket_frames.ts";

/** The most bytes of an answer to our request. */
const MAX_HEAD_BYTES = 16 * 1024;
/** The most bytes of payload in one of our frames. */
const FRAME_BYTES = 64 * 1024;
/** The fixed text of RFC 6455 section 1.3, by which an answer proves that the server knows the protocol. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Asks for a WebSocket of the subprotocol `mqtt` over a stream that is open [MQTT-6.0.0-3]; throws a `ClientError`. */
export async function openWebSocket(
  below: ClientStream,
  place: Place,
  webSocket: ClientWebSocket,
): Promise<ClientStream> {
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  await writeAll(below, requestOf(place, webSocket, key));
  const { head, rest } = await readHead(below);
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = new Map(lines.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
  }));
  const status = Number(/^HTTP\/1\.1 (\d{3})\b/.exec(statusLine)?.[1] ?? 0);
  const where = nameOfPlace(place);
  if (status === 401 || status === 403) {
    const message = `${where} refused the WebSocket: ${status}`;
    throw new ClientError("refused", message, ReasonCode.NotAuthorized);
  }
  const isWell = status === 101 && headers.get("sec-websocket-accept") === await acceptOf(key) &&
    headers.get("sec-websocket-protocol") === "mqtt"; // [MQTT-6.0.0-4]
  if (isWell) return new WebSocketClientStream(below, rest);
  const fault = status === 101 ? "its answer is not for MQTT" : statusLine.slice(0, 80);
  throw new ClientError("protocol", `${where} opens no WebSocket: ${fault}`);
}

function requestOf(
  { hostname, port, tls }: Place,
  { path = "/mqtt", headers = {} }: ClientWebSocket,
  key: string,
): Uint8Array {
  const isStandard = port === 0 || port === (tls === undefined ? 80 : 443);
  const name = hostname.includes(":") ? `[${hostname}]` : hostname;
  const all = {
    Host: isStandard ? name : `${name}:${port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": key,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "mqtt",
    ...headers,
  };
  const lines = Object.entries(all).map(([header, value]) => `${header}: ${value}`);
  const wrong = [path, ...lines].find((line) => /[\r\n]/.test(line));
  if (wrong !== undefined) throw new TypeError(`Cannot send ${JSON.stringify(wrong)}: a line ends`);
  return new TextEncoder().encode([`GET ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
}

async function readHead(below: ClientStream): Promise<{ head: string; rest: Uint8Array }> {
  const bytes = new Uint8Array(MAX_HEAD_BYTES);
  for (let length = 0; length < bytes.length;) {
    const count = await below.read(bytes.subarray(length));
    if (count === null) throw new ClientError("closed", "The broker closed the connection");
    // Only what is new is looked at: a broker may send it byte by byte.
    const from = Math.max(0, length - 3);
    length += count;
    const end = endOfHead(bytes, from, length);
    if (end < 0) continue;
    const head = String.fromCharCode(...bytes.subarray(0, end));
    return { head, rest: bytes.slice(end + 4, length) };
  }
  throw new ClientError("protocol", "The broker's answer to the WebSocket request has no end");
}

/** Where the empty line begins that ends an answer, from `from` on; -1: it is not there. */
function endOfHead(bytes: Uint8Array, from: number, length: number): number {
  for (let at = from; at + 3 < length; at++) {
    const isEnd = bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13;
    if (isEnd && bytes[at + 3] === 10) return at;
  }
  return -1;
}

async function acceptOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + GUID));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/** The payload of binary frames as a stream. */
class WebSocketClientStream implements ClientStream {
  readonly #below: ClientStream;
  readonly #frames = new ServerFrames();
  /** Frames that came with the answer. */
  #early: Uint8Array;
  #isPonging = false;
  /** One frame is written at a time. */
  #writing: Promise<void> = Promise.resolve();

  constructor(below: ClientStream, early: Uint8Array) {
    this.#below = below;
    this.#early = early;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    const frames = this.#frames;
    while (frames.ending === undefined) {
      const count = this.#takeEarly(buffer) ?? await this.#below.read(buffer);
      if (count === null) return null;
      const payloadBytes = frames.read(buffer, count);
      // One Pong at a time: a server that reads none shall not make them pile up.
      if (frames.ping !== undefined && !this.#isPonging) {
        this.#isPonging = true;
        const done = () => void (this.#isPonging = false);
        this.#send(Opcode.Pong, frames.ping).then(done, () => {}); // Reading fails as well, and tells the error.
        frames.ping = undefined;
      }
      if (payloadBytes > 0) return payloadBytes;
    }
    const { fault } = frames.ending;
    if (fault !== undefined) throw new ClientError("protocol", fault);
    return null;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const payload = bytes.subarray(0, FRAME_BYTES);
    await this.#send(Opcode.Binary, payload);
    return payload.length;
  }

  close(): void {
    this.#below.close();
  }

  #takeEarly(buffer: Uint8Array): number | undefined {
    if (this.#early.length === 0) return undefined;
    const count = Math.min(this.#early.length, buffer.length);
    buffer.set(this.#early.subarray(0, count));
    this.#early = this.#early.subarray(count);
    return count;
  }

  #send(opcode: number, payload: Uint8Array): Promise<void> {
    const mask = crypto.getRandomValues(new Uint8Array(4));
    const frame = encodeMaskedFrame(opcode, payload, mask);
    this.#writing = this.#writing.then(() => writeAll(this.#below, frame));
    return this.#writing;
  }
}
