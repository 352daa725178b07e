import type { Will } from "../../codec/mod.ts";
import { contentSizeBytes } from "../../session/mod.ts";

/** Counts the bytes of all wills that the broker keeps, for connected clients and delayed ones. */
export class WillBook {
  readonly #sizes = new Map<Will, number>();
  #bytes = 0;

  /** Topic, payload and property bytes of all wills. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts a will that is kept from now on. */
  add(will: Will): void {
    const sizeBytes = willSizeBytes(will);
    this.#sizes.set(will, sizeBytes);
    this.#bytes += sizeBytes;
  }

  /** Stops counting a will that was published or is no longer needed. */
  remove(will: Will | undefined): void {
    const sizeBytes = will === undefined ? undefined : this.#sizes.get(will);
    if (sizeBytes === undefined) return;
    this.#sizes.delete(will!);
    this.#bytes -= sizeBytes;
  }
}

/** The bytes of a will, as they count against the limits. */
export function willSizeBytes({ topicName, payload, properties }: Will): number {
  return contentSizeBytes({ topicName, payload, properties });
}
