import { X509Certificate } from "node:crypto";
import { certificateParts } from "./certificate.ts";
import { type DerElement, derElement, derElements } from "./der.ts";

/** What one authority has revoked. */
interface RevocationList {
  /** Serial numbers in hexadecimal. */
  readonly serialNumbers: ReadonlySet<string>;
  /** After this nobody knows what else was revoked; `undefined`: it does not say. */
  readonly nextUpdate: Date | undefined;
}

/**
 * Certificate Revocation Lists (RFC 5280 section 5). As with OpenSSL a list is needed for whoever signs client certificates:
 * where there is none, or it is out of date, the client is refused.
 */
export class RevocationLists {
  /** By the encoded name of the authority. */
  readonly #lists = new Map<string, RevocationList>();

  /**
   * Reads PEM. The lists come from the administrator's own file, as the authorities do: their signatures are not checked, only that
   * they are from one of these.
   */
  constructor(text: string, authorities: readonly string[]) {
    const names = new Set(
      authorities.flatMap((pem) => pem.match(CERTIFICATE) ?? []).map((pem) =>
        hex(certificateParts(new Uint8Array(new X509Certificate(pem).raw)).subject)
      ),
    );
    for (const [, base64 = ""] of text.matchAll(LIST)) {
      const [issuer, list] = readList(Uint8Array.fromBase64(base64.replace(/\s/g, "")));
      if (!names.has(issuer)) {
        throw new TypeError("Cannot use the revocation list: no authority of cafile issued it");
      }
      this.#lists.set(issuer, list);
    }
    if (this.#lists.size === 0) throw new TypeError("Cannot find a revocation list in PEM");
  }

  /** Why a certificate is refused, or `undefined`. */
  refusal(der: Uint8Array, nowMs: number): string | undefined {
    const { issuer, serialNumber } = certificateParts(der);
    const list = this.#lists.get(hex(issuer));
    if (list === undefined) return "client certificate: there is no revocation list of its issuer";
    if (list.nextUpdate !== undefined && list.nextUpdate.getTime() < nowMs) {
      return "client certificate: the revocation list of its issuer is out of date";
    }
    return list.serialNumbers.has(hex(serialNumber))
      ? "client certificate: it is revoked"
      : undefined;
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const LIST = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;
const INTEGER = 0x02;
const SEQUENCE = 0x30;

function readList(der: Uint8Array): [issuer: string, list: RevocationList] {
  const [signed] = derElements(derElement(der).content);
  let fields = derElements(signed!.content);
  if (fields[0]?.tag === INTEGER) fields = fields.slice(1); // The version.
  const [, issuer, thisUpdate, ...rest] = fields;
  if (issuer === undefined || thisUpdate === undefined) {
    throw new TypeError("Cannot read the revocation list: fields are missing");
  }
  const nextUpdate = rest[0] === undefined ? undefined : readTime(rest[0]);
  const revoked = (nextUpdate === undefined ? rest : rest.slice(1))[0];
  const entries = revoked?.tag === SEQUENCE ? derElements(revoked.content) : [];
  const serialNumbers = new Set(entries.map((entry) => hex(derElement(entry.content).content)));
  return [hex(issuer.bytes), { serialNumbers, nextUpdate }];
}

/** UTCTime or GeneralizedTime; `undefined`: it is neither. */
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
