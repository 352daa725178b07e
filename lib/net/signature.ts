import { constants, type KeyObject, verify } from "node:crypto";
import { type DerElement, derElement, derElements, objectIdentifier } from "./der.ts";

/** Used instead of a digest for algorithms that have their own. */
const OWN_DIGEST = null;

/** Algorithms by their identifier: the type of key, and the digest. */
const ALGORITHMS: Readonly<Record<string, readonly [key: string, digest: string | null]>> = {
  "1.2.840.113549.1.1.11": ["rsa", "sha256"],
  "1.2.840.113549.1.1.12": ["rsa", "sha384"],
  "1.2.840.113549.1.1.13": ["rsa", "sha512"],
  "1.2.840.10045.4.3.2": ["ec", "sha256"],
  "1.2.840.10045.4.3.3": ["ec", "sha384"],
  "1.2.840.10045.4.3.4": ["ec", "sha512"],
  "1.3.101.112": ["ed25519", OWN_DIGEST],
};
const RSA_PSS = "1.2.840.113549.1.1.10";
/** The length of RSA-PSS's salt if it is left out. */
const DEFAULT_SALT_BYTES = 20;
const DIGESTS: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/**
 * Whether `key` signed an X.509 structure in DER, a certificate or a revocation list. Throws `TypeError` for algorithms that are not
 * trusted here, such as those with SHA-1.
 */
export function isSignedBy(der: Uint8Array, key: KeyObject): boolean {
  const [signed, algorithm, signature] = derElements(derElement(der).content);
  if (signed === undefined || algorithm === undefined || signature === undefined) {
    throw new TypeError("Cannot read the signature: fields are missing");
  }
  const [type, parameters] = derElements(algorithm.content);
  const id = type === undefined ? "" : objectIdentifier(type.content);
  const bits = signature.content.subarray(1); // The first byte counts the unused bits of the last one.
  if (id === RSA_PSS) return isPss(signed.bytes, parameters, key, bits);
  const found = ALGORITHMS[id];
  if (found === undefined) throw new TypeError(`Cannot check a signature of algorithm ${id}`);
  const [keyType, digest] = found;
  return key.asymmetricKeyType === keyType && verify(digest, signed.bytes, key, bits);
}

/** RFC 4055 section 3.1: the digest and the length of the salt are parameters. */
function isPss(
  signed: Uint8Array,
  parameters: DerElement | undefined,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  const fields = parameters === undefined ? [] : derElements(parameters.content);
  const field = (tag: number) => fields.find((element) => element.tag === tag)?.content;
  const [hash, salt] = [field(0xa0), field(0xa2)];
  // The default is SHA-1.
  const oid = hash === undefined ? undefined : derElements(derElement(hash).content)[0];
  const digest = oid === undefined ? undefined : DIGESTS[objectIdentifier(oid.content)];
  if (digest === undefined) {
    throw new TypeError("Cannot check a signature of RSA-PSS with this digest");
  }
  const saltLength = salt === undefined
    ? DEFAULT_SALT_BYTES
    : derElement(salt).content.reduce((value, byte) => value * 256 + byte, 0);
  if (!key.asymmetricKeyType?.startsWith("rsa")) return false;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify(digest, signed, { key, padding, saltLength }, signature);
}
