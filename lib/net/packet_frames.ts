import { encodeFrameHeader, Opcode } from "./web_socket_frames.ts";

/** The most that one frame carries: whoever reads slowly makes progress that can be seen. */
const FRAME_BYTES = 32 * 1024;
/** Up to here a payload is copied behind its header, so that many frames are one write. */
const COPIED_BYTES = 4096;
/** Bytes of frames that are put together for one write. */
const WRITE_BYTES = 64 * 1024;
/** Bytes of a frame's header at most: none carries more than `FRAME_BYTES`. */
const HEADER_BYTES = 4;

/** What is to be written for some bytes of packets. */
export interface FramedPackets {
  /** Whole frames, or the header of one whose payload follows. */
  readonly frames: Uint8Array;
  /** The payload that follows, a part of the packets' bytes; absent: none does. */
  readonly payload?: Uint8Array;
  /** Bytes of packets that these are. */
  readonly takenBytes: number;
}

/**
 * Puts a stream of MQTT packets into frames: one packet a frame, or several frames for a large one. Where frames end means nothing to
 * MQTT [MQTT-6.0.0-2] [v3 MQTT-6.0.0-2], and yet there are clients (Paho C) that handle the first packet of a frame, and the next one
 * only when more bytes come.
 */
export class PacketFrames {
  /** Bytes of the packet under way that are in no frame yet. */
  #leftBytes = 0;

  /** Frames for the front of `bytes`. */
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
        this.#leftBytes = before; // It goes with what is written next.
        break;
      }
      sizes.push(size);
      takenBytes += size;
      framesBytes += HEADER_BYTES + size;
    }
    return { frames: join(bytes, sizes, framesBytes), takenBytes };
  }

  /** Bytes of the next frame's payload; 0: the packet's length is not there, and will be when the next write begins with it. */
  #next(bytes: Uint8Array, at: number): number {
    const packetBytes = this.#leftBytes > 0 ? this.#leftBytes : lengthAt(bytes, at);
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

/** Bytes of the packet that begins at `at`; 0: its Remaining Length is not all there. */
function lengthAt(bytes: Uint8Array, at: number): number {
  let remainingBytes = 0;
  for (let i = 1; i <= 4 && at + i < bytes.length; i++) {
    const byte = bytes[at + i]!;
    remainingBytes |= (byte & 0x7f) << (7 * (i - 1));
    if (byte < 0x80) return 1 + i + remainingBytes;
  }
  return 0;
}
