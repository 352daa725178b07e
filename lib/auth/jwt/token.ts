/** The longest token, bytes: it is text of the client's, and looked at before anybody is known. */
export const MAX_TOKEN_BYTES = 16 * 1024;
/** Characters in which the header of a token must end. */
const MAX_HEADER_LENGTH = 4096;

/** Claims, or the header of a token. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A JSON Web Token taken apart (RFC 7519, in the compact form of RFC 7515). Nothing of it is verified. */
export interface Token {
  /** How it says that it is signed. */
  readonly algorithm: string;
  /** Which key it says that it is signed with. */
  readonly keyId: string | undefined;
  /** What it says. */
  readonly claims: JsonObject;
  /** What is signed. */
  readonly signed: Uint8Array<ArrayBuffer>;
  /** The signature. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Whether a text means to be a token: its header is one. Whatever else is a password. */
export function isTokenLike(text: string): boolean {
  const end = text.slice(0, MAX_HEADER_LENGTH).indexOf(".");
  const header = end < 0 ? undefined : objectOf(text.slice(0, end));
  return header !== undefined && Object.hasOwn(header, "alg");
}

/** Takes a token apart; or says what is wrong with it, in words for the log. */
export function parseToken(text: string): Token | string {
  if (text.length > MAX_TOKEN_BYTES) return `it is longer than ${MAX_TOKEN_BYTES} bytes`;
  const parts = text.split(".", 6);
  if (parts.length === 5) return "it is encrypted, which is not supported";
  const [headerText = "", claimsText = "", signatureText = ""] = parts;
  const header = objectOf(headerText);
  const claims = objectOf(claimsText);
  const signature = bytesOf(signatureText);
  if (parts.length !== 3 || header === undefined || signature === undefined) {
    return "it is no signed token";
  }
  if (claims === undefined) return "its claims are no JSON object";
  const { alg, kid, crit } = header;
  if (typeof alg !== "string") return "its header names no algorithm";
  if (kid !== undefined && typeof kid !== "string") return "its key id is no text";
  // What it says must be understood is not: RFC 7515, section 4.1.11. Keys that a token brings along (jwk, jku, x5c) are not looked at.
  if (crit !== undefined) return "its header has extensions that must be understood";
  const signed = new TextEncoder().encode(`${headerText}.${claimsText}`);
  return { algorithm: alg, keyId: kid, claims, signed, signature };
}

function objectOf(part: string): JsonObject | undefined {
  const bytes = bytesOf(part);
  if (bytes === undefined) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as JsonObject : undefined;
  } catch {
    return undefined;
  }
}

/** Of base64url as it must be: no padding, no white space, nothing in the bits that are left over. */
function bytesOf(part: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = Uint8Array.fromBase64(part, { alphabet: "base64url" });
    const isExact = bytes.toBase64({ alphabet: "base64url", omitPadding: true }) === part;
    return isExact ? bytes : undefined;
  } catch {
    return undefined;
  }
}
