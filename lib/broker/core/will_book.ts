import type { Will } from "../../codec/mod.ts";
import { contentSizeBytes } from "../../session/mod.ts";

/** Every will that the broker keeps, of connected clients and delayed ones, and the bytes of all. */
export class WillBook {
  readonly #sizes = new Map<Will, number>();
  #bytes = 0;

  /** Topic, payload and property bytes of all. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The will is kept from now on. */
  add(will: Will): void {
    const sizeBytes = willSizeBytes(will);
    this.#sizes.set(will, sizeBytes);
    this.#bytes += sizeBytes;
  }

  /** It was published, or is of no use any more. */
  remove(will: Will | undefined): void {
    const sizeBytes = will === undefined ? undefined : this.#sizes.get(will);
    if (sizeBytes === undefined) return;
    this.#sizes.delete(will!);
    this.#bytes -= sizeBytes;
  }
}

/** What a will takes of the limits in bytes. */
export function willSizeBytes({ topicName, payload, properties }: Will): number {
  return contentSizeBytes({ topicName, payload, properties });
}
