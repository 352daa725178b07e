import { encodeFrameHeader, Opcode } from "./web_socket_frames.ts";

/** The most bytes that one frame carries, so that the progress of a slow reader can be seen. */
const FRAME_BYTES = 32 * 1024;
/** A payload up to this size is copied after its header, so that many frames become one write. */
const COPIED_BYTES = 4096;
/** Bytes of frames that are combined into one write. */
const WRITE_BYTES = 64 * 1024;
/** The longest header, since no frame carries more than `FRAME_BYTES`. */
const HEADER_BYTES = 4;

/** The frames to write for some bytes of packets. */
export interface FramedPackets {
  /** Whole frames, or the header of one whose payload follows. */
  readonly frames: Uint8Array;
  /** The payload that follows, a part of the packets' bytes; absent if it is already in `frames`. */
  readonly payload?: Uint8Array;
  /** Bytes of packets that the frames contain. */
  readonly takenBytes: number;
}

/**
 * Puts a stream of MQTT packets into frames: one packet a frame, or several frames for a large packet. MQTT gives frame boundaries no
 * meaning [MQTT-6.0.0-2] [v3 MQTT-6.0.0-2], but some clients (Paho C) handle only the first packet of a frame, and the next one only when
 * more bytes arrive.
 */
export class PacketFrames {
  /** Bytes of the present packet that are in no frame yet. */
  #leftBytes = 0;

  /** Makes frames for the beginning of `bytes`. */
  take(bytes: Uint8Array): FramedPackets {
    const first = this.#next(bytes, 0);
    if (first > COPIED_BYTES) {
      const payload = bytes.subarray(0, first);
      return { frames: encodeFrameHeader(Opcode.Binary, first), payload, takenBytes: first };
    }
    const sizes = [first];
    let takenBytes = first;
    let framesBytes = HEADER_BYTES + first;
    while (takenBytes < bytes.length && framesBytes < WRITE_BYTES) {
      const before = this.#leftBytes;
      const size = this.#next(bytes, takenBytes);
      if (size === 0 || size > COPIED_BYTES) {
        this.#leftBytes = before; // It is sent with the next bytes.
        break;
      }
      sizes.push(size);
      takenBytes += size;
      framesBytes += HEADER_BYTES + size;
    }
    return { frames: join(bytes, sizes, framesBytes), takenBytes };
  }

  /** Bytes of the next frame's payload; 0 if the packet's length is incomplete: the next write begins with it. */
  #next(bytes: Uint8Array, at: number): number {
    const packetBytes = this.#leftBytes > 0 ? this.#leftBytes : packetLength(bytes, at);
    if (packetBytes === 0) return at > 0 ? 0 : bytes.length;
    const count = Math.min(packetBytes, bytes.length - at, FRAME_BYTES);
    this.#leftBytes = packetBytes - count;
    return count;
  }
}

function join(bytes: Uint8Array, sizes: readonly number[], mostBytes: number): Uint8Array {
  const frames = new Uint8Array(mostBytes);
  let at = 0;
  let end = 0;
  for (const size of sizes) {
    const header = encodeFrameHeader(Opcode.Binary, size);
    frames.set(header, end);
    end += header.length;
    frames.set(bytes.subarray(at, at + size), end);
    end += size;
    at += size;
  }
  return frames.subarray(0, end);
}

/** Bytes of the packet that begins at `at`; 0 if its Remaining Length is incomplete. Whatever is no packet has a length as well. */
export function packetLength(bytes: Uint8Array, at: number): number {
  let remainingBytes = 0;
  for (let i = 1; i <= 4 && at + i < bytes.length; i++) {
    const byte = bytes[at + i]!;
    remainingBytes |= (byte & 0x7f) << (7 * (i - 1));
    if (byte < 0x80) return 1 + i + remainingBytes;
  }
  return 0;
}
