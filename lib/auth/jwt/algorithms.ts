/** How a signature of an algorithm is verified: with which keys, and what WebCrypto is told. */
export interface Algorithm {
  /** The `kty` of its keys. */
  readonly keyType: "oct" | "RSA" | "EC" | "OKP";
  /** The `crv` of its keys; absent: they have none. */
  readonly curve?: string;
  /** Bytes that a secret must have: as many as the digest, RFC 7518, section 3.2. */
  readonly minSecretBytes?: number;
  /** Bytes of its signatures; absent: they depend on the key. */
  readonly signatureBytes?: number;
  /** For `importKey`. */
  readonly importAs: RsaHashedImportParams | EcKeyImportParams | HmacImportParams | {
    readonly name: string;
  };
  /** For `verify`. */
  readonly verifyAs: { readonly name: string } | EcdsaParams | RsaPssParams;
}

/**
 * All that are known (RFC 7518, RFC 8037, RFC 9864). `none` is not among them. A key says which of these may be used with it, never the
 * token alone: so a public key cannot be taken for the secret of an HMAC.
 */
export const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ...hmac(256),
  ...hmac(384),
  ...hmac(512),
  ...rsa(256),
  ...rsa(384),
  ...rsa(512),
  ecdsa("ES256", "P-256", 256, 64),
  ecdsa("ES384", "P-384", 384, 96),
  ecdsa("ES512", "P-521", 512, 132),
  eddsa("EdDSA"),
  eddsa("Ed25519"),
]);

function hmac(bits: number): [string, Algorithm][] {
  const importAs = { name: "HMAC", hash: `SHA-${bits}` };
  return [[`HS${bits}`, {
    keyType: "oct",
    minSecretBytes: bits / 8,
    signatureBytes: bits / 8,
    importAs,
    verifyAs: { name: "HMAC" },
  }]];
}

function rsa(bits: number): [string, Algorithm][] {
  const hash = `SHA-${bits}`;
  const pkcs1 = { name: "RSASSA-PKCS1-v1_5" };
  return [
    [`RS${bits}`, { keyType: "RSA", importAs: { ...pkcs1, hash }, verifyAs: pkcs1 }],
    [`PS${bits}`, {
      keyType: "RSA",
      importAs: { name: "RSA-PSS", hash },
      verifyAs: { name: "RSA-PSS", saltLength: bits / 8 },
    }],
  ];
}

function ecdsa(
  name: string,
  curve: string,
  bits: number,
  signatureBytes: number,
): [string, Algorithm] {
  return [name, {
    keyType: "EC",
    curve,
    signatureBytes,
    importAs: { name: "ECDSA", namedCurve: curve },
    verifyAs: { name: "ECDSA", hash: `SHA-${bits}` },
  }];
}

function eddsa(name: string): [string, Algorithm] {
  const algorithm = { name: "Ed25519" };
  return [name, {
    keyType: "OKP",
    curve: "Ed25519",
    signatureBytes: 64,
    importAs: algorithm,
    verifyAs: algorithm,
  }];
}
