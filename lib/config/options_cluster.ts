import type { Option } from "./option.ts";
import { clusterRow, integer, PATH } from "./rows.ts";

/** The cluster that the broker is a node of. */
export const CLUSTER_OPTIONS: readonly Option[] = [
  clusterRow(
    "cluster",
    "servers",
    { kind: "text", maxLength: 2000 },
    "Servers of NATS with JetStream, `nats://HOST:PORT[,…]` or `tls://…`: makes the broker a node of a cluster (experimental: see the guide's " +
      "page on clustering).",
    { defaultText: "none: the broker is the only one" },
  ),
  clusterRow(
    "cluster_name",
    "name",
    { kind: "text", maxLength: 32 },
    "The cluster's name, the same for all its nodes: letters, digits, `-` and `_`.",
    {},
  ),
  clusterRow(
    "cluster_node",
    "node",
    { kind: "text", maxLength: 64 },
    "This node's name, which no other node has: letters, digits, `-` and `_`.",
    { defaultText: "the name of the machine" },
  ),
  clusterRow(
    "cluster_replicas",
    "replicas",
    integer(1, 5),
    "How many NATS servers keep the log, where the broker makes it: 1, 3 or 5; what an acknowledgement tells of, a majority of them has.",
    { unit: "servers" },
  ),
  clusterRow(
    "cluster_max_log_bytes",
    "maxLogBytes",
    integer(1024 * 1024, 1024 ** 4),
    "Bytes of the log, where the broker makes it; the oldest records go when it is full, and a node that had not read them has lost them.",
    { unit: "bytes" },
  ),
  clusterRow(
    "cluster_username",
    "username",
    { kind: "text", maxLength: 255 },
    "The user at the NATS servers.",
    { defaultText: "none" },
  ),
  clusterRow(
    "cluster_password_file",
    "passwordFile",
    PATH,
    "The file that holds that user's password.",
    {
      defaultText: "none",
    },
  ),
  clusterRow(
    "cluster_token_file",
    "tokenFile",
    PATH,
    "The file that holds a token for the NATS servers.",
    {
      defaultText: "none",
    },
  ),
  clusterRow(
    "cluster_nkey_file",
    "nkeyFile",
    PATH,
    "The file that holds the seed of an nkey, `SU…`.",
    {
      defaultText: "none",
    },
  ),
  clusterRow(
    "cluster_credentials_file",
    "credentialsFile",
    PATH,
    "A credentials file of NATS, as `nsc` makes it.",
    { defaultText: "none" },
  ),
  clusterRow(
    "cluster_cafile",
    "caFile",
    PATH,
    "Certificates in PEM that those of the NATS servers may be from.",
    { defaultText: "those that everybody trusts" },
  ),
];
