import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";

/** More would be a circle. */
const MAX_CERTIFICATES = 16;

/** What a server shows beside its own certificates, so that clients who know the root alone find the way to it. */
export interface CertificateChain {
  /** Those that were missing, in PEM: without the root, which clients have. */
  readonly missing: readonly string[];
  /** Whether it ends at a root that is at hand: among the authorities, or known everywhere. */
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
    if (next === undefined) return { missing, isComplete: isRooted(last), lastIssuer: last.issuer };
    if (given === undefined && !isSignedBy(next, next)) missing.push(next.toString());
    last = next;
  }
  return { missing, isComplete: true, lastIssuer: last.issuer };
}

/** Only asked where the files lead nowhere: to read all these takes some 40 ms. */
function isRooted(certificate: X509Certificate): boolean {
  return rootCertificates.some((text) => isSignedBy(certificate, new X509Certificate(text)));
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
