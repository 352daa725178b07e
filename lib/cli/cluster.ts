import { parseArgs } from "node:util";
import { BRIDGE_CLIENT_PREFIX } from "../broker/mod.ts";
import type { ClusterStatus } from "../cluster/mod.ts";
import { loadConfig, parseArguments } from "../config/mod.ts";
import { clusterBridges } from "../observe/mod.ts";
import { clusterOptions, isOfNode } from "./cluster_options.ts";
import type { Flags } from "./commands.ts";
import { flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, messageOf, print, printError, printProblems } from "./output.ts";
import { processSources } from "./sources.ts";
import { StartError } from "./start_error.ts";
import { columns } from "./store_text.ts";

/** The flags of `cluster`. */
export const CLUSTER_FLAGS = {
  "config-file": {
    type: "string",
    short: "c",
    value: "FILE",
    text: "The configuration of a node of the cluster.",
  },
  cluster: { type: "string", value: "URL", text: "The NATS servers, if no file names them." },
  "cluster-name": { type: "string", value: "NAME", text: "The cluster's name; default: flux." },
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** Its usage and what it does, for help and man page. */
export const CLUSTER_USE = `Looks at a cluster: flux-mqtt cluster status [-c FILE | --cluster URL]`;

/** `flux-mqtt cluster status`: prints the nodes and how far each has applied the log; returns the exit status. */
export async function cluster(args: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: CLUSTER_FLAGS, allowPositionals: true });
  } catch (error) {
    return refuse(flagProblem(error, CLUSTER_FLAGS));
  }
  const { values, positionals } = parsed;
  if (values.help) {
    print(`${CLUSTER_USE}\n\n${flagsHelp(CLUSTER_FLAGS)}`);
    return EXIT.ok;
  }
  if (positionals.length !== 1 || positionals[0] !== "status") return refuse("Needs: status");
  const flags = [
    ...values["config-file"] === undefined ? [] : ["-c", values["config-file"]],
    ...values.cluster === undefined ? [] : ["--cluster", values.cluster],
    ...values["cluster-name"] === undefined ? [] : ["--cluster-name", values["cluster-name"]],
  ];
  const result = loadConfig(processSources(parseArguments(flags)));
  if (!result.isValid) return printProblems(result.problems);
  const { config } = result;
  if (!isOfNode(config)) {
    return refuse("There is no cluster: -c FILE or --cluster URL names it");
  }
  try {
    const { clusterStatus } = await import("../cluster/mod.ts");
    print(describe(await clusterStatus(await clusterOptions(config))));
    return EXIT.ok;
  } catch (error) {
    if (error instanceof StartError) return printProblems(error.problems);
    printError(`Cannot look at the cluster: ${messageOf(error)}\n`);
    return EXIT.failed;
  }
}

function describe({ nodes, log, snapshot }: ClusterStatus): string {
  if (log === undefined) return "There is no log yet: no node has started\n";
  const { lastSequence, messages, bytes, leader } = log;
  const rows = [
    ["NODE", "APPLIED", "BEHIND", "ON THEIR WAY", "CLIENTS", "SESSIONS", "OWN"],
    ...nodes.map(({ node, sequence, waiting, clients, sessions, own }) => {
      const behind = Math.max(0, lastSequence - sequence);
      return [node, sequence, behind, waiting, clients, sessions, own].map(String);
    }),
  ];
  // Whoever is cut off is missing in the table as well, and others may be there.
  const table = nodes.length > 0
    ? columns(rows)
    : "No node is heard: none runs, or none reaches these servers\n";
  const leads = leader === "" ? "" : `, ${leader} leads`;
  const lines = [`Log: record ${lastSequence}, ${messages} kept, ${bytes} bytes${leads}`];
  if (snapshot !== undefined) {
    const { sequence, sizeBytes, node } = snapshot;
    lines.push(`Snapshot: up to record ${sequence}, ${sizeBytes} bytes, made by ${node}`);
  }
  for (const { clientId, node } of clusterBridges(nodes)) {
    const name = clientId.replace(BRIDGE_CLIENT_PREFIX, "");
    lines.push(`Bridge ${name}: ${node === "" ? "no node has it" : `at ${node}`}`);
  }
  for (const { node, losses } of nodes) {
    if (losses > 0) lines.push(`Node ${node} has found that the log had lost what it had applied`);
  }
  return `${table}${lines.join("\n")}\n`;
}

function refuse(message: string): number {
  printError(`${message}\n${CLUSTER_USE}\n`);
  return EXIT.usage;
}
