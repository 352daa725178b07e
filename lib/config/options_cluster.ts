import type { Option } from "./option.ts";
import { clusterRow, integer, PATH, TEXT } from "./rows.ts";

/** The cluster that the broker is a node of. */
export const CLUSTER_OPTIONS: readonly Option[] = [
  clusterRow(
    "cluster",
    "servers",
    { kind: "text", maxLength: 2000 },
    "The NATS servers, with JetStream, `nats://HOST:PORT[,\u2026]` or `tls://\u2026`: makes the broker a node of a cluster (experimental: see the guide's " +
      "page on clustering).",
    { defaultText: "none: the broker is the only one" },
  ),
  clusterRow(
    "cluster_name",
    "name",
    { kind: "text", maxLength: 32 },
    "The cluster's name, the same for all its nodes: letters, digits, `-` and `_`.",
  ),
  clusterRow(
    "cluster_node",
    "node",
    { kind: "text", maxLength: 64 },
    "This node's name, unique in the cluster: letters, digits, `-` and `_`.",
    { defaultText: "the name of the machine" },
  ),
  clusterRow(
    "cluster_replicas",
    "replicas",
    integer(1, 5),
    "How many NATS servers keep the log, if the broker creates it: 1, 3 or 5. A message is acknowledged once a majority of them has it.",
    { unit: "servers" },
  ),
  clusterRow(
    "cluster_max_log_bytes",
    "maxLogBytes",
    integer(1024 * 1024, 1024 ** 4),
    "The largest size of the log, if the broker creates it; a snapshot is made each time that a quarter of it is full, and then old records are deleted.",
    { unit: "bytes" },
  ),
  clusterRow(
    "cluster_isolation_timeout",
    "isolationTimeoutSeconds",
    integer(0, 86_400),
    "How long clients with a session that outlives their connection stay while the node does not reach the NATS servers; then they are disconnected " +
      "(0x9C), so that they connect to a node that does. 0: they stay.",
    { unit: "seconds" },
  ),
  clusterRow(
    "cluster_username",
    "username",
    TEXT,
    "The user name at the NATS servers.",
  ),
  clusterRow(
    "cluster_password_file",
    "passwordFile",
    PATH,
    "The file with that user's password.",
  ),
  clusterRow(
    "cluster_token_file",
    "tokenFile",
    PATH,
    "The file with a token for the NATS servers.",
  ),
  clusterRow(
    "cluster_nkey_file",
    "nkeyFile",
    PATH,
    "The file with the seed of an nkey, `SU\u2026`.",
  ),
  clusterRow(
    "cluster_credentials_file",
    "credentialsFile",
    PATH,
    "A credentials file of NATS, as `nsc` writes it.",
  ),
  clusterRow(
    "cluster_cafile",
    "caFile",
    PATH,
    "A PEM file of the authorities that sign the certificates of the NATS servers.",
    { defaultText: "the publicly trusted authorities" },
  ),
];
