import { strict as assert } from "node:assert";
import { importDatabase } from "../../lib/mosquitto/mod.ts";
import { subscribeToEnd } from "../support/mosquitto.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import { DatabaseWriter } from "./database_writer.ts";

/** What both versions of the file say: a retained message, and a session with a subscription and two messages that wait. */
function fileOf(version: number): DatabaseWriter {
  return new DatabaseWriter(version)
    .message(1, "plant/kept", "stays", { retain: true })
    .message(2, "plant/a", "first")
    .message(3, "plant/b", "second", { qos: 2 })
    .client("archive")
    .subscription("archive", "plant/+", 2)
    .clientMessage("archive", 2, 1, 1, 11)
    .clientMessage("archive", 3, 2, 2, 11)
    .retained(1);
}

for (const version of [5, 6]) {
  Deno.test({
    name:
      `the real mosquitto reads the version ${version} that these tests write, and we what it makes of it`,
    ignore: !hasMosquitto,
    async fn() {
      const directory = await Deno.makeTempDir({ prefix: "flux-import-" });
      try {
        await using mosquitto = await MosquittoBroker.make("", true);
        Deno.writeFileSync(mosquitto.databasePath, fileOf(version).bytes());
        await mosquitto.start();
        const { port } = mosquitto;
        const kept = await subscribeToEnd(port, ["-t", "plant/kept", "-C", "1", "-W", "5", "-v"]);
        assert.equal(kept.output, "plant/kept stays\n");
        // It writes its own version when it ends.
        await mosquitto.stop();
        const saved = Deno.readFileSync(mosquitto.databasePath);
        const places = [fileOf(version).bytes(), saved].map((bytes, i) => {
          const file = `${directory}/${i}.db`;
          Deno.writeFileSync(file, bytes);
          return { file, directory: `${directory}/data${i}` };
        });
        const [ours, theirs] = [await importDatabase(places[0]!), await importDatabase(places[1]!)];
        assert.deepEqual([ours.version, theirs.version], [version, 6]);
        assert.deepEqual(theirs.counts, ours.counts);
        assert.deepEqual(
          [
            ours.counts.sessions,
            ours.counts.subscriptions,
            ours.counts.queued,
            ours.counts.retained,
          ],
          [1, 1, 2, 1],
        );
        await mosquitto.start();
        const session = [
          "-i",
          "archive",
          "-c",
          "-q",
          "2",
          "-t",
          "plant/none",
          "-C",
          "2",
          "-W",
          "5",
        ];
        const waiting = await subscribeToEnd(port, [...session, "-v"]);
        assert.equal(waiting.output, "plant/a first\nplant/b second\n");
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}
