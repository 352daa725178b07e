/** Who this client is, for CONNECT. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | { readonly kind: "token"; readonly token: string }
  /** A seed (`SU...`), and of a credentials file the token that belongs to it. */
  | { readonly kind: "nkey"; readonly seed: string; readonly jwt?: string };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** First byte of a seed, and of the public key of a user. */
const SEED_PREFIX = 18 << 3;
const USER_PREFIX = 20 << 3;
const SEED_BYTES = 32;
/** What stands before an Ed25519 key in PKCS #8: RFC 8410. */
const PKCS8_HEAD = [0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32];

/** The fields of CONNECT that say who comes; `nonce` is the server's, `""` where it sent none. */
export async function identify(
  credentials: Credentials,
  nonce: string,
): Promise<Readonly<Record<string, string>>> {
  switch (credentials.kind) {
    case "none":
      return {};
    case "password":
      return { user: credentials.user, pass: credentials.password };
    case "token":
      return { auth_token: credentials.token };
    case "nkey": {
      const { seed, jwt } = credentials;
      const key = await keyOf(seed);
      const signed = new Uint8Array(
        await crypto.subtle.sign("Ed25519", key.privateKey, new TextEncoder().encode(nonce)),
      );
      const sig = signed.toBase64({ alphabet: "base64url", omitPadding: true });
      return jwt === undefined ? { nkey: key.publicKey, sig } : { jwt, sig };
    }
  }
}

/** What a server is shown, in words that keep every secret. */
export function shownBy(credentials: Credentials): string {
  switch (credentials.kind) {
    case "none":
      return "without a user";
    case "password":
      return `as user ${credentials.user} with its password`;
    case "token":
      return "with the token";
    case "nkey":
      return credentials.jwt === undefined ? "with the nkey" : "with the credentials file";
  }
}

/** Reads a credentials file as `nsc` writes it. Throws `TypeError`. */
export function parseCredentialsFile(text: string): Credentials {
  const jwt = between(text, "NATS USER JWT");
  const seed = between(text, "USER NKEY SEED");
  if (jwt === undefined || seed === undefined) {
    throw new TypeError("Not a credentials file: it needs a NATS USER JWT and a USER NKEY SEED");
  }
  seedBytes(seed);
  return { kind: "nkey", seed, jwt };
}

/** Reads a file that holds the seed of a user (`SU...`) and nothing else but comments. Throws `TypeError`. */
export function parseSeedFile(text: string): Credentials {
  const seed = text.split("\n").map((line) => line.trim()).find((line) => line.startsWith("SU"));
  if (seed === undefined) throw new TypeError("Not an nkey: it needs the seed of a user, SU\u2026");
  seedBytes(seed);
  return { kind: "nkey", seed };
}

/** The public key of a user's seed, `U...`. */
export async function publicNkey(seed: string): Promise<string> {
  return (await keyOf(seed)).publicKey;
}

/** The seed of a user from 32 random bytes. */
export function seedOf(random: Uint8Array): string {
  const bytes = new Uint8Array(2 + SEED_BYTES);
  bytes[0] = SEED_PREFIX | USER_PREFIX >> 5;
  bytes[1] = (USER_PREFIX & 31) << 3;
  bytes.set(random, 2);
  return withChecksum(bytes);
}

async function keyOf(seed: string) {
  const pkcs8 = new Uint8Array([...PKCS8_HEAD, ...seedBytes(seed)]);
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", privateKey);
  const raw = Uint8Array.fromBase64(x!, { alphabet: "base64url" });
  return { privateKey, publicKey: withChecksum(new Uint8Array([USER_PREFIX, ...raw])) };
}

function seedBytes(seed: string): Uint8Array {
  const bytes = fromBase32(seed);
  const sum = bytes[bytes.length - 2]! | bytes[bytes.length - 1]! << 8;
  const isSeed = bytes.length === SEED_BYTES + 4 && (bytes[0]! & 0xf8) === SEED_PREFIX &&
    crc16(bytes.subarray(0, -2)) === sum;
  if (!isSeed) throw new TypeError("Not an nkey: the seed is damaged");
  return bytes.subarray(2, -2);
}

function between(text: string, title: string): string | undefined {
  const begin = `-----BEGIN ${title}-----`;
  const at = text.indexOf(begin);
  if (at < 0) return undefined;
  const end = text.indexOf("---", at + begin.length);
  return text.slice(at + begin.length, end < 0 ? undefined : end).trim();
}

function withChecksum(bytes: Uint8Array): string {
  const sum = crc16(bytes);
  return toBase32(new Uint8Array([...bytes, sum & 0xff, sum >> 8]));
}

/** CRC-16 of XMODEM, which nkeys end in. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc;
}

function toBase32(bytes: Uint8Array): string {
  let text = "";
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = value << 8 | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[value >> bits - 5 & 31];
    value &= 0xff;
  }
  return bits > 0 ? text + ALPHABET[value << 5 - bits & 31] : text;
}

function fromBase32(text: string): Uint8Array {
  const bytes: number[] = [];
  let value = 0;
  let bits = 0;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) throw new TypeError("Not an nkey: the seed is damaged");
    value = (value << 5 | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(value >> bits & 0xff);
  }
  return new Uint8Array(bytes);
}
