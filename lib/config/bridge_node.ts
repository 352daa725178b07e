import type { BridgeOptions } from "../bridge/mod.ts";
import type { BridgeBlock, Draft } from "./draft.ts";
import { wordsOf } from "./value.ts";

/** The nodes that `bridge_node` names; none: any may have the bridge. */
export function nodesOf({ settings }: BridgeBlock): readonly string[] {
  return wordsOf(String(settings.get("bridge_node")?.at(-1)?.value ?? ""));
}

/** Whether this broker may have the bridge, which one node of a cluster has at a time. `node`: this one; `undefined`: it is in no cluster. */
export function mayBeHere(
  draft: Draft,
  { settings, name }: BridgeBlock,
  { nodes }: BridgeOptions,
  node: string | undefined,
): boolean {
  const line = settings.get("bridge_node")?.at(-1);
  if (node === undefined) {
    if (line !== undefined) {
      draft.noteNoEffect(line.origin, "bridge_node", "there is no `cluster` line");
    }
    return true;
  }
  if (nodes.length === 0 || nodes.includes(node)) return true;
  const where = nodes.length === 1
    ? `the node ${nodes[0]}`
    : `one of the nodes ${nodes.join(", ")}`;
  draft.notes.push({ level: "info", text: `connection ${name}: Is at ${where}, and not here` });
  return false;
}

/** What a bridge needs that may move to another node. */
export function* problemsOfMoving(
  { nodes, localCleanSession }: BridgeOptions,
  { settings }: BridgeBlock,
): Generator<readonly [option: string, message: string]> {
  if (nodes.length === 1) return;
  if (!settings.has("remote_clientid")) {
    yield [
      "remote_clientid",
      "Is needed in a cluster, the same at each node, so that the remote broker knows the bridge " +
      "when another node has it; or `bridge_node` names the node that has it",
    ];
  }
  if (localCleanSession) {
    yield [
      "local_cleansession",
      "Cannot be true in a cluster where the bridge has no node of its own: `bridge_node` names it",
    ];
  }
}
