import { createHash, pbkdf2, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";
import { type Argon2idHash, deriveArgon2id, parseArgon2id } from "./argon2id.ts";
import { bytesOfBase64 } from "./base64.ts";

/** The hash of a password in a password file. */
export type PasswordHash =
  | {
    /** One SHA-512 over password and salt: mosquitto 1.x, and `mosquitto_passwd -H sha512`. */
    readonly kind: "sha512";
    readonly salt: Uint8Array;
    /** 64 bytes. */
    readonly digest: Uint8Array;
  }
  | {
    /** PBKDF2-HMAC-SHA512. */
    readonly kind: "pbkdf2";
    readonly iterations: number;
    readonly salt: Uint8Array;
    /** 64 bytes. */
    readonly digest: Uint8Array;
  }
  | Argon2idHash;

/** Of the hashes that we write: what OWASP asks of PBKDF2-HMAC-SHA512. mosquitto takes 101 or 1,000. */
export const PASSWORD_ITERATIONS = 210_000;
/** As many bytes of salt as mosquitto 2.0 writes, so that it reads ours. */
const SALT_BYTES = 12;
const DIGEST_BYTES = 64;

/** A parsed hash, or its fault and what would be right. */
export function parsePasswordHash(
  text: string,
): { readonly hash: PasswordHash } | { readonly problem: string } {
  if (text.startsWith("$argon2")) return parseArgon2id(text);
  const [before, type, ...fields] = text.split("$");
  if (before === "" && type === "6" && fields.length === 2) {
    const [saltText = "", digestText = ""] = fields;
    return decode("sha512", 1, saltText, digestText);
  }
  if (before === "" && type === "7" && fields.length === 3) {
    const [iterationsText = "", saltText = "", digestText = ""] = fields;
    if (!/^[1-9]\d{0,8}$/.test(iterationsText)) {
      return { problem: `Must have a number of iterations after $7$, is "${iterationsText}"` };
    }
    return decode("pbkdf2", Number(iterationsText), saltText, digestText);
  }
  return {
    problem:
      "Is not a hash of the form $7$ITERATIONS$SALT$HASH or $6$SALT$HASH; make one with flux-mqtt passwd or mosquitto_passwd",
  };
}

/** Whether the password is the one that was hashed. Off the event loop; takes the same time whatever the answer. */
export async function verifyPassword(hash: PasswordHash, password: Uint8Array): Promise<boolean> {
  const digest = await digestOf(hash, password);
  return digest.length === hash.digest.length && timingSafeEqual(digest, hash.digest);
}

/** A hash of the password, for a line of a password file. */
export function hashPassword(password: Uint8Array, iterations = PASSWORD_ITERATIONS): string {
  const salt = randomBytes(SALT_BYTES);
  const digest = pbkdf2Sync(password, salt, iterations, DIGEST_BYTES, "sha512");
  return `$7$${iterations}$${salt.toBase64()}$${digest.toBase64()}`;
}

/** The same off the event loop. */
export async function makePasswordHash(
  password: Uint8Array,
  iterations = PASSWORD_ITERATIONS,
): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const digest = await derive(password, salt, iterations);
  return `$7$${iterations}$${salt.toBase64()}$${digest.toBase64()}`;
}

/** A hash that no password has and that takes as long to check as most of these do: for users that do not exist. */
export function dummyHash(hashes: Iterable<PasswordHash>): PasswordHash {
  const counts = new Map<string, { hash: PasswordHash; count: number }>();
  for (const hash of hashes) {
    const key = `${costOf(hash)} ${hash.salt.length}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { hash, count: 1 });
    else known.count++;
  }
  const [first] = [...counts.values()].sort((a, b) => b.count - a.count);
  const salt = randomBytes(first?.hash.salt.length ?? SALT_BYTES);
  const digest = randomBytes(first?.hash.digest.length ?? DIGEST_BYTES);
  const like = first?.hash ?? { kind: "pbkdf2", iterations: PASSWORD_ITERATIONS };
  return { ...like, salt, digest };
}

/** What a check costs: hashes with the same text cost the same. */
function costOf(hash: PasswordHash): string {
  switch (hash.kind) {
    case "sha512":
      return hash.kind;
    case "pbkdf2":
      return `${hash.kind} ${hash.iterations}`;
    case "argon2id":
      return `${hash.kind} ${hash.memoryKib} ${hash.passes} ${hash.lanes}`;
  }
}

async function digestOf(hash: PasswordHash, password: Uint8Array): Promise<Uint8Array> {
  switch (hash.kind) {
    case "sha512":
      return createHash("sha512").update(password).update(hash.salt).digest();
    case "pbkdf2":
      return await derive(password, hash.salt, hash.iterations);
    case "argon2id":
      return await deriveArgon2id(hash, password);
  }
}

function decode(
  kind: "sha512" | "pbkdf2",
  iterations: number,
  saltText: string,
  digestText: string,
): { readonly hash: PasswordHash } | { readonly problem: string } {
  const salt = bytesOfBase64(saltText);
  if (salt === undefined || salt.length === 0) return { problem: "Has a salt that is not base64" };
  const digest = bytesOfBase64(digestText);
  if (digest === undefined) return { problem: "Has a hash that is not base64" };
  if (digest.length !== DIGEST_BYTES) {
    return { problem: `Must have a hash of ${DIGEST_BYTES} bytes, has ${digest.length}` };
  }
  return kind === "sha512"
    ? { hash: { kind, salt, digest } }
    : { hash: { kind, iterations, salt, digest } };
}

function derive(password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, DIGEST_BYTES, "sha512", (error, digest) => {
      if (error === null) resolve(digest);
      else reject(error);
    });
  });
}
