/** The opcodes of RFC 6455 section 5.2. */
export const Opcode = {
  Continuation: 0,
  Text: 1,
  Binary: 2,
  Close: 8,
  Ping: 9,
  Pong: 10,
} as const;

/** Reasons for closing a WebSocket: the codes of RFC 6455 section 7.4 that are used here. */
export const CloseCode = {
  Normal: 1000,
  ProtocolError: 1002,
  UnsupportedData: 1003,
  InvalidPayload: 1007,
  TooBig: 1009,
} as const;

/** How the peer's direction ended. */
export interface WebSocketEnding {
  /** The code for our Close frame. */
  readonly code: number;
  /** The peer's mistake; `undefined` if it sent a Close frame. */
  readonly fault: string | undefined;
}

/** The most bytes that a control frame carries. */
const MAX_CONTROL_BYTES = 125;

/**
 * Parses frames in place. The stream may deliver any piece of the sequence of frames: headers, masks and control frames may be cut
 * anywhere.
 */
export class FrameReader {
  /** The payload of the last Ping that is not yet answered. */
  ping: Uint8Array | undefined;
  /** Once set, nothing more is read. */
  ending: WebSocketEnding | undefined;

  readonly #maxFrameBytes: number;
  readonly #header = new Uint8Array(14);
  #headerBytes = 0;
  #opcode = 0;
  /** Bytes of the frame's payload that are still to come. */
  #left = 0;
  /** Bytes of the payload unmasked so far, which give the position in the mask. */
  #unmasked = 0;
  /** The offset of the mask in the header. */
  #maskAt = 0;
  /** Whether a message of several frames has begun. */
  #isInMessage = false;
  #control = EMPTY;

  /** Frames with a longer payload are refused. */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Moves the payload in `bytes[0, end)` to the front, and returns its length. */
  read(bytes: Uint8Array, end: number): number {
    let written = 0;
    for (let at = 0; at < end && this.ending === undefined;) {
      if (this.#left === 0) {
        this.#header[this.#headerBytes++] = bytes[at++]!;
        if (this.#headerBytes >= 2) this.#readHeader();
        continue;
      }
      const count = Math.min(this.#left, end - at);
      if (this.#opcode >= Opcode.Close) {
        const from = this.#unmasked;
        this.#unmask(bytes, at, this.#control, from, count);
        if (this.#left === 0) this.#endControl();
      } else {
        this.#unmask(bytes, at, bytes, written, count);
        written += count;
      }
      at += count;
    }
    return written;
  }

  /** Copies `count` bytes and removes the mask; `to` may be `from` at a lower offset. */
  #unmask(from: Uint8Array, at: number, to: Uint8Array, toAt: number, count: number): void {
    const shift = this.#unmasked;
    const key = (i: number) => this.#header[this.#maskAt + ((shift + i) & 3)]!;
    const key0 = key(0), key1 = key(1), key2 = key(2), key3 = key(3);
    let i = 0;
    for (; i + 3 < count; i += 4) {
      to[toAt + i] = from[at + i]! ^ key0;
      to[toAt + i + 1] = from[at + i + 1]! ^ key1;
      to[toAt + i + 2] = from[at + i + 2]! ^ key2;
      to[toAt + i + 3] = from[at + i + 3]! ^ key3;
    }
    for (; i < count; i++) to[toAt + i] = from[at + i]! ^ key(i);
    this.#unmasked = (shift + count) % 0x4000_0000;
    this.#left -= count;
  }

  /** Reads the header, which ends with the mask. */
  #readHeader(): void {
    const header = this.#header;
    const length = header[1]! & 0x7f;
    if (this.#headerBytes === 2 && !this.#checkStart(header[0]!, header[1]!, length)) return;
    const lengthBytes = length < 126 ? 0 : length === 126 ? 2 : 8;
    if (this.#headerBytes < 2 + lengthBytes + 4) return;
    const view = new DataView(header.buffer);
    // A length beyond 2^53 is not exact, but it is refused anyway.
    this.#left = lengthBytes === 0
      ? length
      : lengthBytes === 2
      ? view.getUint16(2)
      : view.getUint32(2) * 2 ** 32 + view.getUint32(6);
    if (this.#left > this.#maxFrameBytes) {
      return this.#fail(CloseCode.TooBig, `A frame of ${this.#left} bytes`);
    }
    this.#maskAt = 2 + lengthBytes;
    this.#headerBytes = 0;
    this.#unmasked = 0;
    this.#opcode = header[0]! & 0x0f;
    const isLast = header[0]! >= 0x80;
    if (this.#opcode < Opcode.Close) this.#isInMessage = !isLast;
    else {
      this.#control = new Uint8Array(this.#left);
      if (this.#left === 0) this.#endControl();
    }
  }

  /** Whether the first two bytes are valid for a frame here. */
  #checkStart(first: number, second: number, length: number): boolean {
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) this.#fail(CloseCode.ProtocolError, "A reserved bit is set");
    else if (second < 0x80) this.#fail(CloseCode.ProtocolError, "A frame without mask");
    else if (opcode === Opcode.Text) {
      // [MQTT-6.0.0-1] [v3 MQTT-6.0.0-1]
      this.#fail(CloseCode.UnsupportedData, "A text frame");
    } else if (opcode === Opcode.Binary && this.#isInMessage) {
      this.#fail(CloseCode.ProtocolError, "A new message within another");
    } else if (opcode === Opcode.Continuation && !this.#isInMessage) {
      this.#fail(CloseCode.ProtocolError, "A continuation of nothing");
    } else if (opcode > Opcode.Binary && (opcode < Opcode.Close || opcode > Opcode.Pong)) {
      this.#fail(CloseCode.ProtocolError, `A frame of opcode ${opcode}`);
    } else if (opcode >= Opcode.Close && (first < 0x80 || length > MAX_CONTROL_BYTES)) {
      this.#fail(CloseCode.ProtocolError, "A control frame that is too long or in parts");
    }
    return this.ending === undefined;
  }

  #endControl(): void {
    const payload = this.#control;
    this.#control = EMPTY;
    if (this.#opcode === Opcode.Ping) this.ping = payload;
    if (this.#opcode !== Opcode.Close) return;
    if (payload.length === 0) {
      this.ending = { code: CloseCode.Normal, fault: undefined };
      return;
    }
    const code = payload.length === 1 ? 0 : payload[0]! * 256 + payload[1]!;
    if (!isCloseCode(code)) return this.#fail(CloseCode.ProtocolError, `A Close with code ${code}`);
    if (!isText(payload.subarray(2))) {
      return this.#fail(CloseCode.InvalidPayload, "A Close whose reason is no UTF-8");
    }
    this.ending = { code, fault: undefined };
  }

  #fail(code: number, fault: string): void {
    this.ending = { code, fault };
  }
}

/** Encodes a frame without a mask, as a server sends it. */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const header = encodeFrameHeader(opcode, payload.length);
  const frame = new Uint8Array(header.length + payload.length);
  frame.set(header);
  frame.set(payload, header.length);
  return frame;
}

/** Encodes the header for a payload of this length, up to 65,535 bytes. */
export function encodeFrameHeader(opcode: number, length: number): Uint8Array {
  const first = 0x80 | opcode;
  return length < 126
    ? Uint8Array.of(first, length)
    : Uint8Array.of(first, 126, length >> 8, length & 0xff);
}

const EMPTY = new Uint8Array(0);

/** Whether the bytes are valid UTF-8. (RFC 6455 section 8.1) */
function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Whether a peer may send this code: 1004 to 1006 and 1015 are only for use within programs. */
function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006)) ||
    (code >= 3000 && code <= 4999);
}
