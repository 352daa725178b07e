import type { X509Certificate } from "node:crypto";

/** A longer chain must contain a cycle. */
const MAX_CERTIFICATES = 16;

/** The certificates that a server sends beside its own, so that clients that know only the root can build the chain. */
export interface CertificateChain {
  /** The missing certificates in PEM, without the root, which clients have. */
  readonly missing: readonly string[];
  /**
   * Whether the chain ends at a root, or at least continues beyond the first certificate: well-known roots are not in any of the files, and
   * reading Deno's requires a permission of its own.
   */
  readonly isComplete: boolean;
  /** The issuer of the last certificate. */
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
