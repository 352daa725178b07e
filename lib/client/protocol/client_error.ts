import { reasonCodeName } from "../../codec/mod.ts";

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
  | "closed"
  /** The message or request exceeds what the broker said in its CONNACK, or a limit of this client. */
  | "limit";

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

/** The error for a connection that the broker closes before it has said anything. */
export function closedEarly(): ClientError {
  return new ClientError("closed", "The broker closed the connection without a CONNACK");
}
