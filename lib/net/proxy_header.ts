import { addressText } from "../broker/mod.ts";
import { isIpv4, isIpv6, shortenIpv6 } from "./ip_text.ts";

/** What a proxy says about its client. */
export interface ProxiedClient {
  /** Such as `192.0.2.5:6275`; `undefined` if the proxy connects for itself, as in a health check. */
  readonly remoteAddress: string | undefined;
  /** Whether the client used TLS to the proxy. */
  readonly hasTls: boolean;
  /** Whether the client sent a certificate that the proxy found valid. */
  readonly hasCertificate: boolean;
  /** The Common Name of that certificate; `""` if the proxy does not send it. */
  readonly commonName: string;
}

/** A complete header; the bytes after it belong to the client. */
export interface ProxyHeader {
  readonly lengthBytes: number;
  readonly client: ProxiedClient;
}

/** Version 1 is one line of at most this many bytes, CR and LF included. */
const MAX_LINE_BYTES = 107;
/** Version 2 allows much more, but no proxy needs it. */
const MAX_BINARY_BYTES = 4096;
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

/** The most bytes that a header of either version may have. */
export const MAX_PROXY_HEADER_BYTES = MAX_BINARY_BYTES;

/** Reads the header at the beginning of `bytes`; `undefined` if more bytes are needed. Throws `TypeError` if it is invalid. */
export function readProxyHeader(version: 1 | 2, bytes: Uint8Array): ProxyHeader | undefined {
  return version === 1 ? readLine(bytes) : readBinary(bytes);
}

/** Reads a header of version 1: `PROXY TCP4 192.0.2.5 192.0.2.1 6275 1883`. */
function readLine(bytes: Uint8Array): ProxyHeader | undefined {
  const start = "PROXY ";
  const line = bytes.subarray(0, MAX_LINE_BYTES);
  for (let i = 0; i < Math.min(line.length, start.length); i++) {
    if (line[i] !== start.charCodeAt(i)) fail("it does not begin with PROXY");
  }
  const end = line.indexOf(0x0d);
  if (end < 0 || end + 1 === line.length) {
    if (line.length === MAX_LINE_BYTES) fail("the line has no end");
    return undefined;
  }
  if (line[end + 1] !== 0x0a) fail("the line has no end");
  const words = String.fromCharCode(...line.subarray(0, end)).split(" ");
  const lengthBytes = end + 2;
  if (words[1] === "UNKNOWN") return { lengthBytes, client: unknown() };
  const [, family, source = "", destination = "", sourcePort = "", destinationPort = ""] = words;
  const isAddress = family === "TCP4" ? isIpv4 : family === "TCP6" ? isIpv6 : undefined;
  if (isAddress === undefined) fail(`the protocol is "${family}"`);
  if (words.length !== 6 || !isAddress(source) || !isAddress(destination)) {
    fail("the addresses are none");
  }
  if (!isPort(sourcePort) || !isPort(destinationPort)) fail("the ports are none");
  const remoteAddress = addressText(source, Number(sourcePort));
  return { lengthBytes, client: { ...unknown(), remoteAddress } };
}

function readBinary(bytes: Uint8Array): ProxyHeader | undefined {
  for (let i = 0; i < Math.min(bytes.length, SIGNATURE.length); i++) {
    if (bytes[i] !== SIGNATURE[i]) fail("it does not begin with the signature of version 2");
  }
  if (bytes.length < 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const command = view.getUint8(12);
  if (command !== 0x20 && command !== 0x21) fail(`version and command are ${command}`);
  const lengthBytes = 16 + view.getUint16(14);
  if (lengthBytes > MAX_BINARY_BYTES) fail(`it has ${lengthBytes} bytes`);
  if (bytes.length < lengthBytes) return undefined;
  if (command === 0x20) return { lengthBytes, client: unknown() };
  const body = bytes.subarray(16, lengthBytes);
  const [remoteAddress, addressBytes] = readAddress(view.getUint8(13), body);
  const client = { ...readExtensions(body.subarray(addressBytes)), remoteAddress };
  return { lengthBytes, client };
}

/** Reads the client's address; also returns how many bytes both addresses take. */
function readAddress(
  family: number,
  body: Uint8Array,
): [address: string | undefined, bytes: number] {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const need = (bytes: number) => body.length < bytes ? fail("the addresses are cut off") : bytes;
  switch (family) {
    case 0x00:
      return [undefined, 0];
    case 0x11:
      need(12);
      return [`${body.subarray(0, 4).join(".")}:${view.getUint16(8)}`, 12];
    case 0x21: {
      need(36);
      const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2).toString(16));
      return [addressText(shortenIpv6(groups), view.getUint16(32)), 36];
    }
    case 0x31: {
      need(216);
      const end = body.subarray(0, 108).indexOf(0);
      const path = new TextDecoder().decode(body.subarray(0, end < 0 ? 108 : end));
      return [`unix:${path}`, 216];
    }
    default:
      return fail(`the family is ${family}`);
  }
}

const TYPE_SSL = 0x20;
const SUBTYPE_SSL_CN = 0x22;
const CLIENT_SSL = 0x01;
const CLIENT_CERT_SESSION = 0x04;

/** Reads the extensions after the addresses, each with type, length and value. Only those about TLS are used. */
function readExtensions(bytes: Uint8Array): Omit<ProxiedClient, "remoteAddress"> {
  let found: Omit<ProxiedClient, "remoteAddress"> = unknown();
  for (const [type, value] of extensions(bytes)) {
    if (type !== TYPE_SSL) continue;
    if (value.length < 5) fail("what it says of TLS is cut off");
    const client = value[0]!;
    const isVerified = value.subarray(1, 5).every((byte) => byte === 0);
    const hasTls = (client & CLIENT_SSL) !== 0;
    const hasCertificate = hasTls && (client & CLIENT_CERT_SESSION) !== 0 && isVerified;
    let commonName = "";
    for (const [subtype, text] of extensions(value.subarray(5))) {
      if (subtype === SUBTYPE_SSL_CN) commonName = new TextDecoder().decode(text);
    }
    found = { hasTls, hasCertificate, commonName: hasCertificate ? commonName : "" };
  }
  return found;
}

function* extensions(bytes: Uint8Array): Generator<[type: number, value: Uint8Array]> {
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at + 1]! * 256 + bytes[at + 2]!;
    const end = at + 3 + length;
    if (!(end <= bytes.length)) fail("an extension is cut off"); // `end` is NaN if the length itself is cut off.
    yield [bytes[at]!, bytes.subarray(at + 3, end)];
    at = end;
  }
}

function unknown(): ProxiedClient {
  return { remoteAddress: undefined, hasTls: false, hasCertificate: false, commonName: "" };
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function fail(reason: string): never {
  throw new TypeError(`Cannot read the PROXY header: ${reason}`);
}
