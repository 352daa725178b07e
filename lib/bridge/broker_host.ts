import type { Broker, ListenerOptions, MessageHub } from "../broker/mod.ts";
import type { BridgeHost, LocalByteStream } from "./host.ts";
import type { LocalSession } from "./ports.ts";

/** A broker on the network, as far as bridges need it. */
export interface BridgedServer {
  /** Its core. */
  readonly broker: Broker;
  /** For what bridges publish in it. */
  readonly hub: MessageHub;
  /** Takes in a client by its stream; `false`: it does not. */
  adopt(
    stream: LocalByteStream,
    peer: { remoteAddress: string },
    options: ListenerOptions,
  ): boolean;
}

/** What a host is made of beside its server. */
export type BrokerHostInit = Pick<BridgeHost, "brokerId" | "log" | "nowMs">;

/** A broker on the network as the host of bridges, whose events it tells. */
export function hostOf(
  server: BridgedServer,
  { brokerId, log, nowMs }: BrokerHostInit,
): BridgeHost {
  const { broker, hub } = server;
  const encoder = new TextEncoder();
  return {
    adopt: (stream, options) => server.adopt(stream, { remoteAddress: "bridge" }, options),
    session: (clientId) => bridgeSessionOf(broker, clientId),
    sessionsOf: (prefix) => [...broker.clients.keys()].filter((id) => id.startsWith(prefix)),
    publish: (topicName, text) =>
      hub.publish({ topicName, payload: encoder.encode(text), qos: 1, retain: true }),
    nowMs,
    brokerId,
    maxPacketSizeBytes: () => broker.options.maxPacketSizeBytes,
    maxInflightMessages: () => broker.options.maxInflightMessages,
    log,
    changed: ({ name, state, reason, message, address, protocolVersion }) =>
      broker.bridgeChanged({ name, state, reason, message, address, protocolVersion }),
  };
}

/** What a broker knows of a bridge's session; `undefined`: there is none. */
export function bridgeSessionOf(
  { clients }: Pick<Broker, "clients">,
  clientId: string,
): LocalSession | undefined {
  const client = clients.get(clientId);
  if (client === undefined) return undefined;
  const { subscriptions, queue, sender } = client.session;
  return { topicFilters: [...subscriptions.keys()], waiting: queue.length + sender.size };
}
