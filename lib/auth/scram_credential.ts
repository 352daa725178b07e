import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { bytesOfBase64 } from "./base64.ts";
import { readEntries } from "./entry_file.ts";
import type { Loaded } from "./password_file.ts";
import { saslPrep } from "./sasl_prep.ts";

/** What a server keeps of a SCRAM-SHA-256 user: enough to recognize the password, too little to log in with. */
export interface ScramCredential {
  /** Rounds of key derivation. */
  readonly iterations: number;
  /** Told to the client. */
  readonly salt: Uint8Array;
  /** SHA-256 of the key that the client proves to have; 32 bytes. */
  readonly storedKey: Uint8Array;
  /** What the server proves to have; 32 bytes. */
  readonly serverKey: Uint8Array;
}

/** The users of a `scram_file` by name. */
export type ScramUsers = ReadonlyMap<string, ScramCredential & { readonly text: string }>;

/** Of the credentials that we write. The client derives its key at every connection, so a small device sets the limit. */
export const SCRAM_ITERATIONS = 20_000;
/** RFC 7677 asks for no less. */
const MIN_ITERATIONS = 4096;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const FORM = /^SCRAM-SHA-256\$([1-9]\d{0,8}):([^$:]+)\$([^$:]+):([^$:]+)$/;

/** Understands a `scram_file`: one `user:SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY` a line, the form of RFC 5803 and PostgreSQL. */
export function parseScramFile(path: string, text: string): Loaded<ScramUsers> {
  const { entries, problems } = readEntries(path, text);
  const users = new Map<string, ScramCredential & { text: string }>();
  for (const { name, value, line } of entries) {
    const parsed = parseScramCredential(value);
    if (typeof parsed === "string") problems.push(`${path}:${line}: ${name}: ${parsed}`);
    else users.set(name, { ...parsed, text: value });
  }
  return problems.length > 0 ? { isValid: false, problems } : { isValid: true, value: users };
}

/** A credential for a line of a `scram_file`; `undefined`: the password holds characters that SCRAM does not allow. */
export function makeScramCredential(
  password: string,
  iterations = SCRAM_ITERATIONS,
): string | undefined {
  const prepared = saslPrep(password);
  if (prepared === undefined || prepared === "") return undefined;
  const salt = randomBytes(SALT_BYTES);
  const salted = pbkdf2Sync(prepared, salt, iterations, KEY_BYTES, "sha256");
  const storedKey = sha256(hmac(salted, "Client Key"));
  const serverKey = hmac(salted, "Server Key");
  return `SCRAM-SHA-256$${iterations}:${salt.toBase64()}$${storedKey.toBase64()}:${serverKey.toBase64()}`;
}

/**
 * A credential that nobody has, for a user that does not exist: the same at each asking, so that a stranger cannot tell it from
 * one that does. (RFC 5802, section 9)
 */
export function dummyCredential(key: Uint8Array, name: string, users: ScramUsers): ScramCredential {
  const [first] = users.values();
  const saltBytes = first?.salt.length ?? SALT_BYTES;
  return {
    iterations: first?.iterations ?? SCRAM_ITERATIONS,
    salt: createHmac("sha512", key).update(name).digest().subarray(0, saltBytes),
    storedKey: randomBytes(KEY_BYTES),
    serverKey: randomBytes(KEY_BYTES),
  };
}

/** HMAC-SHA-256. */
export function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}

/** SHA-256. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

function parseScramCredential(text: string): ScramCredential | string {
  const fields = FORM.exec(text);
  if (fields === null) {
    return "Is not of the form SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY; make it with flux-mqtt passwd --scram";
  }
  const [, iterationsText, ...texts] = fields;
  const [salt, storedKey, serverKey] = texts.map(bytesOfBase64);
  const iterations = Number(iterationsText);
  if (iterations < MIN_ITERATIONS) {
    return `Must have at least ${MIN_ITERATIONS} iterations, has ${iterations}`;
  }
  if (salt === undefined || storedKey?.length !== KEY_BYTES || serverKey?.length !== KEY_BYTES) {
    return `Must have a salt and two keys of ${KEY_BYTES} bytes in base64`;
  }
  return { iterations, salt, storedKey, serverKey };
}
