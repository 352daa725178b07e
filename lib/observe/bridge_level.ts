import type { MetricFamily, Sample } from "./exposition.ts";

/** A bridge to another broker: where it stands, and what it has done since it began. */
export interface BridgeLevel {
  /** As its `connection` line says it. */
  readonly name: string;
  /** `connecting`, `connected`, `waiting`, `idle` or `ended`. */
  readonly state: string;
  /** Why it is not connected, for programs; `""`: it is. */
  readonly reason: string;
  /** The same for people. */
  readonly message: string;
  /** Of the remote broker that serves, or was tried last. */
  readonly address: string;
  /** MQTT's version there; 0: not connected. */
  readonly protocolVersion: number;
  /** Since when it stands there, in the clock's milliseconds. */
  readonly sinceMs: number;
  /** When it tries again, in the clock's milliseconds; `Infinity`: it does not, or is connected. */
  readonly retryAtMs: number;
  /** Its session in this broker. */
  readonly localClientId: string;
  /** Messages that wait in it, or are under way. */
  readonly waiting: number;
  /** Messages given to the remote broker, repeats included. */
  readonly messagesOut: number;
  /** Messages taken from it, repeats included. */
  readonly messagesIn: number;
  /** Bytes written to it. */
  readonly bytesOut: number;
  /** Bytes read from it. */
  readonly bytesIn: number;
  /** Connections that got past CONNACK. */
  readonly connects: number;
  /** Attempts that did not, and connections that ended. */
  readonly failures: number;
  /** Messages that did not cross, by reason. */
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

/** The metrics of all bridges, by their names. */
export function* bridgeFamilies(bridges: readonly BridgeLevel[]): Generator<MetricFamily> {
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
