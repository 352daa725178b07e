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
  summary: "The bridges, where each stands and why, and sessions of bridges that are no more",
  answer: object({
    items: list(object({
      name: text("As its connection line says it"),
      state: oneOf("Where it stands", "connecting", "connected", "waiting", "idle", "ended"),
      reason: text("Why it is not connected, for programs"),
      message: text("The same for people"),
      address: text("Of the remote broker that serves, or was tried last"),
      protocolVersion: whole("MQTT's version there; 0: not connected"),
      sinceMs: whole("Since when it stands there, milliseconds since 1970"),
      retryAtMs: {
        type: ["integer", "null"],
        description: "When it tries again, milliseconds since 1970; null: it does not",
      },
      localClientId: text("Its session in this broker"),
      waiting: whole("Messages that wait in it, or are under way"),
      messagesOut: whole("Messages given to the remote broker, repeats included"),
      messagesIn: whole("Messages taken from it, repeats included"),
      bytesOut: whole("Bytes written to it"),
      bytesIn: whole("Bytes read from it"),
      connects: whole("Connections that got past CONNACK"),
      failures: whole("Attempts that did not, and connections that ended"),
      dropped: counts("Messages that did not cross, by reason"),
    })),
    orphans: list(object({
      clientId: text("A session of a bridge that is configured no more; DELETE it as a client"),
      waiting: whole("Messages that wait in it"),
    })),
  }),
  handle: listBridges,
}];

function listBridges({ context: { broker, levels } }: ApiRequest): Response {
  const bridges = levels().bridges ?? [];
  const wanted = new Set(bridges.map(({ localClientId }) => localClientId));
  const orphans = [...broker.clients.values()]
    .filter(({ session: { clientId } }) =>
      clientId.startsWith(BRIDGE_CLIENT_PREFIX) && !wanted.has(clientId)
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
