import { createPublicKey } from "node:crypto";
import type { Loaded } from "../password_file.ts";
import { keyOf, keyOfSecret, type VerificationKey } from "./verification_key.ts";

/** Keys of one file or key set. */
export type KeySet = readonly VerificationKey[];

/** Keys that one key set may have. */
const MAX_KEYS = 100;
/** What stands before a secret that is no text. */
const BASE64 = "base64:";
const BEGIN = "-----BEGIN ";
const END = "-----END ";

/** Understands a file with the secret of HS256 to HS512: its text without the end of its line, or behind `base64:` its bytes. */
export function parseSecretFile(path: string, text: string): Loaded<KeySet> {
  if (text.includes(BEGIN)) {
    return wrong(
      `${path}: Holds a key in PEM: jwt_public_key_file takes that, and a secret is none`,
    );
  }
  const line = text.endsWith("\r\n")
    ? text.slice(0, -2)
    : text.endsWith("\n")
    ? text.slice(0, -1)
    : text;
  const secret = line.startsWith(BASE64)
    ? bytesOfBase64(line.slice(BASE64.length).trim())
    : new TextEncoder().encode(line);
  if (secret === undefined) return wrong(`${path}: Must have base64 behind ${BASE64}`);
  const key = keyOfSecret(secret);
  return typeof key === "string" ? wrong(`${path}: ${sentence(key)}`) : right([key]);
}

/** Understands a file with public keys or certificates in PEM, one behind the other. */
export function parsePublicKeyFile(path: string, text: string): Loaded<KeySet> {
  if (text.includes("PRIVATE KEY-----")) {
    return wrong(
      `${path}: Holds a private key: the broker needs the public one, and nobody else this`,
    );
  }
  const keys: VerificationKey[] = [];
  const problems: string[] = [];
  for (const block of pemBlocks(text)) {
    const key = keyOfPem(block);
    if (typeof key === "string") problems.push(`${path}: Key ${keys.length + 1}: ${sentence(key)}`);
    else keys.push(key);
  }
  if (problems.length > 0) return { isValid: false, problems };
  if (keys.length > 0) return right(keys);
  return wrong(
    `${path}: Must hold a public key in PEM, which begins with -----BEGIN PUBLIC KEY-----`,
  );
}

/** Understands a JSON Web Key Set in a file; a secret may be in it. */
export function parseKeySetFile(path: string, text: string): Loaded<KeySet> {
  const parsed = parseKeySet(text, true);
  if (typeof parsed === "string") return wrong(`${path}: ${sentence(parsed)}`);
  if (parsed.keys.length > 0) return right(parsed.keys);
  const reasons = parsed.unused.length === 0 ? "there is none in it" : parsed.unused.join("; ");
  return wrong(`${path}: No key can be used: ${reasons}`);
}

/**
 * Understands a JSON Web Key Set (RFC 7517): keys that cannot be used are left out, as the RFC asks, and named. Or says why it is none.
 * A secret is no key for whoever asks a server: `allowsSecrets`.
 */
export function parseKeySet(
  text: string,
  allowsSecrets: boolean,
): { readonly keys: KeySet; readonly unused: readonly string[] } | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "it is no JSON";
  }
  const list = (value as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list)) return "it is no key set: it needs a list named keys";
  if (list.length > MAX_KEYS) return `it has ${list.length} keys, and ${MAX_KEYS} are the most`;
  const keys: VerificationKey[] = [];
  const unused: string[] = [];
  for (const [index, jwk] of list.entries()) {
    const isObject = typeof jwk === "object" && jwk !== null;
    const key = !isObject
      ? "it is no object"
      : jwk.kty === "oct" && !allowsSecrets
      ? "it is a secret, which no server should give away"
      : keyOf(jwk);
    if (typeof key === "string") unused.push(`key ${index + 1}: ${key}`);
    else keys.push(key);
  }
  return { keys, unused };
}

function* pemBlocks(text: string): Iterable<string> {
  for (let at = text.indexOf(BEGIN); at >= 0;) {
    const next = text.indexOf(BEGIN, at + 1);
    const block = text.slice(at, next < 0 ? undefined : next);
    const end = block.indexOf(END);
    const lineEnd = end < 0 ? -1 : block.indexOf("\n", end);
    yield lineEnd < 0 ? block : block.slice(0, lineEnd + 1);
    at = next;
  }
}

function keyOfPem(block: string): VerificationKey | string {
  try {
    const jwk = createPublicKey(block).export({ format: "jwk" });
    return keyOf(jwk as Record<string, unknown>);
  } catch (error) {
    return `it is no public key that can be used: ${
      error instanceof Error ? error.message : error
    }`;
  }
}

function bytesOfBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function wrong(problem: string): Loaded<KeySet> {
  return { isValid: false, problems: [problem] };
}

function right(value: KeySet): Loaded<KeySet> {
  return { isValid: true, value };
}
