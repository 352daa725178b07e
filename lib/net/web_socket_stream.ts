import { withRoom } from "../codec/mod.ts";
import { type ByteStream, writeAll } from "./byte_stream.ts";
import { type FramedPackets, PacketFrames } from "./packet_frames.ts";
import { CloseCode, encodeFrame, FrameReader, Opcode } from "./web_socket_frames.ts";
import {
  answerRequest,
  endOfRequest,
  type HandshakeAnswer,
  refuseRequest,
  type WebSocketOptions,
} from "./web_socket_handshake.ts";

/** How long a refused peer may take to close, milliseconds. */
const LEAVE_MS = 1000;

/**
 * A WebSocket over any byte stream (RFC 6455, server side). MQTT reads the payload of its binary frames as one stream; frame boundaries
 * have no meaning. [MQTT-6.0.0-2] [v3 MQTT-6.0.0-2]
 *
 * The first `read` answers the request. Frames are parsed in the reader's own buffer, so a quiet connection has no buffer here.
 */
export class WebSocketStream implements ByteStream {
  /** {@linkcode ByteStream.takenBytes} */
  takenBytes = 0;
  readonly #below: ByteStream;
  readonly #options: WebSocketOptions;
  readonly #onRefused: (reason: string) => void;
  readonly #frames: FrameReader;
  readonly #packets = new PacketFrames();
  #isOpen = false;
  /** Frames that came with the request. */
  #early: Uint8Array | undefined;
  /** The data frames that are being written. */
  #writing: Promise<void> | undefined;
  /** The control frame being written, and the one that follows. */
  #control: Promise<void> | undefined;
  #nextControl: Uint8Array | undefined;
  #hasSaidGoodbye = false;

  /** `onRefused` is told what a peer did wrong. */
  constructor(below: ByteStream, options: WebSocketOptions, onRefused: (reason: string) => void) {
    this.#below = below;
    this.#options = options;
    this.#onRefused = onRefused;
    this.#frames = new FrameReader(options.maxFrameBytes);
  }

  /** {@linkcode ByteStream.read} */
  async read(buffer: Uint8Array): Promise<number | null> {
    if (!this.#isOpen && !(await this.#open(buffer))) return null;
    const frames = this.#frames;
    while (frames.ending === undefined) {
      const count = this.#takeEarly(buffer) ?? await this.#below.read(buffer);
      if (count === null) return null;
      this.takenBytes = count;
      const payloadBytes = frames.read(buffer, count);
      if (frames.ping !== undefined) this.#answerPing(frames.ping);
      if (payloadBytes > 0) return payloadBytes;
    }
    const { code, fault } = frames.ending;
    if (fault !== undefined) this.#onRefused(fault);
    await this.#leave(buffer, () => this.#sayGoodbye(code));
    return null;
  }

  /** {@linkcode ByteStream.write} */
  async write(bytes: Uint8Array): Promise<number> {
    while (this.#control !== undefined) await this.#control;
    if (this.#hasSaidGoodbye) throw new Error("Cannot write: the WebSocket is closing");
    const packets = this.#packets.take(bytes);
    this.#writing = this.#writeFrames(packets);
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
    }
    this.#sendControl();
    return packets.takenBytes;
  }

  /** {@linkcode ByteStream.closeWrite} */
  async closeWrite(): Promise<void> {
    if (this.#isOpen) await this.#sayGoodbye(CloseCode.Normal);
    await this.#below.closeWrite();
  }

  /** {@linkcode ByteStream.close} */
  close(): void {
    this.#below.close();
  }

  /** Reads the request and answers it; false if it was refused and the peer is gone. */
  async #open(buffer: Uint8Array): Promise<boolean> {
    const { maxHeaderBytes } = this.#options;
    let bytes = new Uint8Array(0);
    let length = 0;
    let end = -1;
    // Each byte is moved and searched a few times at most, however small the pieces are.
    while (end < 0 && length < maxHeaderBytes) {
      const count = await this.#below.read(buffer);
      if (count === null) return false;
      bytes = withRoom(bytes, length, count);
      bytes.set(buffer.subarray(0, count), length);
      end = endOfRequest(bytes.subarray(0, length + count), length);
      length += count;
    }
    const head = bytes.subarray(0, length);
    const answer = await this.#answer(head, end);
    if (answer.refusal !== undefined) {
      this.#onRefused(answer.refusal);
      await this.#leave(buffer, () => writeAll(this.#below, answer.response));
      return false;
    }
    if (end < head.length) this.#early = head.subarray(end);
    this.#isOpen = true;
    await writeAll(this.#below, answer.response);
    return true;
  }

  async #answer(head: Uint8Array, end: number): Promise<HandshakeAnswer> {
    const { maxHeaderBytes } = this.#options;
    if (end < 0 || end > maxHeaderBytes) {
      return refuseRequest(`A request may have ${maxHeaderBytes} bytes`);
    }
    return await answerRequest(String.fromCharCode(...head.subarray(0, end)), this.#options);
  }

  #takeEarly(buffer: Uint8Array): number | undefined {
    const early = this.#early;
    if (early === undefined) return undefined;
    const count = Math.min(early.length, buffer.length);
    buffer.set(early.subarray(0, count));
    this.#early = count < early.length ? early.subarray(count) : undefined;
    return count;
  }

  async #writeFrames({ frames, payload }: FramedPackets): Promise<void> {
    await writeAll(this.#below, frames);
    if (payload !== undefined) await writeAll(this.#below, payload);
  }

  /** Answers a Ping. Pings that come while the answer cannot be written share one answer. */
  #answerPing(payload: Uint8Array): void {
    this.#frames.ping = undefined;
    if (this.#hasSaidGoodbye) return;
    this.#nextControl = encodeFrame(Opcode.Pong, payload);
    this.#sendControl();
  }

  /** Writes the waiting control frame, after the frame being written, if any. */
  #sendControl(): void {
    const frame = this.#nextControl;
    if (frame === undefined || this.#writing !== undefined || this.#control !== undefined) return;
    this.#nextControl = undefined;
    // If this fails, reading and writing fail too, and their errors are handled.
    this.#control = writeAll(this.#below, frame).catch(() => {}).then(() => {
      this.#control = undefined;
      this.#sendControl();
    });
  }

  /** Sends the Close frame once, after the frames being written. */
  async #sayGoodbye(code: number): Promise<void> {
    if (!this.#hasSaidGoodbye) {
      this.#hasSaidGoodbye = true;
      this.#nextControl = encodeFrame(Opcode.Close, Uint8Array.of(code >> 8, code & 0xff));
      this.#sendControl();
    }
    while (this.#nextControl !== undefined || this.#control !== undefined) {
      await (this.#control ?? this.#writing);
    }
  }

  /** Sends a last answer and waits briefly until the peer has closed, so that it receives the answer. */
  async #leave(buffer: Uint8Array, say: () => Promise<void>): Promise<void> {
    const timer = setTimeout(() => this.#closeBelow(), LEAVE_MS);
    try {
      await say();
      await this.#below.closeWrite();
      while (await this.#below.read(buffer) !== null);
    } catch {
      // The peer is gone, or has taken too long.
    } finally {
      clearTimeout(timer);
    }
  }

  #closeBelow(): void {
    try {
      this.#below.close();
    } catch {
      // The stream is closed already.
    }
  }
}
