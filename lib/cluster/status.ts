import { delay } from "./delay.ts";
import { type Beat, BEAT_MS, beatSubject, parseBeat } from "./members.ts";
import { NatsConnection } from "./nats/connection.ts";
import { NatsError } from "./nats/error.ts";
import { JetStream, type StreamInfo } from "./nats/jetstream.ts";
import { type ClusterOptions, prefixOf, streamOf } from "./options.ts";
import { SNAPSHOT, snapshotsOf, type SnapshotView, viewOf } from "./snapshot.ts";

/** What somebody sees who looks at a cluster from outside. */
export interface ClusterStatus {
  /** The nodes that have said that they are there, by name. */
  readonly nodes: readonly Beat[];
  /** The log; `undefined`: there is none yet. */
  readonly log: StreamInfo | undefined;
  /** The last snapshot; `undefined`: there is none yet. */
  readonly snapshot: SnapshotView | undefined;
}

const CONNECT_MS = 5000;

/** Looks at a cluster for somewhat more than a second. Throws `NatsError` where no server lets us in. */
export async function clusterStatus(options: ClusterOptions): Promise<ClusterStatus> {
  let reason = "no answer in time";
  const nats = new NatsConnection({
    places: options.places,
    credentials: options.credentials,
    tls: { caCerts: options.caCerts },
    name: `flux-mqtt ${options.name} status`,
    onLost: (lost) => reason = lost,
  });
  try {
    const beats = new Map<string, Beat>();
    nats.subscribe(beatSubject(prefixOf(options.name)), ({ payload }) => {
      const beat = parseBeat(payload);
      if (beat !== undefined) beats.set(beat.node, beat);
    });
    const endMs = performance.now() + CONNECT_MS;
    while (!nats.isConnected) {
      if (performance.now() > endMs) throw new NatsError("closed", reason);
      await delay(10);
    }
    await delay(BEAT_MS * 1.3);
    const jetStream = new JetStream(nats);
    const log = await jetStream.streamInfo(streamOf(options.name));
    const found = await snapshotsOf(jetStream, options).info(SNAPSHOT);
    const nodes = [...beats.values()].sort((a, b) => a.node < b.node ? -1 : 1);
    return { nodes, log, snapshot: found === undefined ? undefined : viewOf(found) };
  } finally {
    await nats.close();
  }
}
