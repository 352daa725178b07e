/** One NATS server, by its address. */
export interface NatsPlace {
  /** A name or an address. */
  readonly hostname: string;
  /** Its port for clients. */
  readonly port: number;
  /** Whether the address asks for TLS: `tls://`. */
  readonly isTls: boolean;
}

/** A place as it is written in logs, without who comes. */
export function nameOfPlace({ hostname, port, isTls }: NatsPlace): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${isTls ? "tls" : "nats"}://${host}:${port}`;
}
