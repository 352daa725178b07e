import type { ClusterOptions, Credentials } from "../cluster/mod.ts";
import { type ClusterConfig, type Config, problemAt } from "../config/mod.ts";
import { loadTls } from "../net/mod.ts";
import { EXIT, messageOf } from "./output.ts";
import { StartError } from "./start_error.ts";

/** A configuration with a cluster. */
export type ConfigOfNode = Config & { readonly cluster: ClusterConfig };

/** Whether there is a cluster. */
export function isOfNode(config: Config): config is ConfigOfNode {
  return config.cluster !== undefined;
}

/** The options of the cluster, with the files that they name read. Throws a `StartError`. */
export async function clusterOptions(config: ConfigOfNode): Promise<ClusterOptions> {
  const { places, name, node, replicas, maxLogBytes, isolationTimeoutSeconds } = config.cluster;
  return {
    ...await certificatesOf(config),
    places,
    credentials: await credentialsOf(config),
    name,
    node,
    replicas,
    maxLogBytes,
    isolationTimeoutMs: isolationTimeoutSeconds * 1000,
  };
}

/** What is wrong with the files of the cluster, each as `FILE:LINE: option: message`. */
export async function clusterProblems(config: Config): Promise<readonly string[]> {
  if (!isOfNode(config)) return [];
  try {
    await clusterOptions(config);
    return [];
  } catch (error) {
    if (error instanceof StartError) return error.problems;
    throw error;
  }
}

async function certificatesOf(config: ConfigOfNode) {
  const { caFile, certFile, keyFile } = config.cluster;
  const caCerts = caFile === "" ? [] : [read(config, "cluster_cafile", caFile)];
  for (const pem of caCerts) {
    if (pem.includes("-----BEGIN CERTIFICATE-----")) continue;
    throw problem(config, "cluster_cafile", `There is no certificate in PEM in ${caFile}`);
  }
  if (certFile === "") return { caCerts, clientCertificate: undefined };
  const cert = read(config, "cluster_certfile", certFile);
  const key = read(config, "cluster_keyfile", keyFile);
  try {
    (await loadTls({ certfile: certFile, keyfile: keyFile })).close();
  } catch (error) {
    throw problem(config, "cluster_certfile", messageOf(error));
  }
  return { caCerts, clientCertificate: { cert, key } };
}

async function credentialsOf(config: ConfigOfNode): Promise<Credentials> {
  const { username, passwordFile, tokenFile, nkeyFile, credentialsFile } = config.cluster;
  if (username !== "") {
    const password = secretOf(config, "cluster_password_file", passwordFile);
    return { kind: "password", user: username, password };
  }
  if (tokenFile !== "") {
    return { kind: "token", token: secretOf(config, "cluster_token_file", tokenFile) };
  }
  const path = nkeyFile === "" ? credentialsFile : nkeyFile;
  if (path === "") return { kind: "none" };
  const { parseCredentialsFile, parseSeedFile } = await import("../cluster/mod.ts");
  const option = nkeyFile === "" ? "cluster_credentials_file" : "cluster_nkey_file";
  const text = read(config, option, path);
  try {
    return nkeyFile === "" ? parseCredentialsFile(text) : parseSeedFile(text);
  } catch (error) {
    throw problem(config, option, `${path}: ${messageOf(error)}`);
  }
}

function secretOf(config: Config, option: string, path: string): string {
  const secret = read(config, option, path).trimEnd();
  if (secret === "") throw problem(config, option, `There is nothing in ${path}`);
  return secret;
}

function read(config: Config, option: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw problem(config, option, `Cannot read ${path}: ${messageOf(error)}`);
  }
}

function problem({ settings }: Config, option: string, message: string): StartError {
  const at = settings.find((setting) => setting.option.name === option)?.origin ?? option;
  return new StartError(EXIT.configuration, problemAt(at, option, message));
}
