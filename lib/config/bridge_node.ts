import type { BridgeBlock, Draft } from "./draft.ts";

/**
 * Whether this broker has the bridge: of the nodes of a cluster one has, or each message would cross several times. `node`: this one;
 * `undefined`: it is in no cluster.
 */
export function isOfNode(
  draft: Draft,
  { settings, origin, name }: BridgeBlock,
  node: string | undefined,
): boolean {
  const line = settings.get("bridge_node")?.at(-1);
  if (node === undefined) {
    if (line !== undefined) {
      draft.noteNoEffect(line.origin, "bridge_node", "there is no `cluster` line");
    }
    return true;
  }
  if (line === undefined) {
    const message = "In a cluster one node has a bridge: say which by `bridge_node`, " +
      `which is "${node}" for this one`;
    draft.problem(origin, "connection", message);
    return true;
  }
  if (line.value === node) return true;
  const text = `connection ${name}: Is at the node ${line.value}, and not here`;
  draft.notes.push({ level: "info", text });
  return false;
}
