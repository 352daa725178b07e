import { isClusterName, parseNatsPlaces } from "./cluster_address.ts";
import type { ClusterSettings } from "./cluster_settings.ts";
import type { ClusterConfig } from "./config.ts";
import type { Draft } from "./draft.ts";

/** The configuration of the cluster; `undefined`: there is none, or the draft's problems say what is wrong with it. */
export function clusterConfig(
  draft: Draft,
  settings: ClusterSettings,
  hostname: () => string,
): ClusterConfig | undefined {
  const problem = (option: string, message: string) =>
    draft.problemOf(draft.globals, option, message);
  if (settings.servers === "") {
    for (const [name, [first]] of draft.globals) {
      if (!name.startsWith("cluster_") || first === undefined) continue;
      draft.noteNoEffect(first.origin, name, "there is no `cluster` line");
    }
    return undefined;
  }
  // The node's name is one token of NATS subjects, so a host name's dots, which separate tokens there, are replaced.
  const node = settings.node === "" ? hostname().replaceAll(/[^A-Za-z0-9_-]/g, "-") : settings.node;
  for (
    const [option, value] of [["cluster_name", settings.name], ["cluster_node", node]] as const
  ) {
    if (isClusterName(value)) continue;
    problem(option, `Must be letters, digits, - and _, is "${value}"`);
  }
  if (settings.replicas % 2 === 0) {
    const message = `Must be 1, 3 or 5, since a majority decides, is ${settings.replicas}`;
    problem("cluster_replicas", message);
  }
  checkCredentials(settings, problem);
  draft.notes.push({
    level: "warning",
    text: "cluster: Is experimental: the guide's page on clustering says what holds",
  });
  try {
    return { ...settings, node, places: parseNatsPlaces(settings.servers) };
  } catch (error) {
    problem("cluster", (error as Error).message);
    return undefined;
  }
}

function checkCredentials(
  settings: ClusterSettings,
  problem: (option: string, message: string) => void,
): void {
  const { username, passwordFile, tokenFile, nkeyFile, credentialsFile } = settings;
  if ((username === "") !== (passwordFile === "")) {
    const option = username === "" ? "cluster_password_file" : "cluster_username";
    problem(option, "Needs cluster_username and cluster_password_file together");
  }
  const ways = [
    ["cluster_username", username],
    ["cluster_token_file", tokenFile],
    ["cluster_nkey_file", nkeyFile],
    ["cluster_credentials_file", credentialsFile],
  ].filter(([, value]) => value !== "").map(([option]) => option!);
  const [first, second] = ways;
  if (second !== undefined) problem(second, `Cannot be used with ${first}: use one of them`);
}
