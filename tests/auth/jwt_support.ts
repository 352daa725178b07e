import { JwtAccess, type JwtAccessInit } from "../../lib/auth/jwt/jwt_access.ts";
import type { JwtOptions } from "../../lib/auth/mod.ts";
import type { Jose } from "../support/jose.ts";
import { authenticate, LogLines, MemoryFiles, outcome } from "./access_support.ts";

/** When the tests are, milliseconds since 1970. */
export const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;

/** What is changed of a good token. */
export interface Changes {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** A pair of keys of an algorithm, and tokens by it. */
export interface Signer {
  readonly algorithm: string;
  readonly publicPem: string;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  sign(changes?: Changes): Promise<string>;
}

/** Claims of a token that is good at {@linkcode NOW_MS}, for user `alice`. */
export function goodClaims(changes: Readonly<Record<string, unknown>> = {}) {
  return { sub: "alice", aud: "mqtt", iss: "issuer", nbf: NOW - 60, exp: NOW + 3600, ...changes };
}

type Jwk = Readonly<Record<string, unknown>>;

/** RSA keys take seconds to make: two serve all tests, in turn. */
const rsaKeys: Promise<Jwk>[] = [];
let rsaCount = 0;

/** Makes keys, and signs with them by the real library. */
export async function signer(jose: Jose, algorithm: string): Promise<Signer> {
  const jwk = await privateJwk(jose, algorithm);
  const publicJwk = Object.fromEntries(
    ["kty", "crv", "n", "e", "x", "y"].filter((name) => name in jwk).map((
      name,
    ) => [name, jwk[name]]),
  );
  const privateKey = await jose.importJWK(jwk, algorithm);
  const publicKey = await jose.importJWK(publicJwk, algorithm, { extractable: true });
  return {
    algorithm,
    publicPem: await jose.exportSPKI(publicKey as CryptoKey),
    publicJwk,
    sign: ({ claims, header } = {}) =>
      new jose.SignJWT(goodClaims(claims)).setProtectedHeader({ alg: algorithm, ...header })
        .sign(privateKey),
  };
}

async function privateJwk(jose: Jose, algorithm: string): Promise<Jwk> {
  const make = async () => {
    const { privateKey } = await jose.generateKeyPair(algorithm, { extractable: true });
    return await jose.exportJWK(privateKey) as Jwk;
  };
  if (!algorithm.startsWith("RS") && !algorithm.startsWith("PS")) return await make();
  return await (rsaKeys[rsaCount++ % 2] ??= make());
}

/** Signs with a secret, by the real library. */
export function signWithSecret(
  jose: Jose,
  secret: string,
  { claims, header }: Changes = {},
  algorithm = "HS256",
): Promise<string> {
  return new jose.SignJWT(goodClaims(claims)).setProtectedHeader({ alg: algorithm, ...header })
    .sign(new TextEncoder().encode(secret));
}

/** Access control by tokens, with its files in memory, at {@linkcode NOW_MS}. */
export async function openJwt(
  texts: Readonly<Record<string, string>>,
  options: Partial<JwtOptions> = {},
  more: Partial<JwtAccessInit> = {},
) {
  const files = new MemoryFiles();
  for (const [path, text] of Object.entries(texts)) files.set(path, text);
  const log = new LogLines();
  const init = { options, log, files, dateMs: () => NOW_MS, ...more };
  const opened = await JwtAccess.open(init);
  if (!(opened instanceof JwtAccess)) throw new Error(opened.join("\n"));
  return { access: opened, files, log };
}

/** Comes in with a token as password; `in as NAME` or the Reason Code, and why it was refused. */
export async function comeIn(
  { access, log }: { access: JwtAccess; log: LogLines },
  token: string,
  clientId = "c1",
): Promise<string> {
  const said = log.fields.length;
  const told = outcome(await authenticate(access, "whoever", token, { clientId }));
  const refused = log.lines.indexOf("warning: Token refused", said);
  const reason = log.fields[refused]?.reason;
  return reason === undefined ? told : `${told}: ${reason}`;
}

/** The three parts of a token, for those who forge one. */
export function forge(header: unknown, claims: unknown, signature = ""): string {
  const encode = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value))
      .toBase64({ alphabet: "base64url", omitPadding: true });
  return `${encode(header)}.${encode(claims)}.${signature}`;
}
