import type { ChunkReader } from "./chunk_reader.ts";
import { DatabaseError } from "./database_error.ts";

/** A session. */
export interface StoredClient {
  /** Its Client Identifier. */
  readonly clientId: string;
  /** Seconds; `Infinity`: it does not expire. */
  readonly expirySeconds: number;
  /** Seconds since 1970; 0: the client was connected. */
  readonly expiresAtSeconds: number;
  /** Absent: it had none, it cannot be told, or the file is of version 5. */
  readonly userName: string | undefined;
  /** 0: not known. */
  readonly port: number;
}

const NEVER_SECONDS = 0xffff_ffff;

/**
 * Reads the clients of a file, in their order.
 *
 * Mosquitto 2.0 does not clear the user name between two clients: behind a client with a name, one without gets that name as well.
 * Its length then has its bytes swapped, once for each such client, so that 5 becomes 1280, and 5 again; and so many bytes are
 * written, beyond the end of the name. A session must not belong to a user who has never had it, so a name counts only where its
 * length is right, and was not made right by a second swap.
 */
export class ClientReader {
  /** The name that the client before had with a wrong length. */
  #carriedName: string | undefined;

  /** The client in a chunk. */
  read(reader: ChunkReader, version: number): StoredClient {
    const expiresAtSeconds = reader.seconds();
    const intervalSeconds = reader.uint32();
    reader.uint16(); // The last Packet Identifier.
    const clientIdBytes = reader.uint16();
    const port = version < 6 ? 0 : reader.uint16();
    const userNameBytes = version < 6 ? 0 : reader.uint16();
    reader.skipPadding(clientIdBytes + userNameBytes);
    const clientId = reader.text(clientIdBytes);
    const userName = userNameBytes === 0 ? undefined : this.#readName(reader, userNameBytes);
    const expirySeconds = intervalSeconds === NEVER_SECONDS ? Infinity : intervalSeconds;
    return { clientId, expirySeconds, expiresAtSeconds, userName, port };
  }

  /** `undefined`: it may be that of another client. */
  #readName(reader: ChunkReader, size: number): string | undefined {
    const { at } = reader;
    const bytes = reader.bytes(size);
    const end = bytes.indexOf(0); // What is behind the name begins with a zero.
    const name = end === -1 ? decode(bytes, at) : decode(bytes.subarray(0, end), at);
    const isDoubtful = name === this.#carriedName;
    this.#carriedName = end === -1 ? undefined : name;
    return end !== -1 || isDoubtful ? undefined : name;
  }
}

function decode(bytes: Uint8Array, at: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DatabaseError(`Cannot read a user name of ${bytes.length} bytes: it is no UTF-8`, at);
  }
}
