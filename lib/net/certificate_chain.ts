import type { X509Certificate } from "node:crypto";

/** More would be a circle. */
const MAX_CERTIFICATES = 16;

/** What a server shows beside its own certificates, so that clients who know the root alone find the way to it. */
export interface CertificateChain {
  /** Those that were missing, in PEM: without the root, which clients have. */
  readonly missing: readonly string[];
  /**
   * Whether it ends at a root, or at least leads on from the first certificate: the roots that everybody knows are in no file, and to
   * ask Deno for them takes a permission of its own.
   */
  readonly isComplete: boolean;
  /** Who has signed the last of them. */
  readonly lastIssuer: string;
}

/** Follows the chain from the first of `own` through the others and through `authorities`, as OpenSSL does for mosquitto. */
export function completeChain(
  own: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): CertificateChain {
  const missing: string[] = [];
  let last = own[0]!;
  for (let i = 0; i < MAX_CERTIFICATES && !isSignedBy(last, last); i++) {
    const given = own.find((certificate) => isSignedBy(last, certificate));
    const next = given ?? authorities.find((certificate) => isSignedBy(last, certificate));
    if (next === undefined) return { missing, isComplete: i > 0, lastIssuer: last.issuer };
    if (given === undefined && !isSignedBy(next, next)) missing.push(next.toString());
    last = next;
  }
  return { missing, isComplete: true, lastIssuer: last.issuer };
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
