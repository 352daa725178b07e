import { ALGORITHMS } from "./algorithms.ts";

/** Bits that the modulus of an RSA key may have: fewer are broken, more only cost time. */
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** One key, and the algorithms that may be used with it. */
export class VerificationKey {
  /** The `kid` of a key set; absent: the key stands for itself, and a token may name what it likes. */
  readonly id: string | undefined;
  /** Their names, as tokens have them. */
  readonly algorithms: ReadonlySet<string>;
  /** All that it is made of, as text: the same text, the same key. */
  readonly text: string;
  readonly #material: JsonWebKey;
  readonly #imported = new Map<string, Promise<CryptoKey>>();

  /** Use {@linkcode keyOf} or {@linkcode keyOfSecret}. */
  constructor(id: string | undefined, algorithms: ReadonlySet<string>, material: JsonWebKey) {
    this.id = id;
    this.algorithms = algorithms;
    this.#material = material;
    this.text = JSON.stringify([id, [...algorithms], material]);
  }

  /** Whether the signature is this key's. Throws where the key itself is no good. */
  async verify(
    name: string,
    signature: Uint8Array<ArrayBuffer>,
    signed: Uint8Array<ArrayBuffer>,
  ): Promise<boolean> {
    const { verifyAs, signatureBytes } = ALGORITHMS.get(name)!;
    if (signatureBytes !== undefined && signature.length !== signatureBytes) return false;
    return await crypto.subtle.verify(verifyAs, await this.#import(name), signature, signed);
  }

  /** Throws where WebCrypto does not take the key; some it takes, and fails when they are used. */
  async check(): Promise<void> {
    for (const name of this.algorithms) {
      const { signatureBytes = MAX_RSA_BITS / 8 } = ALGORITHMS.get(name)!;
      await this.verify(name, new Uint8Array(signatureBytes), new Uint8Array());
    }
  }

  #import(name: string): Promise<CryptoKey> {
    let key = this.#imported.get(name);
    if (key === undefined) {
      const { importAs } = ALGORITHMS.get(name)!;
      key = crypto.subtle.importKey("jwk", this.#material, importAs, false, ["verify"]);
      this.#imported.set(name, key);
    }
    return key;
  }
}

/** The key of a JSON Web Key (RFC 7517); or why it is none for signatures. */
export function keyOf(jwk: Readonly<Record<string, unknown>>): VerificationKey | string {
  const { kty, crv, kid, alg, use, key_ops: operations, d } = jwk;
  if (kid !== undefined && typeof kid !== "string") return "its kid is no text";
  if (use !== undefined && use !== "sig") return "it is not for signatures";
  if (Array.isArray(operations) && !operations.includes("verify")) return "it is not for verifying";
  if (d !== undefined) return "it is a private key, which should not be here";
  if (kty === "oct") return keyOfJwkSecret(jwk, kid, alg);
  if (kty === "RSA" && !isGoodModulus(jwk.n)) {
    return `its modulus must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`;
  }
  const names = [...ALGORITHMS].filter(([name, { keyType, curve }]) =>
    keyType === kty && curve === (keyType === "RSA" ? undefined : crv) &&
    (alg === undefined || alg === name || alg === "EdDSA" && name === "Ed25519")
  ).map(([name]) => name);
  if (names.length === 0) {
    return `there is no algorithm for it (kty ${kty}, crv ${crv}, alg ${alg})`;
  }
  return new VerificationKey(kid, new Set(names), pick(jwk, ["kty", "crv", "n", "e", "x", "y"]));
}

/** The key of a secret that both sides share; or why it is none. */
export function keyOfSecret(
  secret: Uint8Array,
  id?: string,
  only?: unknown,
): VerificationKey | string {
  const names = [...ALGORITHMS].filter(([name, { minSecretBytes = Infinity }]) =>
    secret.length >= minSecretBytes && (only === undefined || only === name)
  ).map(([name]) => name);
  if (names.length === 0) {
    return `a secret must have at least 32 bytes for HS256, 48 for HS384, 64 for HS512, has ${secret.length}`;
  }
  const k = secret.toBase64({ alphabet: "base64url", omitPadding: true });
  return new VerificationKey(id, new Set(names), { kty: "oct", k });
}

function keyOfJwkSecret(
  { k }: Readonly<Record<string, unknown>>,
  id: string | undefined,
  only: unknown,
): VerificationKey | string {
  const secret = bytesOf(k);
  return secret === undefined ? "its k is no base64url" : keyOfSecret(secret, id, only);
}

function isGoodModulus(n: unknown): boolean {
  const bytes = bytesOf(n);
  if (bytes === undefined) return false;
  const first = bytes.findIndex((byte) => byte !== 0);
  if (first < 0) return false;
  const bits = (bytes.length - first) * 8 - (Math.clz32(bytes[first]!) - 24);
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS;
}

function bytesOf(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}

/** Only what makes the key: what else a key set says of it could keep WebCrypto from taking it. */
function pick(jwk: Readonly<Record<string, unknown>>, names: readonly string[]): JsonWebKey {
  return Object.fromEntries(names.filter((name) => name in jwk).map((name) => [name, jwk[name]]));
}
