import type { Broker, ListenerOptions, MessageHub } from "../broker/mod.ts";
import type { BridgeHost, LocalByteStream } from "./host.ts";
import type { LocalSession } from "./ports.ts";

/** The part of a broker on the network that bridges use. */
export interface BridgedServer {
  /** Its core. */
  readonly broker: Broker;
  /** Publishes messages of bridges. */
  readonly hub: MessageHub;
  /** Accepts a client by its stream; false if it does not. */
  adopt(
    stream: LocalByteStream,
    peer: { remoteAddress: string },
    options: ListenerOptions,
  ): boolean;
}

/** The parts of a host beside its server. */
export type BrokerHostInit = Pick<BridgeHost, "brokerId" | "log" | "nowMs" | "homes">;

/** Makes a broker the host of bridges; their events become events of the broker. */
export function hostOf(
  server: BridgedServer,
  { brokerId, log, nowMs, homes }: BrokerHostInit,
): BridgeHost {
  const { broker, hub } = server;
  const encoder = new TextEncoder();
  return {
    adopt: (stream, options) => server.adopt(stream, { remoteAddress: "bridge" }, options),
    session: (clientId) => bridgeSessionOf(broker, clientId),
    limit: (clientId, admission) => {
      const client = broker.clients.get(clientId);
      // A connection brings its own.
      if (client?.connection === null) client.bridge = admission;
    },
    sessionsOf: (prefix) => [...broker.clients.keys()].filter((id) => id.startsWith(prefix)),
    publish: (topicName, text) =>
      hub.publish({ topicName, payload: encoder.encode(text), qos: 1, retain: true }),
    nowMs,
    brokerId,
    maxPacketSizeBytes: () => broker.options.maxPacketSizeBytes,
    maxInflightMessages: () => broker.options.maxInflightMessages,
    log,
    ...homes === undefined ? {} : { homes },
    changed: ({ name, state, reason, message, address, protocolVersion }) => {
      if (state === "elsewhere") return;
      broker.bridgeChanged({ name, state, reason, message, address, protocolVersion });
    },
  };
}

/** What a broker knows about a bridge's session; `undefined` if there is none. */
export function bridgeSessionOf(
  { clients }: Pick<Broker, "clients">,
  clientId: string,
): LocalSession | undefined {
  const client = clients.get(clientId);
  if (client === undefined) return undefined;
  const { subscriptions, queue, sender } = client.session;
  return { topicFilters: [...subscriptions.keys()], waiting: queue.length + sender.size };
}
