import { createHash } from "node:crypto";
import type { ClientCertificate } from "../broker/mod.ts";
import { type DerElement, derElement, derElements, objectIdentifier } from "./der.ts";

/** The parts of an X.509 certificate that this file reads. */
export interface CertificateParts {
  /** The encoded number, up to 20 bytes. */
  readonly serialNumber: Uint8Array;
  /** The encoded name of the issuer, who signed the certificate. */
  readonly issuer: Uint8Array;
  /** The encoded name of the subject, for whom the certificate is. */
  readonly subject: Uint8Array;
}

/** Reads the first Common Name, and the whole subject in the form of RFC 2253, from a client's certificate. */
export function readClientCertificate(der: Uint8Array): ClientCertificate {
  const attributes = nameAttributes(certificateParts(der).subject);
  const commonName = attributes.flat().find(({ name }) => name === "CN");
  return {
    // RFC 2253 writes the parts from the last to the first, also within a part of several attributes.
    subject: attributes.toReversed().map((rdn) => rdn.toReversed().map(showAttribute).join("+"))
      .join(","),
    commonName: commonName === undefined ? "" : attributeText(commonName.value) ?? "",
    fingerprint: createHash("sha256").update(der).digest("hex").toUpperCase()
      .replace(/..(?=.)/g, "$&:"),
  };
}

/** Parses a certificate. Throws `TypeError` if the bytes are not one. */
export function certificateParts(der: Uint8Array): CertificateParts {
  const [signed] = derElements(derElement(der).content);
  const fields = derElements(signed!.content);
  // The version comes first, except in certificates of version 1.
  const [serialNumber, , issuer, , subject] = fields[0]!.tag === 0xa0 ? fields.slice(1) : fields;
  if (serialNumber === undefined || issuer === undefined || subject === undefined) {
    throw new TypeError("Cannot read the certificate: fields are missing");
  }
  return {
    serialNumber: serialNumber.content,
    issuer: issuer.bytes,
    subject: subject.bytes,
  };
}

/** One attribute of a name: its type, such as `CN`, and its encoded value. */
interface Attribute {
  readonly name: string;
  readonly value: DerElement;
}

/** Short names of attributes, as written by OpenSSL and so by mosquitto. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.46": "dnQualifier",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

function nameAttributes(name: Uint8Array): Attribute[][] {
  return derElements(derElement(name).content).map((rdn) =>
    derElements(rdn.content).map((attribute) => {
      const [type, value] = derElements(attribute.content);
      if (type === undefined || value === undefined) throw new TypeError("Cannot read the name");
      const oid = objectIdentifier(type.content);
      return { name: SHORT_NAMES[oid] ?? oid, value };
    })
  );
}

function showAttribute({ name, value }: Attribute): string {
  const text = attributeText(value);
  // An unknown attribute is shown in its encoded form.
  if (text === undefined || /^\d/.test(name)) return `${name}=#${hex(value.bytes)}`;
  return `${name}=${escapeText(text)}`;
}

/** The text of a value; `undefined` if its type is not a text. */
function attributeText({ tag, content }: DerElement): string | undefined {
  switch (tag) {
    case 0x0c: // UTF8String
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(content);
    case 0x12: // NumericString, PrintableString, TeletexString, IA5String
    case 0x13:
    case 0x14:
    case 0x16:
      return String.fromCharCode(...content);
    case 0x1e: // BMPString
      return new TextDecoder("utf-16be", { ignoreBOM: true }).decode(content);
    default:
      return undefined;
  }
}

/** Escapes control characters and bytes beyond ASCII as `\C3`, and special characters with a backslash. */
function escapeText(text: string): string {
  let result = "";
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte >= 0x7f) result += `\\${hex([byte])}`;
    else result += ',+"\\<>;'.includes(character) ? `\\${character}` : character;
  }
  return result.replace(/^[ #]/, "\\$&").replace(
    / $/,
    (space, at) => at === 0 ? space : `\\${space}`,
  );
}

function hex(bytes: Iterable<number>): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("");
}
