import { NatsError } from "./error.ts";

/** What the server tells about itself when a client connects, as far as it is used. */
export interface ServerInfo {
  readonly server_name?: string;
  readonly version?: string;
  readonly max_payload?: number;
  readonly headers?: boolean;
  readonly jetstream?: boolean;
  readonly tls_required?: boolean;
  readonly tls_available?: boolean;
  readonly auth_required?: boolean;
  readonly nonce?: string;
}

/** One field of each kind that is right. */
const EXAMPLE: Required<ServerInfo> = {
  server_name: "",
  version: "",
  max_payload: 0,
  headers: true,
  jetstream: true,
  tls_required: true,
  tls_available: true,
  auth_required: true,
  nonce: "",
};

/** What MSG or HMSG says of the bytes that follow. */
export interface Head {
  readonly sid: number;
  readonly subject: string;
  readonly reply: string;
  readonly headerBytes: number;
  readonly totalBytes: number;
}

/** The most bytes of a message, headers included. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Reads what stands behind MSG or HMSG: `subject sid [reply] [header bytes] bytes` */
export function messageHead(text: string, hasHeaders: boolean): Head {
  const words = text.split(/[ \t]+/);
  const numbers = hasHeaders ? 2 : 1;
  const names = words.length - numbers;
  if (names !== 2 && names !== 3) throw fault("a message without its sizes");
  const sid = wholeNumber(words[1]!);
  const totalBytes = wholeNumber(words.at(-1)!);
  const headerBytes = hasHeaders ? wholeNumber(words.at(-2)!) : 0;
  if (headerBytes > totalBytes || totalBytes > MAX_MESSAGE_BYTES) {
    throw fault("a message of sizes that cannot be");
  }
  return { sid, subject: words[0]!, reply: names === 3 ? words[2]! : "", headerBytes, totalBytes };
}

function wholeNumber(text: string): number {
  if (text === "" || text.length > 15) throw fault("a number that is none");
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) throw fault("a number that is none");
    value = value * 10 + digit;
  }
  return value;
}

/** Reads what stands behind INFO. */
export function infoOf(text: string): ServerInfo {
  try {
    const info: unknown = JSON.parse(text);
    if (typeof info === "object" && info !== null && !Array.isArray(info)) {
      return knownOf(info as Record<string, unknown>);
    }
  } catch {
    // Told below.
  }
  throw fault("an INFO that is no JSON object");
}

/** The fields that are used, where they are of their kind: a server could send as many others as it likes, again and again. */
function knownOf(info: Readonly<Record<string, unknown>>): ServerInfo {
  const known = Object.entries(EXAMPLE).filter(([name, value]) =>
    typeof info[name] === typeof value
  );
  return Object.fromEntries(known.map(([name]) => [name, info[name]]));
}

/** Reads what stands behind -ERR. */
export function unquoted(text: string): string {
  return text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1) : text;
}

/** A fault of the server. */
export function fault(what: string): NatsError {
  return new NatsError("protocol", `Cannot read what the NATS server has sent: ${what}`);
}
