import type { Credentials } from "./nats/credentials.ts";
import type { NatsPlace } from "./nats/place.ts";
import type { ClientCertificate } from "./nats/stream.ts";

/** What a node is told. */
export interface ClusterOptions {
  /** Servers of NATS; one is enough to begin with. */
  readonly places: readonly NatsPlace[];
  /** Who the node is at the servers. */
  readonly credentials: Credentials;
  /** Authorities in PEM whose servers are trusted, beside those of the system. */
  readonly caCerts: readonly string[];
  /** The certificate that the node shows to the servers; absent: none. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** The same for all nodes of a cluster: letters, digits, `-` and `_`. */
  readonly name: string;
  /** Another one for each node: letters, digits, `-` and `_`. */
  readonly node: string;
  /** Servers that have the log, where it is made: 1, 3 or 5. */
  readonly replicas: number;
  /** Bytes of the log; what is older than these is discarded. */
  readonly maxLogBytes: number;
  /** Clients with sessions are sent to other nodes when the log was out of reach for so long; 0: never. */
  readonly isolationTimeoutMs: number;
}

/** The stream of a cluster's log. */
export function streamOf(name: string): string {
  return `FLUX_${name}`;
}

/** What the subjects of a cluster begin with. */
export function prefixOf(name: string): string {
  return `flux.${name}`;
}
