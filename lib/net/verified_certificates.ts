import { createHash, X509Certificate } from "node:crypto";

/** Certificates that are remembered, those seen last. */
const MAX_REMEMBERED = 50_000;

/**
 * The client certificates that were verified in a full handshake. `node:tls` in Deno resumes sessions, across all listeners of the
 * process, without a look at the certificate: that of a client who was refused, or who was asked for none, is as good as any
 * then. So whoever comes back with a session comes in only with a certificate that this listener has once let in.
 */
export class VerifiedCertificates {
  /** When they expire, by fingerprint, the latest at the end. */
  readonly #expiresAtMs = new Map<string, number>();

  /** Why a client is refused, or `undefined`. `certificate`: in DER, verified by TLS unless the session `isResumed`. */
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
