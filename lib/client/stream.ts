/** Bytes to and from a broker. */
export interface ClientStream {
  /** Fills some of the buffer; resolves to the bytes read, or `null` at the end. Rejects when the stream fails. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes; resolves to how many. Rejects when the stream fails. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends both directions, and the reads and writes that are under way. */
  close(): void;
}

/** Writes all of the bytes: one call may take a part of them. */
export async function writeAll(stream: ClientStream, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await stream.write(bytes.subarray(written));
  }
}

/** Closes a stream that may be closed already. */
export function tryClose(stream: { close(): void }): void {
  try {
    stream.close();
  } catch {
    // It was closed already.
  }
}
