/** Restrictions for opening a WebSocket. */
export interface WebSocketOptions {
  /** The allowed values of `Origin`; if empty, any value or none is allowed. */
  readonly origins: readonly string[];
  /** The most bytes of a request: its first line and its headers. */
  readonly maxHeaderBytes: number;
  /** The most bytes of one frame's payload. */
  readonly maxFrameBytes: number;
}

/** The answer to an HTTP request. */
export interface HandshakeAnswer {
  /** The bytes to send. */
  readonly response: Uint8Array;
  /** Why the request was refused; `undefined` if the WebSocket is open. */
  readonly refusal: string | undefined;
}

/** The supported subprotocols; clients offered `mqttv3.1` before there was a standard. */
const SUBPROTOCOLS: readonly string[] = ["mqtt", "mqttv3.1"];
/** The fixed suffix of the key. (RFC 6455 section 1.3) */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The name of a header in lower case. (RFC 9110 section 5.6.2) */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** The offset after the empty line that ends a request's headers; -1 if it has not arrived. Bytes before `from` have been searched. */
export function endOfRequest(bytes: Uint8Array, from = 0): number {
  // The last three bytes before `from` may be the beginning of the end.
  for (let at = Math.max(3, from); at < bytes.length; at++) {
    if (
      bytes[at] === 0x0a && bytes[at - 1] === 0x0d && bytes[at - 2] === 0x0a &&
      bytes[at - 3] === 0x0d
    ) return at + 1;
  }
  return -1;
}

/** Answers a request: `text` is its first line and headers. */
export async function answerRequest(
  text: string,
  options: WebSocketOptions,
): Promise<HandshakeAnswer> {
  const [first = "", ...lines] = text.split("\r\n");
  const [, method, version] = /^([A-Z]+) \S+ HTTP\/(\d\.\d)$/.exec(first) ?? [];
  const headers = readHeaders(lines);
  if (method === undefined || version !== "1.1" || headers === undefined) {
    return refuse("400 Bad Request", "This is no HTTP/1.1 request");
  }
  if (method !== "GET") {
    return refuse("405 Method Not Allowed", `${method} is not supported`, ["Allow: GET"]);
  }
  // Any path is accepted: there is nothing else at this port, and clients have various paths in their configuration.
  return await answerUpgrade(headers, options);
}

/** The answer to something that is not a request, or too long for one. */
export function refuseRequest(reason: string): HandshakeAnswer {
  return refuse("431 Request Header Fields Too Large", reason);
}

async function answerUpgrade(
  headers: ReadonlyMap<string, string>,
  { origins }: WebSocketOptions,
): Promise<HandshakeAnswer> {
  const upgrade = words(headers.get("upgrade")).map((word) => word.toLowerCase());
  const connection = words(headers.get("connection")).map((word) => word.toLowerCase());
  if (!upgrade.includes("websocket") || !connection.includes("upgrade")) {
    return refuse("426 Upgrade Required", "This is a plain HTTP request", UPGRADE_HEADERS);
  }
  if (headers.get("sec-websocket-version") !== "13") {
    return refuse("426 Upgrade Required", "The WebSocket version must be 13", UPGRADE_HEADERS);
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    return refuse("400 Bad Request", "Sec-WebSocket-Key must be 16 bytes in base64");
  }
  const origin = headers.get("origin");
  if (origins.length > 0 && (origin === undefined || !origins.includes(origin))) {
    return refuse("403 Forbidden", `The origin ${origin ?? "is missing; it"} is not allowed`);
  }
  const offered = words(headers.get("sec-websocket-protocol"));
  const subprotocol = SUBPROTOCOLS.find((name) => offered.includes(name));
  // A client that offers no subprotocol is assumed to speak MQTT, as in other brokers.
  if (subprotocol === undefined && offered.length > 0) {
    return refuse("400 Bad Request", "The client must offer the subprotocol mqtt");
  }
  const digest = await crypto.subtle.digest("SHA-1", encode(key + KEY_SUFFIX));
  const accept = new Uint8Array(digest).toBase64();
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    // [MQTT-6.0.0-4] [v3 MQTT-6.0.0-4]
    ...subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`],
  ];
  return { response: encode(`${lines.join("\r\n")}\r\n\r\n`), refusal: undefined };
}

const UPGRADE_HEADERS: readonly string[] = ["Upgrade: websocket", "Sec-WebSocket-Version: 13"];

/** Reads headers with names in lower case. Repeated headers are joined with a comma. `undefined` if a line is not a header. */
function readHeaders(lines: readonly string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (line === "") continue;
    // Parsed by hand: a regular expression that searches for trailing blanks from each blank takes a minute for a line of 8 KB.
    const colon = line.indexOf(":");
    const key = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!TOKEN.test(key)) return undefined;
    const value = withoutBlanks(line, colon + 1);
    if (value.includes("\n") || value.includes("\r")) return undefined;
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** The rest of the line from `start`, without surrounding blanks and tabs. */
function withoutBlanks(line: string, start: number): string {
  const isBlank = (at: number) => line[at] === " " || line[at] === "\t";
  let end = line.length;
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return line.slice(start, end);
}

function words(list: string | undefined): string[] {
  return (list ?? "").split(",").map((word) => word.trim()).filter((word) => word !== "");
}

function refuse(
  status: string,
  reason: string,
  headers: readonly string[] = [],
): HandshakeAnswer {
  const body = `${reason}.\n\nThis port speaks MQTT over WebSocket: open a WebSocket ` +
    "with the subprotocol mqtt.\n";
  const lines = [
    `HTTP/1.1 ${status}`,
    ...headers,
    "Content-Type: text/plain; charset=utf-8",
    "X-Content-Type-Options: nosniff",
    `Content-Length: ${encode(body).length}`,
    "Connection: close",
  ];
  return { response: encode(`${lines.join("\r\n")}\r\n\r\n${body}`), refusal: reason };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
