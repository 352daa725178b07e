import { strict as assert } from "node:assert";
import { endOfRequest } from "../../lib/net/web_socket_handshake.ts";
import type { RawStream } from "./raw_client.ts";

/** A frame as the broker sent it. */
export interface RawFrame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly payload: Uint8Array;
}

/** The request of a client for a WebSocket; parts left out have valid defaults. */
export interface RequestInit {
  readonly path?: string;
  /** `""` to offer none. */
  readonly subprotocols?: string;
  /** Further header lines. */
  readonly headers?: readonly string[];
}

/** The example key of RFC 6455, which also gives the answer to it. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** The request that opens a WebSocket. */
export function upgradeRequest(init: RequestInit = {}): string {
  const { path = "/mqtt", subprotocols = "mqtt", headers = [] } = init;
  return [
    `GET ${path} HTTP/1.1`,
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Version: 13",
    ...subprotocols === "" ? [] : [`Sec-WebSocket-Protocol: ${subprotocols}`],
    ...headers,
    "",
    "",
  ].join("\r\n");
}

/** A frame of a client: masked, unless a test wants it otherwise. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array | string = "",
  { isLast = true, isMasked = true, reserved = 0 } = {},
): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const length = bytes.length < 126
    ? [bytes.length]
    : bytes.length < 65_536
    ? [126, bytes.length >> 8, bytes.length & 0xff]
    : [127, 0, 0, 0, 0, ...new Uint8Array(new Uint32Array([bytes.length]).buffer).toReversed()];
  const mask = isMasked ? [0x12, 0xfe, 0x00, 0x81] : [];
  const first = (isLast ? 0x80 : 0) | reserved | opcode;
  const header = [first, length[0]! | (isMasked ? 0x80 : 0), ...length.slice(1), ...mask];
  const frame = new Uint8Array(header.length + bytes.length);
  frame.set(header);
  bytes.forEach((byte, i) => frame[header.length + i] = byte ^ (mask[i % 4] ?? 0));
  return frame;
}

/** A WebSocket on which the test controls every byte. Pass it to `RawClient.over` for MQTT. */
export class RawWebSocket implements RawStream {
  readonly #stream: RawStream;
  #buffer = new Uint8Array(0);
  /** Payload that has been read from the stream but not by the test. */
  #rest = new Uint8Array(0);

  /** Sends the request, and expects to be accepted. */
  static async connect(port: number, init: RequestInit = {}): Promise<RawWebSocket> {
    return await RawWebSocket.over(await Deno.connect({ hostname: "127.0.0.1", port }), init);
  }

  /** Sends the request over an open connection, and expects to be accepted. */
  static async over(stream: RawStream, init: RequestInit = {}): Promise<RawWebSocket> {
    const socket = new RawWebSocket(stream);
    await socket.send(new TextEncoder().encode(upgradeRequest(init)));
    const response = await socket.readResponse();
    assert.match(response, /^HTTP\/1\.1 101 /);
    // Header names may be in lower case, as Deno's own server writes them.
    assert.match(
      response,
      new RegExp(`\r\nSec-WebSocket-Accept: ${RegExp.escape(ACCEPT)}\r\n`, "i"),
    );
    return socket;
  }

  constructor(stream: RawStream) {
    this.#stream = stream;
  }

  /** Sends bytes as they are. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#stream.write(bytes.subarray(at));
  }

  /** The HTTP response: its first line and headers. */
  async readResponse(): Promise<string> {
    while (endOfRequest(this.#buffer) < 0) {
      if (!await this.#fill()) break;
    }
    const end = endOfRequest(this.#buffer);
    assert.ok(end > 0, "The connection ended within the response");
    const head = new TextDecoder().decode(this.#buffer.subarray(0, end));
    this.#buffer = this.#buffer.slice(end);
    return head;
  }

  /** The next frame; `undefined` if the connection has ended. */
  async readFrame(): Promise<RawFrame | undefined> {
    const [first = 0, second = 0] = await this.#need(2) ? this.#buffer : [];
    if (this.#buffer.length < 2) return undefined;
    assert.equal(second & 0x80, 0, "A server does not mask");
    const headerBytes = second < 126 ? 2 : second === 126 ? 4 : 10;
    assert.ok(await this.#need(headerBytes));
    const view = new DataView(this.#buffer.buffer);
    const length = second < 126 ? second : second === 126 ? view.getUint16(2) : view.getUint32(6);
    assert.ok(await this.#need(headerBytes + length));
    const payload = this.#buffer.slice(headerBytes, headerBytes + length);
    this.#buffer = this.#buffer.slice(headerBytes + length);
    return { opcode: first & 0x0f, isLast: first >= 0x80, payload };
  }

  /** Reads to the end; returns the code of the Close frame, if there was one. */
  async readToEnd(): Promise<number | undefined> {
    let code: number | undefined;
    for (;;) {
      const frame = await this.readFrame();
      if (frame === undefined) return code;
      if (frame.opcode === 8) code = frame.payload[0]! * 256 + frame.payload[1]!;
    }
  }

  /** Writes one binary frame. */
  async write(bytes: Uint8Array): Promise<number> {
    await this.send(clientFrame(2, bytes));
    return bytes.length;
  }

  /** Reads payload of binary frames. */
  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#rest.length === 0) {
      const frame = await this.readFrame();
      if (frame === undefined || frame.opcode === 8) return null;
      assert.equal(frame.opcode, 2);
      this.#rest = new Uint8Array(frame.payload);
    }
    const count = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.slice(count);
    return count;
  }

  async closeWrite(): Promise<void> {
    await this.#stream.closeWrite();
  }

  close(): void {
    this.#stream.close();
  }

  [Symbol.dispose](): void {
    try {
      this.close();
    } catch {
      // The test has closed it.
    }
  }

  async #need(bytes: number): Promise<boolean> {
    while (this.#buffer.length < bytes) {
      if (!await this.#fill()) return false;
    }
    return true;
  }

  async #fill(): Promise<boolean> {
    const chunk = new Uint8Array(64 * 1024);
    const count = await this.#stream.read(chunk);
    if (count === null) return false;
    const longer = new Uint8Array(this.#buffer.length + count);
    longer.set(this.#buffer);
    longer.set(chunk.subarray(0, count), this.#buffer.length);
    this.#buffer = longer;
    return true;
  }
}
