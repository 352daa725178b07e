import type { MetricFamily, Sample } from "./exposition.ts";

/** The state of a bridge to another broker, and its counters since it began. */
export interface BridgeLevel {
  /** The name in its `connection` line. */
  readonly name: string;
  /** `connecting`, `connected`, `waiting`, `idle` or `ended`; `elsewhere`: this node of a cluster does not have it. */
  readonly state: string;
  /** The node of the cluster that has it; `""`: none has, or the broker is in no cluster. */
  readonly node: string;
  /** Why it is not connected, as a code for programs; `""` while it is connected. */
  readonly reason: string;
  /** The same as text for people. */
  readonly message: string;
  /** The address of the remote broker that is connected, or was tried last. */
  readonly address: string;
  /** The MQTT version of the connection; 0 while there is none. */
  readonly protocolVersion: number;
  /** When the present state began, in the clock's milliseconds. */
  readonly sinceMs: number;
  /** When it tries again, in the clock's milliseconds; `Infinity` if it is connected or does not try again. */
  readonly retryAtMs: number;
  /** The Client Identifier of its session in this broker. */
  readonly localClientId: string;
  /** Messages that wait in that session or are in flight. */
  readonly waiting: number;
  /** Messages sent to the remote broker, repeats included. */
  readonly messagesOut: number;
  /** Messages received from it, repeats included. */
  readonly messagesIn: number;
  /** Bytes written to it. */
  readonly bytesOut: number;
  /** Bytes read from it. */
  readonly bytesIn: number;
  /** Connections that the remote broker accepted. */
  readonly connects: number;
  /** Attempts that failed, and connections that ended. */
  readonly failures: number;
  /** Messages that did not cross the bridge, by reason. */
  readonly dropped: ReadonlyMap<string, number>;
}

type Column = readonly [
  name: string,
  type: "gauge" | "counter",
  help: string,
  read: (bridge: BridgeLevel) => number,
];

const COLUMNS: readonly Column[] = [
  [
    "bridge_connected",
    "gauge",
    "1: the bridge is connected",
    ({ state }) => state === "connected" ? 1 : 0,
  ],
  [
    "bridge_waiting_messages",
    "gauge",
    "Messages that wait for a bridge, or are under way",
    ({ waiting }) => waiting,
  ],
  [
    "bridge_connects",
    "counter",
    "Connections of a bridge that got past CONNACK",
    ({ connects }) => connects,
  ],
  [
    "bridge_failures",
    "counter",
    "Attempts of a bridge that failed, and connections that ended",
    ({ failures }) => failures,
  ],
];

/** The metrics of all bridges, labelled with the bridges' names. */
export function* bridgeFamilies(all: readonly BridgeLevel[]): Generator<MetricFamily> {
  // Of the nodes of a cluster the one tells that has it, so that sums are right.
  const bridges = all.filter(({ state }) => state !== "elsewhere");
  for (const [name, type, help, read] of COLUMNS) {
    yield family(
      name,
      type,
      help,
      bridges.map((bridge) => [{ bridge: bridge.name }, read(bridge)]),
    );
  }
  yield family(
    "bridge_messages",
    "counter",
    "Messages of a bridge, repeats included",
    bothWays(bridges, ({ messagesIn, messagesOut }) => [messagesIn, messagesOut]),
  );
  yield family(
    "bridge_bytes",
    "counter",
    "Bytes of a bridge's connections",
    bothWays(bridges, ({ bytesIn, bytesOut }) => [bytesIn, bytesOut]),
  );
  yield family(
    "bridge_messages_dropped",
    "counter",
    "Messages that did not cross a bridge, by reason",
    bridges.flatMap(({ name: bridge, dropped }) =>
      [...dropped].map(([reason, count]) => [{ bridge, reason }, count] as const)
    ),
  );
}

type Samples = readonly Sample[];

function bothWays(
  bridges: readonly BridgeLevel[],
  read: (bridge: BridgeLevel) => readonly [number, number],
): Samples {
  return bridges.flatMap((bridge) => {
    const [coming, going] = read(bridge);
    return [
      [{ bridge: bridge.name, direction: "in" }, coming],
      [{ bridge: bridge.name, direction: "out" }, going],
    ] as const;
  });
}

function family(
  name: string,
  type: "gauge" | "counter",
  help: string,
  samples: Samples,
): MetricFamily {
  return { name: `fluxmqtt_${name}`, type, help, samples };
}
