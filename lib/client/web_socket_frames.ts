/** The opcodes of RFC 6455 section 5.2 that occur here. */
export const Opcode = { Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;

const MASK_BYTES = 4;

/** Encodes a frame, masked as a client must do (RFC 6455 section 5.3). `mask`: four random bytes. */
export function encodeMaskedFrame(
  opcode: number,
  payload: Uint8Array,
  mask: Uint8Array,
): Uint8Array {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 0x1_0000 ? 2 : 8;
  const start = 2 + lengthBytes + MASK_BYTES;
  const frame = new Uint8Array(start + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  const view = new DataView(frame.buffer);
  if (lengthBytes === 2) view.setUint16(2, length);
  else if (lengthBytes === 8) {
    view.setUint32(2, Math.floor(length / 2 ** 32));
    view.setUint32(6, length >>> 0);
  }
  frame.set(mask, start - MASK_BYTES);
  for (let i = 0; i < length; i++) frame[start + i] = payload[i]! ^ mask[i & 3]!;
  return frame;
}

/** Decodes a server's frames in place: headers and control frames may be cut anywhere. The bounds of binary frames have no meaning. */
export class ServerFrames {
  /** The payload of the last Ping that is not yet answered. */
  ping: Uint8Array | undefined;
  /** A Close has come, or a fault: nothing more is read. */
  ending: { readonly fault: string | undefined } | undefined;
  readonly #header = new Uint8Array(10);
  #headerBytes = 0;
  #opcode = 0;
  /** Bytes of the payload that are still to come. */
  #left = 0;
  #control: number[] = [];

  /** Moves the payload of `bytes[0, end)` to the front, and returns how long it is. */
  read(bytes: Uint8Array, end: number): number {
    let written = 0;
    for (let at = 0; at < end && this.ending === undefined;) {
      if (this.#left === 0) {
        this.#header[this.#headerBytes++] = bytes[at++]!;
        this.#readHeader();
        continue;
      }
      const count = Math.min(this.#left, end - at);
      if (this.#opcode < Opcode.Close) {
        bytes.copyWithin(written, at, at + count);
        written += count;
      } else this.#control.push(...bytes.subarray(at, at + count));
      at += count;
      this.#left -= count;
      if (this.#left === 0) this.#endFrame();
    }
    return written;
  }

  #readHeader(): void {
    const header = this.#header;
    if (this.#headerBytes < 2) return;
    const length = header[1]! & 0x7f;
    const lengthBytes = length < 126 ? 0 : length === 126 ? 2 : 8;
    if (this.#headerBytes < 2 + lengthBytes) return;
    const view = new DataView(header.buffer);
    this.#headerBytes = 0;
    this.#opcode = header[0]! & 0x0f;
    this.#left = lengthBytes === 0
      ? length
      : lengthBytes === 2
      ? view.getUint16(2)
      : view.getUint32(2) * 2 ** 32 + view.getUint32(6);
    if (header[1]! >= 0x80) this.#fail("masked a frame");
    else if (this.#opcode === Opcode.Text) this.#fail("sent a text frame"); // [MQTT-6.0.0-1]
    else if (this.#opcode >= Opcode.Close && length > 125) this.#fail("sent a long control frame");
    else if (this.#left === 0) this.#endFrame();
  }

  #endFrame(): void {
    if (this.#opcode === Opcode.Ping) this.ping = Uint8Array.from(this.#control);
    if (this.#opcode === Opcode.Close) this.ending = { fault: undefined };
    this.#control = [];
  }

  #fail(what: string): void {
    this.ending = { fault: `The broker ${what} in the WebSocket` };
  }
}
