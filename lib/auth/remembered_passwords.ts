import { Buffer } from "node:buffer";
import { createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { dirname } from "node:path";
import type { LogPort } from "../broker/mod.ts";
import type { Claim } from "./password_checker.ts";

/** The first bytes of a file. */
const MAGIC = "FLUXPW1\n";
const KEY_BYTES = 32;
/** Identifies the user and the hash of an entry. */
const NAME_BYTES = 16;
/** Identifies the right password. */
const TAG_BYTES = 32;
const ENTRY_BYTES = NAME_BYTES + TAG_BYTES;
/** Users that are remembered. */
const MAX_ENTRIES = 20_000;
/**
 * Rounds of key derivation: a sixth of a millisecond for each client that comes back. Who can read this file can guess passwords a thousand
 * times as fast as with the password file alone, about as fast as with one of mosquitto's.
 */
const ROUNDS = 200;
/** The file is not written more often, milliseconds: what a crash loses costs one check of each. */
const SAVE_MS = 30_000;

/**
 * Remembers right passwords over a restart: five thousand clients that come back to a broker that has just started cost a second instead
 * of a quarter of an hour, and strangers that guess at that moment do not keep them out. The file contains keyed digests, one for each
 * user and hash, so that a new password ends the entry of the old one. The key is random and in the same file, which only its owner
 * can read.
 */
export class RememberedPasswords {
  readonly #path: string;
  readonly #log: LogPort;
  readonly #key: Uint8Array;
  /** By the digest of user and hash; the first is the one that was not used for longest. */
  readonly #tags: Map<string, string>;
  #isChanged = false;
  #hasFailed = false;
  #savedMs = -Infinity;

  /** Reads the file; one that is not there, damaged, or in the hands of others counts as empty. */
  static open(path: string, log: LogPort): RememberedPasswords {
    const bytes = readOwn(path, log);
    const isWhole = bytes !== undefined &&
      bytes.subarray(0, MAGIC.length).toString("latin1") === MAGIC &&
      (bytes.length - MAGIC.length - KEY_BYTES) % ENTRY_BYTES === 0;
    const tags = new Map<string, string>();
    if (!isWhole) return new RememberedPasswords(path, log, randomBytes(KEY_BYTES), tags);
    const start = MAGIC.length + KEY_BYTES;
    for (let at = start; at < bytes.length && tags.size < MAX_ENTRIES; at += ENTRY_BYTES) {
      const name = bytes.subarray(at, at + NAME_BYTES).toString("base64");
      tags.set(name, bytes.subarray(at + NAME_BYTES, at + ENTRY_BYTES).toString("base64"));
    }
    return new RememberedPasswords(path, log, bytes.subarray(MAGIC.length, start), tags);
  }

  private constructor(path: string, log: LogPort, key: Uint8Array, tags: Map<string, string>) {
    this.#path = path;
    this.#log = log;
    this.#key = key;
    this.#tags = tags;
  }

  /** Whether the password is the one that was right for this user and hash. */
  has(check: Claim): boolean {
    const name = this.#nameOf(check);
    const tag = this.#tags.get(name);
    if (tag === undefined || tag !== this.#tagOf(check, name)) return false;
    this.#put(name, tag);
    return true;
  }

  /** Remembers that the password was right. */
  add(check: Claim): void {
    const name = this.#nameOf(check);
    const tag = this.#tagOf(check, name);
    if (this.#tags.get(name) !== tag) this.#isChanged = true;
    this.#put(name, tag);
  }

  /** Writes the file where something has changed, at its end at once, else not too often. It is replaced in one step. */
  save(isLast = false): void {
    const now = performance.now();
    if (!this.#isChanged || !isLast && now < this.#savedMs + SAVE_MS) return;
    this.#savedMs = now;
    const temporary = `${this.#path}.${crypto.randomUUID()}.tmp`;
    try {
      Deno.writeFileSync(temporary, this.#encode(), { mode: 0o600, createNew: true });
      Deno.renameSync(temporary, this.#path);
      this.#isChanged = this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.warning(`Cannot remember passwords in ${this.#path}: ${reason}`);
      }
      this.#hasFailed = true;
      remove(temporary);
    }
  }

  #put(name: string, tag: string): void {
    this.#tags.delete(name);
    if (this.#tags.size >= MAX_ENTRIES) {
      for (const oldest of this.#tags.keys()) {
        this.#tags.delete(oldest);
        break;
      }
    }
    this.#tags.set(name, tag);
  }

  /** Lengths go in with the parts: no two pairs make the same bytes. */
  #nameOf({ user, text }: Claim): string {
    return createHmac("sha256", this.#key).update(`${user.length} ${user}${text}`).digest()
      .subarray(0, NAME_BYTES).toString("base64");
  }

  #tagOf({ password }: Claim, name: string): string {
    const derived = pbkdf2Sync(password, name, ROUNDS, TAG_BYTES, "sha512");
    return createHmac("sha256", this.#key).update(derived).digest("base64");
  }

  #encode(): Uint8Array {
    const entries = [...this.#tags].map(([name, tag]) =>
      Buffer.concat([Buffer.from(name, "base64"), Buffer.from(tag, "base64")])
    );
    return Buffer.concat([Buffer.from(MAGIC, "latin1"), this.#key, ...entries]);
  }
}

/** Whoever can write the file can let anybody in. */
function readOwn(path: string, log: LogPort): Buffer | undefined {
  try {
    const { isFile, mode, uid } = Deno.lstatSync(path);
    const isOwn = Deno.build.os === "windows" ||
      (mode ?? 0) % 0o100 === 0 && uid === Deno.statSync(dirname(path)).uid;
    if (isFile && isOwn) return Buffer.from(Deno.readFileSync(path));
    log.warning(`${path} is not its owner's alone, so what it remembers does not count`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    log.warning(`Cannot read the passwords that were right: ${reason}`);
  }
  return undefined;
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The file was not made.
  }
}
