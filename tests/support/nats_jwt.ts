/**
 * Keys and tokens of a NATS server in operator mode, made without our own code for them, so that one checks the other.
 *
 * @module
 */

/** First bytes of public keys: they make the letters O, A and U. */
const PREFIX = { operator: 14 << 3, account: 0, user: 20 << 3 } as const;
const SEED_PREFIX = 18 << 3;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** A key of an operator, an account or a user. */
export class NatsKey {
  private constructor(
    readonly kind: keyof typeof PREFIX,
    readonly publicKey: string,
    /** `S...` */
    readonly seed: string,
    readonly sign: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>,
  ) {}

  static async make(kind: keyof typeof PREFIX): Promise<NatsKey> {
    const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign"]) as CryptoKeyPair;
    const { x, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
    const [open, secret] = [x!, d!].map((text) =>
      Uint8Array.fromBase64(text, { alphabet: "base64url" })
    ) as [Uint8Array, Uint8Array];
    const prefix = PREFIX[kind];
    const seedHead = [SEED_PREFIX | prefix >> 5, (prefix & 31) << 3];
    return new NatsKey(
      kind,
      encode([prefix, ...open]),
      encode([...seedHead, ...secret]),
      async (bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, bytes)),
    );
  }

  /** A token about `subject`, signed with this key; `nats` is what NATS wants to know of it. */
  async token(subject: NatsKey, nats: object): Promise<string> {
    const claims = {
      jti: crypto.randomUUID(),
      iat: Math.floor(Date.now() / 1000),
      iss: this.publicKey,
      name: subject.kind,
      sub: subject.publicKey,
      nats: { ...nats, type: subject.kind, version: 2 },
    };
    const parts = [{ typ: "JWT", alg: "ed25519-nkey" }, claims].map((part) =>
      base64(new TextEncoder().encode(JSON.stringify(part)))
    );
    const text = parts.join(".");
    return `${text}.${base64(await this.sign(new TextEncoder().encode(text)))}`;
  }
}

const NO_LIMIT = { subs: -1, data: -1, payload: -1 };
const ACCOUNT_LIMITS = {
  ...NO_LIMIT,
  ...{ imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
};
const STORAGE = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** A server's configuration in operator mode with one account that may use JetStream, and the credentials file of a user of it. */
export async function operatorMode(): Promise<{ config: string; credentials: string }> {
  const operator = await NatsKey.make("operator");
  const [system, account] = [await NatsKey.make("account"), await NatsKey.make("account")];
  const user = await NatsKey.make("user");
  const systemToken = await operator.token(system, { limits: ACCOUNT_LIMITS });
  const accountToken = await operator.token(account, { limits: { ...ACCOUNT_LIMITS, ...STORAGE } });
  const config = `operator: ${await operator.token(operator, {})}
system_account: ${system.publicKey}
resolver: MEMORY
resolver_preload: {
  ${system.publicKey}: ${systemToken}
  ${account.publicKey}: ${accountToken}
}`;
  const credentials = `-----BEGIN NATS USER JWT-----
${await account.token(user, { pub: {}, sub: {}, ...NO_LIMIT })}
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.
NKEYs are sensitive and should be treated as secrets.

-----BEGIN USER NKEY SEED-----
${user.seed}
------END USER NKEY SEED------

*************************************************************
`;
  return { config, credentials };
}

function base64(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Base32 of the bytes with their CRC-16 (XMODEM), the low byte first. */
function encode(bytes: readonly number[]): string {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
  }
  const bits = [...bytes, crc & 0xff, crc >> 8].map((byte) => byte.toString(2).padStart(8, "0"));
  return (bits.join("").match(/.{1,5}/g) ?? [])
    .map((five) => ALPHABET[parseInt(five.padEnd(5, "0"), 2)])
    .join("");
}
