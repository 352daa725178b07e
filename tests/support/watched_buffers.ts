import { ReadBuffers } from "../../lib/net/mod.ts";

/** Counts how often a connection moves. */
export class CountingBuffers extends ReadBuffers {
  taken = 0;
  last = new Uint8Array();

  get lastBytes(): number {
    return this.last.length;
  }

  override take(sizeBytes: number): Uint8Array<ArrayBuffer> {
    this.taken++;
    return this.last = super.take(sizeBytes);
  }
}

/** As they are, and how many bytes are put into one at once at most. */
export class WatchedBuffers extends CountingBuffers {
  mostBytes = 0;
  movedBytes = 0;

  override take(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const buffer = super.take(sizeBytes);
    const set = buffer.set.bind(buffer);
    // A read puts bytes into a view of it, which is not watched.
    buffer.set = (bytes: ArrayLike<number>, at?: number) => {
      this.mostBytes = Math.max(this.mostBytes, bytes.length);
      this.movedBytes += bytes.length;
      set(bytes, at);
    };
    return buffer;
  }
}
