import { bytesOfBase64 } from "./base64.ts";

/** Argon2id of version 1.3, by which mosquitto 2.1 hashes passwords if it is not told otherwise. */
export interface Argon2idHash {
  /** Tells it from other hashes. */
  readonly kind: "argon2id";
  /** Memory that a check takes, KiB. */
  readonly memoryKib: number;
  /** How often it is gone through. */
  readonly passes: number;
  /** Parts of it that are made independently of each other. */
  readonly lanes: number;
  /** 8 bytes or more; mosquitto has 64. */
  readonly salt: Uint8Array;
  /** 4 bytes or more; mosquitto has 64. */
  readonly digest: Uint8Array;
}

/** The most memory of one check, KiB: mosquitto takes 47,104. */
const MAX_MEMORY_KIB = 1024 * 1024;
/** The most memory that one check may go through in all its passes, KiB: it takes seconds, and clients do not wait longer. */
const MAX_WORK_KIB = 4 * MAX_MEMORY_KIB;
const FORM =
  /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,8})\$([A-Za-z\d+/]+)\$([A-Za-z\d+/]+)$/;

/** What WebCrypto takes of Argon2id; the types that come with Deno do not have it yet. */
interface Argon2Crypto {
  importKey(
    format: "raw-secret",
    keyData: Uint8Array<ArrayBuffer>,
    algorithm: "Argon2id",
    extractable: false,
    usages: readonly ["deriveBits"],
  ): Promise<CryptoKey>;
  deriveBits(
    algorithm: {
      readonly name: "Argon2id";
      readonly nonce: Uint8Array;
      readonly memory: number;
      readonly passes: number;
      readonly parallelism: number;
    },
    key: CryptoKey,
    lengthBits: number,
  ): Promise<ArrayBuffer>;
}

/** Parses `$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH`; its base64 is not padded. */
export function parseArgon2id(
  text: string,
): { readonly hash: Argon2idHash } | { readonly problem: string } {
  const [, memory = "", times = "", parallelism = "", saltText = "", digestText = ""] =
    FORM.exec(text) ?? [];
  const salt = bytesOfBase64(padded(saltText));
  const digest = bytesOfBase64(padded(digestText));
  const [memoryKib, passes, lanes] = [memory, times, parallelism].map(Number) as [
    number,
    number,
    number,
  ];
  if (memory === "" || salt === undefined || digest === undefined) {
    return {
      problem:
        "Is no hash of Argon2 of the form $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH; set the password anew: flux-mqtt passwd",
    };
  }
  // The bounds of RFC 9106.
  const isHash = lanes >= 1 && passes >= 1 && memoryKib >= 8 * lanes && salt.length >= 8 &&
    digest.length >= 4;
  if (!isHash) {
    return { problem: "Has numbers, a salt or a hash smaller than Argon2 has them" };
  }
  if (memoryKib > MAX_MEMORY_KIB || memoryKib * passes > MAX_WORK_KIB) {
    return {
      problem: `Must take at most ${MAX_MEMORY_KIB} KiB (m), and ${MAX_WORK_KIB} over all passes ` +
        `(m times t), takes ${memoryKib} and ${memoryKib * passes}`,
    };
  }
  return { hash: { kind: "argon2id", memoryKib, passes, lanes, salt, digest } };
}

/** The digest of a password with the salt and the costs of a hash. Off the event loop. */
export async function deriveArgon2id(
  { salt, digest, memoryKib, passes, lanes }: Argon2idHash,
  password: Uint8Array,
): Promise<Uint8Array> {
  const subtle = crypto.subtle as unknown as Argon2Crypto;
  const secret = Uint8Array.from(password);
  const key = await subtle.importKey("raw-secret", secret, "Argon2id", false, ["deriveBits"]);
  const algorithm = {
    name: "Argon2id",
    nonce: salt,
    memory: memoryKib,
    passes,
    parallelism: lanes,
  } as const;
  return new Uint8Array(await subtle.deriveBits(algorithm, key, digest.length * 8));
}

function padded(text: string): string {
  return text + "=".repeat((4 - text.length % 4) % 4);
}
