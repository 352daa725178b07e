import { deepEqual, equal } from "node:assert/strict";
import {
  type ClusterLevel,
  type ClusterOptions,
  SnapshotMaker,
  type SnapshotSource,
} from "../../lib/cluster/mod.ts";
import { Lease } from "../../lib/cluster/lease.ts";
import { JetStream, KeyValue, NatsError, ObjectStore } from "../../lib/cluster/nats/mod.ts";
import { parseNatsPlaces } from "../../lib/config/mod.ts";
import { connected } from "./nats/connected.ts";
import { Lines, NatsServer, natsTest, until } from "./support.ts";

const LOG_BYTES = 1024 * 1024;

/** A busy server may not answer in time: what is asked is asked again. */
function patiently(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  return until(what, async () => {
    try {
      return await holds();
    } catch (error) {
      if (!(error instanceof NatsError) || error.kind === "refused") throw error;
      return false;
    }
  }, 60_000);
}

/** A log with as much in it as makes a snapshot due, and a look at the snapshots. */
async function openLog(server: NatsServer) {
  const nats = await connected(server);
  const jetStream = new JetStream(nats);
  await jetStream.ensureStream({
    name: "FLUX_test",
    subjects: ["flux.test.log"],
    num_replicas: 1,
    max_bytes: LOG_BYTES,
    max_msgs_per_subject: -1,
    duplicate_window: 120e9,
  });
  const grow = async () => {
    for (let i = 0; i < 30; i++) await jetStream.publish("flux.test.log", new Uint8Array(10_000));
    return (await jetStream.streamInfo("FLUX_test"))!;
  };
  const objects = new ObjectStore(jetStream, "FLUX_test_snapshots");
  const shown = async () => (await objects.info("snapshot"))?.info;
  const chunks = async () => (await jetStream.streamInfo("OBJ_FLUX_test_snapshots"))!.messages - 1;
  return {
    nats,
    jetStream,
    objects,
    grow,
    shown,
    chunks,
    first: async () => (await jetStream.streamInfo("FLUX_test"))!.firstSequence,
  };
}

/** `at`: the record that the node has applied; `sequences`: those of all nodes. */
function start(
  server: NatsServer,
  node: string,
  store: SnapshotSource,
  at: () => number,
  sequences: number[] = [],
) {
  const options: ClusterOptions = {
    places: parseNatsPlaces(server.url),
    credentials: { kind: "none" },
    caCerts: [],
    name: "test",
    node,
    replicas: 1,
    maxLogBytes: LOG_BYTES,
    isolationTimeoutMs: 0,
  };
  const log = new Lines();
  const level = () =>
    ({
      isReady: true,
      sequence: at(),
      bytes: at() * 10_000,
      nodes: sequences.map((sequence) => ({ sequence })),
    }) as unknown as ClusterLevel;
  return new SnapshotMaker({ options, log, store, level, lookMs: 50, leaseMs: 1000 });
}

/** A store whose copy comes from `parts`. */
const storeOf = (
  position: () => { sequence: number; created: string },
  parts: () => AsyncIterable<Uint8Array>,
): SnapshotSource => ({
  backUp: () =>
    Promise.resolve({
      readable: ReadableStream.from(parts()),
      content: { position: JSON.stringify({ ...position(), marks: [] }) },
    }),
});

async function* whole(text: string): AsyncIterable<Uint8Array> {
  await Promise.resolve();
  yield new TextEncoder().encode(text);
}

natsTest(
  "a node that stops in the middle of a snapshot leaves it to another one, and shows nothing later",
  async () => {
    await using server = await NatsServer.start();
    const { nats, jetStream, objects, grow, shown, chunks } = await openLog(server);
    const { created, lastSequence: sequence } = await grow();
    // What a node does up to the moment in which it stops.
    const values = new KeyValue(jetStream, "FLUX_test");
    await values.ensure(1);
    await objects.ensure(1);
    const lease = new Lease(values, "snapshot", "stopped", 1000);
    equal(await lease.take("left"), "");
    const left = await objects.upload("snapshot", "left", ReadableStream.from(whole("left")), {});
    const store = storeOf(() => ({ sequence, created }), () => whole("other"));
    const other = start(server, "other", store, () => sequence);
    await patiently(
      "the other one has made it",
      async () => (await shown())?.metadata["node"] === "other",
    );
    equal(await chunks(), 1);
    // It goes on.
    await lease.renew();
    equal(lease.isHeld, false);
    equal(await objects.publish(left, 0), false);
    equal((await shown())!.metadata["node"], "other");
    await other.close();
    await nats.close();
  },
);

natsTest(
  "a node whose store is behind the last snapshot makes none: the log is shortened behind that",
  async () => {
    await using server = await NatsServer.start();
    const { nats, grow, shown, chunks, first } = await openLog(server);
    const { lastSequence: early } = await grow();
    const { created, lastSequence: sequence } = await grow();
    const ahead = start(
      server,
      "a",
      storeOf(() => ({ sequence, created }), () => whole("a")),
      () => sequence,
    );
    await patiently("there is a snapshot", async () => (await shown())?.metadata["node"] === "a");
    await ahead.close();
    const { lastSequence: now } = await grow();
    let asked = 0;
    const behind = storeOf(() => {
      asked++;
      return { sequence: early, created };
    }, () => whole("b"));
    // What it has applied is not written yet.
    const other = start(server, "b", behind, () => now, [now]);
    await patiently("the other one has tried", () => asked > 1);
    await other.close();
    equal((await shown())!.metadata["node"], "a");
    equal(await chunks(), 1);
    equal(await first(), 1);
    await nats.close();
  },
);

natsTest("whoever makes a snapshot keeps others from it as long as that takes", async () => {
  await using server = await NatsServer.start();
  const { nats, grow, shown, chunks } = await openLog(server);
  const { created, lastSequence: sequence } = await grow();
  const isAllowed = Promise.withResolvers<void>();
  const begun: string[] = [];
  const slowly = (node: string) =>
    storeOf(() => ({ sequence, created }), async function* () {
      begun.push(node);
      await isAllowed.promise;
      yield* whole(node);
    });
  const makers = ["a", "b", "c"].map((node) => start(server, node, slowly(node), () => sequence));
  await patiently("one has begun", () => begun.length > 0);
  // Longer than a lease.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  isAllowed.resolve();
  await patiently("it is made", async () => await shown() !== undefined);
  deepEqual(begun, [(await shown())!.metadata["node"]]);
  equal(await chunks(), 1);
  for (const maker of makers) await maker.close();
  await nats.close();
});

natsTest(
  "the log is cut at the snapshot before the last one, and at what all nodes have applied",
  async () => {
    await using server = await NatsServer.start();
    const { nats, grow, shown, first } = await openLog(server);
    let at = await grow();
    const applied = [Infinity, Infinity];
    const store = storeOf(
      () => ({ sequence: at.lastSequence, created: at.created }),
      () => whole("x"),
    );
    const maker = start(server, "a", store, () => at.lastSequence, applied);
    const other = start(server, "b", store, () => at.lastSequence, applied);
    const made = async (sequence: number) =>
      await patiently(
        "it is made",
        async () => (await shown())?.metadata["sequence"] === `${sequence}`,
      );
    await made(30);
    equal(await first(), 1);
    at = await grow();
    await made(60);
    await patiently("it is cut", async () => await first() === 31);
    applied[1] = 40;
    at = await grow();
    await made(90);
    await patiently("it is cut", async () => await first() === 41);
    deepEqual((await shown())!.size, 1);
    await Promise.all([maker.close(), other.close()]);
    await nats.close();
  },
);
