import { deepEqual, equal, rejects } from "node:assert/strict";
import { JetStream, NatsError, ObjectStore } from "../../../lib/cluster/nats/mod.ts";
import { connected } from "./connected.ts";
import { NatsServer, natsTest } from "../../support/nats_server.ts";

function bytesOf(length: number, factor: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * factor + (i >> 8));
}

const streamOf = (bytes: Uint8Array, partBytes = 10_000) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += partBytes) {
        controller.enqueue(bytes.subarray(at, at + partBytes));
      }
      controller.close();
    },
  });

async function open(server: NatsServer) {
  const nats = await connected(server);
  const jetStream = new JetStream(nats);
  const objects = new ObjectStore(jetStream, "b");
  await objects.ensure(1);
  const read = async (name: string) => {
    const found = await objects.info(name);
    const parts: Uint8Array[] = [];
    for await (const part of objects.read(found!.info)) parts.push(part);
    return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  };
  return { nats, jetStream, objects, read };
}

natsTest("an object comes back as it was put, and a new one takes its place", async () => {
  await using server = await NatsServer.start();
  const { nats, jetStream, objects, read } = await open(server);
  equal(await objects.info("x"), undefined);
  for (const [i, length] of [0, 1, 128 * 1024, 500_000].entries()) {
    const before = await objects.info("x");
    const bytes = bytesOf(length, i + 3);
    const info = await objects.upload("x", `nuid${i}`, streamOf(bytes), { number: `${i}` });
    equal(info.size, length);
    equal(await objects.publish(info, before?.revision ?? 0), true);
    if (before !== undefined) await objects.deleteChunks(before.info.nuid);
    deepEqual(await read("x"), bytes);
    deepEqual((await objects.info("x"))!.info.metadata, { number: `${i}` });
  }
  // The last one's chunks, and one message that shows them.
  equal((await jetStream.streamInfo("OBJ_b"))!.messages, Math.ceil(500_000 / 131_072) + 1);
  await nats.close();
});

natsTest(
  "of two that put an object at a time one is shown, and the other one hears it",
  async () => {
    await using server = await NatsServer.start();
    const { nats, objects, read } = await open(server);
    const [first, second] = await Promise.all(
      ["1", "2"].map((nuid) =>
        objects.upload("x", nuid, streamOf(bytesOf(300_000, Number(nuid))), {})
      ),
    );
    equal(await objects.publish(first!, 0), true);
    equal(await objects.publish(second!, 0), false);
    await objects.deleteChunks("2");
    deepEqual(await read("x"), bytesOf(300_000, 1));
    await nats.close();
  },
);

natsTest("an object of which chunks are missing or wrong is not taken for whole", async () => {
  await using server = await NatsServer.start();
  const { nats, jetStream, objects, read } = await open(server);
  const info = await objects.upload("x", "n", streamOf(bytesOf(300_000, 1)), {});
  await objects.publish({ ...info, digest: `${info.digest.slice(0, -5)}AAAA=` }, 0);
  await rejects(
    read("x"),
    (error: unknown) => error instanceof NatsError && /digest/.test(error.message),
  );
  await objects.publish(info, (await objects.info("x"))!.revision);
  deepEqual(await read("x"), bytesOf(300_000, 1));
  await jetStream.purgeBefore("OBJ_b", 3);
  await rejects(
    read("x"),
    (error: unknown) => error instanceof NatsError && /missing/.test(error.message),
  );
  await nats.close();
});

natsTest(
  "a server outlives that one asks for objects while another one makes the bucket",
  async () => {
    await using server = await NatsServer.start();
    const maker = await open(server);
    // On a connection of its own: the server handles what comes by one connection in order.
    const asker = await open(server);
    for (let i = 0; i < 40; i++) {
      let isOver = false;
      const objects = new ObjectStore(asker.jetStream, `b${i}`);
      const asking = (async () => {
        while (!isOver) equal(await objects.info("x"), undefined);
      })();
      await new ObjectStore(maker.jetStream, `b${i}`).ensure(1);
      isOver = true;
      await asking;
    }
    await Promise.all([maker.nats.close(), asker.nats.close()]);
  },
);
