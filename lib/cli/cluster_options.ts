import type { ClusterNode, ClusterOptions, Credentials } from "../cluster/mod.ts";
import type { ClusterConfig, Config } from "../config/mod.ts";
import { nowMs } from "../net/mod.ts";
import type { Logger } from "../observe/mod.ts";
import type { OpenedStore } from "../store/mod.ts";
import { EXIT, messageOf } from "./output.ts";
import { StartError } from "./start_error.ts";

/** Makes this broker's node of the cluster; `undefined`: none is configured, and the room is not loaded. Throws a `StartError`. */
export async function openCluster(
  { cluster }: Config,
  log: Logger,
  opened: OpenedStore | undefined,
): Promise<ClusterNode | undefined> {
  if (cluster === undefined) return undefined;
  const options = await clusterOptions(cluster);
  const { ClusterNode } = await import("../cluster/mod.ts");
  log.info("The broker is a node of a cluster", { cluster: options.name, node: options.node });
  const position = opened?.state.position;
  return new ClusterNode({ options, log, store: opened?.store, position, nowMs });
}

/** The options of the cluster, with the files that they name read. Throws a `StartError`. */
export async function clusterOptions(cluster: ClusterConfig): Promise<ClusterOptions> {
  const { places, name, node, replicas, maxLogBytes, isolationTimeoutSeconds, caFile } = cluster;
  const isolationTimeoutMs = isolationTimeoutSeconds * 1000;
  const credentials = await credentialsOf(cluster);
  const caCerts = caFile === "" ? [] : [read("cluster_cafile", caFile)];
  return {
    places,
    credentials,
    caCerts,
    name,
    node,
    replicas,
    maxLogBytes,
    isolationTimeoutMs,
  };
}

async function credentialsOf(cluster: ClusterConfig): Promise<Credentials> {
  const { username, passwordFile, tokenFile, nkeyFile, credentialsFile } = cluster;
  if (username !== "") {
    const password = read("cluster_password_file", passwordFile).trimEnd();
    return { kind: "password", user: username, password };
  }
  if (tokenFile !== "") {
    return { kind: "token", token: read("cluster_token_file", tokenFile).trim() };
  }
  const path = nkeyFile === "" ? credentialsFile : nkeyFile;
  if (path === "") return { kind: "none" };
  const { parseCredentialsFile, parseSeedFile } = await import("../cluster/mod.ts");
  const option = nkeyFile === "" ? "cluster_credentials_file" : "cluster_nkey_file";
  const text = read(option, path);
  try {
    return nkeyFile === "" ? parseCredentialsFile(text) : parseSeedFile(text);
  } catch (error) {
    throw new StartError(EXIT.configuration, `${option}: ${path}: ${messageOf(error)}`);
  }
}

function read(option: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new StartError(EXIT.configuration, `${option}: Cannot read ${path}: ${messageOf(error)}`);
  }
}
