import type { ClusterOptions, Credentials } from "../cluster/mod.ts";
import type { ClusterConfig } from "../config/mod.ts";
import { EXIT, messageOf } from "./output.ts";
import { StartError } from "./start_error.ts";

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
