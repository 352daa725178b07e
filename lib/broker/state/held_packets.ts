import { type BufferPool, ByteBuffer } from "../ground/byte_buffer.ts";

/**
 * The packets of an outbox that wait for a commit, or for a CONNACK that waits for one. It is created with the first such packet, so that
 * an idle connection of a broker without a store has none.
 */
export class HeldPackets {
  /** Packets that wait for the commit of what this turn has written. */
  buffer: ByteBuffer | null = null;
  /** How many of them are PUBACKs. */
  pubacks = 0;
  /** How many bytes of them are acknowledgements and answers. */
  answerBytes = 0;
  /** Commits for which packets wait: later acknowledgements must not overtake these packets. */
  commitsAwaited = 0;
  /** PUBACKs that wait for any commit: they count against the Receive Maximum that we set. */
  pendingPubacks = 0;
  /** Whether the CONNACK waits for a commit. */
  isConnackHeld = false;
  /** Packets that wait for nothing but the CONNACK. */
  behindConnack: ByteBuffer | null = null;

  /** Whether a later acknowledgement must wait, so as not to overtake an earlier one. [MQTT-4.6.0-2] */
  get isAny(): boolean {
    return this.commitsAwaited > 0 || this.buffer !== null;
  }

  /** The buffer for a packet that waits for this CONNACK alone. */
  followConnack(pool: BufferPool): ByteBuffer {
    return this.behindConnack ??= new ByteBuffer(pool);
  }

  /** Discards all packets. */
  clear(): void {
    this.buffer?.clear();
    this.buffer = null;
    this.clearBehindConnack();
  }

  /** Discards the packets behind the CONNACK, or those that have been copied from there. */
  clearBehindConnack(): void {
    this.behindConnack?.clear();
    this.behindConnack = null;
  }
}
