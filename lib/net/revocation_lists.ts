import { type KeyObject, X509Certificate } from "node:crypto";
import { certificateParts } from "./certificate.ts";
import { type DerElement, derElement, derElements, objectIdentifier } from "./der.ts";
import { isSignedBy } from "./signature.ts";

/** The certificates that one authority has revoked. */
interface RevocationList {
  /** Serial numbers in hexadecimal. */
  readonly serialNumbers: ReadonlySet<string>;
  /** When the list becomes out of date; `undefined` if it does not say. */
  readonly nextUpdate: Date | undefined;
}

/**
 * Certificate Revocation Lists (RFC 5280 section 5). As with OpenSSL, every authority that signs client certificates needs a list: if it is
 * missing or out of date, the client is refused.
 */
export class RevocationLists {
  /** Lists by the encoded name of the authority. A new key under the same name has its own list. */
  readonly #lists = new Map<string, RevocationList[]>();

  /** Reads PEM. Throws `TypeError` if a list is damaged, or not signed by any of the `authorities` (also PEM). */
  constructor(text: string, authorities: readonly string[]) {
    const known = authorities.flatMap((pem) => pem.match(CERTIFICATE) ?? []).map(readAuthority);
    for (const [, base64 = ""] of text.matchAll(LIST)) {
      const der = Uint8Array.fromBase64(base64.replace(/\s/g, ""));
      const [issuer, list] = readList(der);
      const issuers = known.filter(({ name }) => name === issuer);
      if (issuers.length === 0) {
        throw new TypeError("Cannot use the revocation list: no authority of cafile issued it");
      }
      if (!issuers.some(({ key }) => isSignedBy(der, key))) {
        throw new TypeError(
          "Cannot use the revocation list: the authority of cafile that it names has not signed it",
        );
      }
      this.#lists.set(issuer, [...this.#lists.get(issuer) ?? [], list]);
    }
    if (this.#lists.size === 0) throw new TypeError("Cannot find a revocation list in PEM");
  }

  /** Returns why a certificate is refused, or `undefined`. */
  refusal(der: Uint8Array, nowMs: number): string | undefined {
    const { issuer, serialNumber } = certificateParts(der);
    const lists = this.#lists.get(hex(issuer));
    if (lists === undefined) return "client certificate: there is no revocation list of its issuer";
    if (lists.every(({ nextUpdate }) => nextUpdate !== undefined && nextUpdate.getTime() < nowMs)) {
      return "client certificate: the revocation list of its issuer is out of date";
    }
    return lists.some(({ serialNumbers }) => serialNumbers.has(hex(serialNumber)))
      ? "client certificate: it is revoked"
      : undefined;
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const LIST = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const SEQUENCE = 0x30;
/** The tag of the field with the extensions of the whole list. */
const EXTENSIONS = 0xa0;

/** Reads the encoded name and the key of an authority that may have signed a list. */
function readAuthority(pem: string): { readonly name: string; readonly key: KeyObject } {
  const { raw, publicKey } = new X509Certificate(pem);
  return { name: hex(certificateParts(new Uint8Array(raw)).subject), key: publicKey };
}

function readList(der: Uint8Array): [issuer: string, list: RevocationList] {
  const [signed] = derElements(derElement(der).content);
  let fields = derElements(signed!.content);
  if (fields[0]?.tag === INTEGER) fields = fields.slice(1); // Skip the version.
  const [, issuer, thisUpdate, ...rest] = fields;
  if (issuer === undefined || thisUpdate === undefined) {
    throw new TypeError("Cannot read the revocation list: fields are missing");
  }
  refuseCriticalExtensions(rest.find(({ tag }) => tag === EXTENSIONS));
  const nextUpdate = rest[0] === undefined ? undefined : readTime(rest[0]);
  const revoked = (nextUpdate === undefined ? rest : rest.slice(1))[0];
  const entries = revoked?.tag === SEQUENCE ? derElements(revoked.content) : [];
  const serialNumbers = new Set(entries.map((entry) => hex(derElement(entry.content).content)));
  return [hex(issuer.bytes), { serialNumbers, nextUpdate }];
}

/**
 * Refuses lists with critical extensions, whose meaning differs: one may contain only the changes to another list. (RFC 5280 section 5.2)
 */
function refuseCriticalExtensions(field: DerElement | undefined): void {
  const extensions = field === undefined ? [] : derElements(derElement(field.content).content);
  for (const extension of extensions) {
    const [type, critical] = derElements(extension.content);
    if (critical?.tag !== BOOLEAN) continue;
    const oid = objectIdentifier(type!.content);
    throw new TypeError(`Cannot use the revocation list: its extension ${oid} is not understood`);
  }
}

/** Reads a UTCTime or GeneralizedTime; `undefined` for other types. */
function readTime({ tag, content }: DerElement): Date | undefined {
  if (tag !== 0x17 && tag !== 0x18) return undefined;
  const text = String.fromCharCode(...content);
  const digits = tag === 0x18 ? text : (Number(text.slice(0, 2)) < 50 ? "20" : "19") + text;
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits) ?? [];
  if (year === undefined) throw new TypeError("Cannot read a date of the revocation list");
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}
