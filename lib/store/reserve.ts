import { removeIfThere } from "./store_files.ts";

/** The name of the reserve in the store's directory. */
export const RESERVE_NAME = "flux-mqtt.reserve";
/** Its size. */
export const RESERVE_BYTES: number = 1024 * 1024;
/** So many bytes must be free before it is made; with less it would be given up again with the next message. */
const ROOM_BYTES = 2 * RESERVE_BYTES;
const BLOCK_BYTES = 65_536;

/**
 * A file that only takes room, and is deleted when the disk is full: to delete a row takes room too, so on a disk that is full to the
 * last byte nothing could be deleted.
 */
export class Reserve {
  readonly #path: string;
  #isThere: boolean;
  #isMissed = false;

  /** Finds the reserve in the directory. */
  constructor(directory: string) {
    this.#path = `${directory}/${RESERVE_NAME}`;
    this.#isThere = this.#isWhole();
  }

  /** Whether it was given up, or could not be made. */
  get isMissed(): boolean {
    return this.#isMissed;
  }

  /** Whether it can be given up. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** Makes the file where it does not exist; `false`: the disk has no room for it. */
  make(): boolean {
    this.#isThere ||= this.#write();
    this.#isMissed = !this.#isThere;
    return this.#isThere;
  }

  /** Deletes the file to make room; `false`: it is deleted already, or cannot be. */
  giveUp(): boolean {
    if (!this.#isThere) return false;
    try {
      removeIfThere(this.#path);
    } catch {
      return false;
    }
    this.#isThere = false;
    this.#isMissed = true;
    return true;
  }

  #isWhole(): boolean {
    try {
      return Deno.statSync(this.#path).size === RESERVE_BYTES;
    } catch {
      return false;
    }
  }

  /** Finds out by trying whether there is room for so many bytes, where the process may not ask the system. Only while the reserve is deleted. */
  hasRoomFor(bytes: number): boolean {
    const hasRoom = this.#fill(bytes);
    removeIfThere(this.#path);
    return hasRoom;
  }

  #write(): boolean {
    if (this.#fill(ROOM_BYTES)) {
      Deno.truncateSync(this.#path, RESERVE_BYTES);
      return true;
    }
    removeIfThere(this.#path);
    return false;
  }

  #fill(bytes: number): boolean {
    try {
      using file = Deno.openSync(this.#path, { write: true, create: true, mode: 0o600 });
      for (let written = 0; written < bytes;) {
        // Random bytes, because zeros take no room on a file system that compresses.
        written += file.writeSync(crypto.getRandomValues(new Uint8Array(BLOCK_BYTES)));
      }
      return true;
    } catch {
      return false;
    }
  }
}
