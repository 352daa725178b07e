import { reasonCodeName } from "../codec/mod.ts";

/** What went wrong with a connection to a broker. */
export type ClientErrorKind =
  /** The name has no address. */
  | "dns"
  /** Nobody listens there, or the network does not lead there. */
  | "unreachable"
  /** The broker did not answer in time. */
  | "timeout"
  /** The broker's certificate is not trusted, or it does not accept ours. */
  | "certificate"
  /** CONNACK with a refusal. */
  | "refused"
  /** The broker broke the rules of MQTT. */
  | "protocol"
  /** The connection ended. */
  | "closed";

/** A connection that could not be made, or ended. */
export class ClientError extends Error {
  /** For logs. */
  override readonly name = "ClientError";

  /** `reasonCode`: of the CONNACK or DISCONNECT that says why; 0 where there was none. */
  constructor(readonly kind: ClientErrorKind, message: string, readonly reasonCode: number = 0) {
    super(message);
  }
}

/** Connect Return codes of 3.1 and 3.1.1, in words. */
const RETURN_CODES: readonly string[] = [
  "accepted",
  "unacceptable protocol version",
  "Client Identifier rejected",
  "server unavailable",
  "bad user name or password",
  "not authorized",
];

/** The error for a CONNACK that refuses. */
export function refusal(
  version: number,
  code: number,
  reasonString: string | undefined,
): ClientError {
  const name = version === 5 ? reasonCodeName(code) : RETURN_CODES[code] ?? `code ${code}`;
  const reason = reasonString === undefined ? "" : `: ${reasonString}`;
  return new ClientError("refused", `The broker refused the connection: ${name}${reason}`, code);
}

/** Sorts what `Deno.connect` and `Deno.connectTls` throw, and reading and writing until CONNACK. */
export function connectionError(error: unknown, place: string): ClientError {
  const text = error instanceof Error ? error.message : String(error);
  if (/failed to lookup|name or service not known|no such host|resolve/i.test(text)) {
    return new ClientError("dns", `Cannot find ${place}: the name has no address`);
  }
  const { UnexpectedEof, ConnectionReset, ConnectionAborted, BrokenPipe } = Deno.errors;
  if (
    [UnexpectedEof, ConnectionReset, ConnectionAborted, BrokenPipe].some((kind) =>
      error instanceof kind
    )
  ) return closedEarly();
  if (/corrupt message|InvalidContentType/i.test(text)) {
    return new ClientError("protocol", `${place} does not speak TLS: ${text}`);
  }
  if (/KeyMismatch|(certificate|key) data|decode (certificate|key)/i.test(text)) {
    return new ClientError("certificate", `Cannot use our certificate and its key: ${text}`);
  }
  if (/certificate|UnknownIssuer|handshake|alert|tls/i.test(text)) {
    return new ClientError("certificate", `Cannot trust ${place}: ${text}`);
  }
  if (error instanceof Deno.errors.TimedOut) {
    return new ClientError("timeout", `Cannot connect to ${place}: no answer`);
  }
  return new ClientError("unreachable", `Cannot connect to ${place}: ${text}`);
}

/** The error for a connection that the broker closes before it has said anything. */
export function closedEarly(): ClientError {
  return new ClientError("closed", "The broker closed the connection without a CONNACK");
}
