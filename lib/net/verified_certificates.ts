import { createHash, X509Certificate } from "node:crypto";

/** The most certificates kept; those seen last stay. */
const MAX_REMEMBERED = 50_000;

/**
 * Client certificates that were verified in a full handshake. `node:tls` in Deno resumes sessions across all listeners of the process
 * without checking the certificate, even if its client was refused or never asked for one. So a resumed session is accepted only with a
 * certificate that this listener has accepted before.
 */
export class VerifiedCertificates {
  /** Their expiry by fingerprint, those seen last at the end. */
  readonly #expiresAtMs = new Map<string, number>();

  /** Returns why a client is refused, or `undefined`. `certificate` is in DER; TLS has verified it unless the session `isResumed`. */
  refusal(
    certificate: Uint8Array | undefined,
    isResumed: boolean,
    nowMs: number,
  ): string | undefined {
    if (certificate === undefined) return "client certificate: there is none";
    const fingerprint = createHash("sha256").update(certificate).digest("base64");
    const expiresAtMs = isResumed
      ? this.#expiresAtMs.get(fingerprint)
      : Date.parse(new X509Certificate(certificate).validTo);
    if (expiresAtMs === undefined) {
      return "client certificate: a session is resumed that was not verified here";
    }
    if (!(nowMs < expiresAtMs)) return "client certificate: it has expired";
    this.#expiresAtMs.delete(fingerprint);
    this.#expiresAtMs.set(fingerprint, expiresAtMs);
    if (this.#expiresAtMs.size > MAX_REMEMBERED) {
      for (const oldest of this.#expiresAtMs.keys()) {
        this.#expiresAtMs.delete(oldest);
        break;
      }
    }
    return undefined;
  }
}
