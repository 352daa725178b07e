import { BRIDGE_CLIENT_PREFIX } from "../../broker/mod.ts";
import type { BridgeLevel } from "../../observe/mod.ts";
import { json } from "../answers.ts";
import type { ApiRequest, Route } from "../route.ts";
import { counts, list, object, oneOf, text, whole } from "../schema.ts";

/** Operations on bridges to other brokers. */
export const BRIDGE_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/api/v1/bridges",
  role: "viewer",
  summary: "The bridges with their states, and sessions of bridges that are no longer configured",
  answer: object({
    items: list(object({
      name: text("The name in its connection line"),
      state: oneOf(
        "The state; elsewhere: this node of a cluster does not have the bridge",
        "connecting",
        "connected",
        "waiting",
        "idle",
        "ended",
        "elsewhere",
      ),
      node: text("The node of the cluster that has it; empty: none has, or there is no cluster"),
      reason: text("Why it is not connected, as a code for programs"),
      message: text("The same as text for people"),
      address: text("The remote broker that is connected, or was tried last"),
      protocolVersion: whole("The MQTT version of the connection; 0: not connected"),
      sinceMs: whole("Since when it is in this state, milliseconds since 1970"),
      retryAtMs: {
        type: ["integer", "null"],
        description: "When it tries again, milliseconds since 1970; null: it does not",
      },
      localClientId: text("Its session in this broker"),
      waiting: whole("Messages that wait in it, or are in flight"),
      messagesOut: whole("Messages sent to the remote broker, repeats included"),
      messagesIn: whole("Messages received from it, repeats included"),
      bytesOut: whole("Bytes written to it"),
      bytesIn: whole("Bytes read from it"),
      connects: whole("Connections that the remote broker accepted"),
      failures: whole("Attempts that failed, and connections that ended"),
      dropped: counts("Messages that did not cross, by reason"),
    })),
    orphans: list(object({
      clientId: text("A session of a bridge that is no longer configured; DELETE it as a client"),
      waiting: whole("Messages that wait in it"),
    })),
  }),
  handle: listBridges,
}];

function listBridges({ context: { broker, levels } }: ApiRequest): Response {
  const bridges = levels().bridges ?? [];
  const wanted = new Set(bridges.map(({ localClientId }) => localClientId));
  const orphans = [...broker.clients.values()]
    .filter(({ session: { clientId }, copy }) =>
      clientId.startsWith(BRIDGE_CLIENT_PREFIX) && !wanted.has(clientId) &&
      copy?.isElsewhere !== true
    )
    .map(({ session: { clientId, queue, sender } }) => ({
      clientId,
      waiting: queue.length + sender.size,
    }));
  return json({ items: bridges.map(view), orphans });
}

function view(bridge: BridgeLevel) {
  const { sinceMs, retryAtMs, dropped } = bridge;
  return {
    ...bridge,
    sinceMs: Math.round(sinceMs),
    retryAtMs: retryAtMs === Infinity ? null : Math.round(retryAtMs),
    dropped: Object.fromEntries(dropped),
  };
}
