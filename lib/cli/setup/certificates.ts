import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIP } from "node:net";
import { der, derBits, derInteger, derOid, derTime, TAG } from "./der_writer.ts";

/** A certificate and its key, both in PEM. */
export interface MadeCertificate {
  /** The certificate. */
  readonly certificate: string;
  /** The key, in PKCS#8. */
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** Certificates are valid from before now, since a device's clock may be behind. */
const BACKDATED_MS = 2 * DAY_MS;
/** The authority's certificate is valid long, because replacing it means changing every client. */
const AUTHORITY_DAYS = 3650;
/** Apple's systems refuse a server's certificate that is valid longer. */
const SERVER_DAYS = 825;

const ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const SUBJECT_KEY = "2.5.29.14";
const KEY_USAGE = "2.5.29.15";
const ALTERNATIVE_NAMES = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";
const AUTHORITY_KEY = "2.5.29.35";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

const TRUE = Uint8Array.of(0x01, 0x01, 0xff);

/**
 * Makes a new authority, and a server certificate for `names` (DNS names and addresses) signed by it: ECDSA with P-256 and SHA-256.
 * Needs nothing but the runtime.
 */
export function makeCertificates(
  names: readonly string[],
  nowMs: number,
): { authority: MadeCertificate; server: MadeCertificate } {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = "flux-mqtt authority";
  const keyId = keyIdOf(own.publicKey);
  const signed = { issuer, signer: own.privateKey, nowMs };
  return {
    authority: {
      certificate: certificateOf({
        ...signed,
        subject: issuer,
        publicKey: own.publicKey,
        days: AUTHORITY_DAYS,
        extensions: [
          extension(BASIC_CONSTRAINTS, true, der(TAG.sequence, TRUE)),
          extension(KEY_USAGE, true, derBits(Uint8Array.of(0b0000_0110), 1)), // keyCertSign, cRLSign
          extension(SUBJECT_KEY, false, der(TAG.octetString, keyId)),
        ],
      }),
      key: pem(own.privateKey),
    },
    server: {
      certificate: certificateOf({
        ...signed,
        subject: names[0] ?? "localhost",
        publicKey: server.publicKey,
        days: SERVER_DAYS,
        extensions: [
          extension(BASIC_CONSTRAINTS, true, der(TAG.sequence)),
          extension(KEY_USAGE, true, derBits(Uint8Array.of(0b1000_0000), 7)), // digitalSignature
          extension(EXTENDED_KEY_USAGE, false, der(TAG.sequence, derOid(SERVER_AUTH))),
          extension(ALTERNATIVE_NAMES, false, der(TAG.sequence, ...names.map(generalName))),
          extension(
            SUBJECT_KEY,
            false,
            der(TAG.octetString, keyIdOf(server.publicKey)),
          ),
          extension(AUTHORITY_KEY, false, der(TAG.sequence, der(0x80, keyId))),
        ],
      }),
      key: pem(server.privateKey),
    },
  };
}

/** The content of a certificate. */
interface Content {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly days: number;
  readonly nowMs: number;
  readonly extensions: readonly Uint8Array[];
}

/** A signed certificate in PEM. The fields are in the order of RFC 5280, 4.1. */
function certificateOf(content: Content): string {
  const { issuer, subject, publicKey, signer, days, nowMs, extensions } = content;
  const algorithm = der(TAG.sequence, derOid(ECDSA_SHA256));
  const serial = crypto.getRandomValues(new Uint8Array(16));
  // An integer in DER may not begin with a zero byte.
  serial[0] = 0x40 | serial[0]! & 0x3f;
  const toBeSigned = der(
    TAG.sequence,
    der(0xa0, derInteger(Uint8Array.of(2))), // Version 3.
    derInteger(serial),
    algorithm,
    distinguishedName(issuer),
    der(TAG.sequence, derTime(nowMs - BACKDATED_MS), derTime(nowMs + days * DAY_MS)),
    distinguishedName(subject),
    new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
    der(0xa3, der(TAG.sequence, ...extensions)),
  );
  const signature = new Uint8Array(sign("sha256", toBeSigned, signer));
  const bytes = der(TAG.sequence, toBeSigned, algorithm, derBits(signature));
  const lines = bytes.toBase64().match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Uint8Array {
  // A common name has at most 64 characters; clients check the alternative names instead.
  const text = new TextEncoder().encode(commonName.slice(0, 64));
  const attribute = der(TAG.sequence, derOid(COMMON_NAME), der(TAG.utf8String, text));
  return der(TAG.sequence, der(TAG.set, attribute));
}

function extension(oid: string, isCritical: boolean, value: Uint8Array): Uint8Array {
  const critical = isCritical ? [TRUE] : [];
  return der(TAG.sequence, derOid(oid), ...critical, der(TAG.octetString, value));
}

function generalName(name: string): Uint8Array {
  const address = addressBytes(name);
  return address === undefined ? der(0x82, new TextEncoder().encode(name)) : der(0x87, address);
}

/** The bytes of an address; `undefined`: it is a DNS name. */
function addressBytes(name: string): Uint8Array | undefined {
  if (isIP(name) === 4) return Uint8Array.from(name.split(".").map(Number));
  if (isIP(name) !== 6) return undefined;
  // URL writes the shortest form, in which `::` stands for the missing groups of eight.
  const [left = "", right] = new URL(`http://[${name}]/`).hostname.slice(1, -1).split("::");
  const groups = (text: string) => text === "" ? [] : text.split(":");
  const [head, tail] = [groups(left), groups(right ?? "")];
  const missing = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return Uint8Array.from(
    [...head, ...missing, ...tail].map((group) => parseInt(group, 16))
      .flatMap((value) => [value >> 8, value & 0xff]),
  );
}

function keyIdOf(publicKey: KeyObject): Uint8Array {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return new Uint8Array(createHash("sha1").update(spki).digest());
}

function pem(key: KeyObject): string {
  return String(key.export({ type: "pkcs8", format: "pem" }));
}
