import { wordsOf } from "./answers.ts";
import { delay } from "./delay.ts";
import { type Beat, BEAT_MS, beatSubject, parseBeat } from "./members.ts";
import { NatsConnection } from "./nats/connection.ts";
import { NatsError } from "./nats/error.ts";
import { nameOfPlace } from "./nats/place.ts";
import { JetStream } from "./nats/jetstream.ts";
import type { StreamInfo } from "./nats/jetstream_answers.ts";
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
  const reasons: string[] = [];
  const nats = new NatsConnection({
    places: options.places,
    credentials: options.credentials,
    tls: { caCerts: options.caCerts, own: options.clientCertificate },
    name: `flux-mqtt ${options.name} status`,
    onLost: (reason) => void reasons.push(reason),
  });
  try {
    const beats = new Map<string, Beat>();
    nats.subscribe(beatSubject(prefixOf(options.name)), ({ payload }) => {
      const beat = parseBeat(payload);
      if (beat !== undefined) beats.set(beat.node, beat);
    });
    const endMs = performance.now() + CONNECT_MS;
    while (!nats.isConnected) {
      // Each server was tried once: whoever looks now wants an answer now.
      const isOver = reasons.length >= options.places.length || performance.now() > endMs;
      if (isOver) throw new NatsError("closed", reasonsOf(options, reasons));
      await delay(10);
    }
    await delay(BEAT_MS * 1.3);
    const jetStream = new JetStream(nats);
    const [log, found] = await ask(jetStream, options);
    const nodes = [...beats.values()].sort((a, b) => a.node < b.node ? -1 : 1);
    return { nodes, log, snapshot: found === undefined ? undefined : viewOf(found) };
  } finally {
    await nats.close();
  }
}

/** The log and the last snapshot. Throws `NatsError` in words for whoever runs the servers. */
async function ask(jetStream: JetStream, options: ClusterOptions) {
  try {
    const log = await jetStream.streamInfo(streamOf(options.name));
    // It is a stream of its own, which may be choosing another leader: who asks for nodes and log is told these.
    const found = snapshotsOf(jetStream, options).info(SNAPSHOT).catch(() => undefined);
    return [log, await found] as const;
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
    throw new NatsError(error.kind, wordsOf(error), error.code);
  }
}

function reasonsOf({ places }: ClusterOptions, reasons: readonly string[]): string {
  if (reasons.length > 0) return [...new Set(reasons)].join("; ");
  return `No answer in time from ${places.map(nameOfPlace).join(", ")}`;
}
