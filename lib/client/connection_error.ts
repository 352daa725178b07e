import { ClientError, closedEarly } from "./protocol/client_error.ts";

/** Finds the kind of an error that `Deno.connect`, `Deno.connectTls`, or reading and writing until CONNACK has thrown. */
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
