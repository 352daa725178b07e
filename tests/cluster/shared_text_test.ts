import { deepEqual, equal, rejects } from "node:assert/strict";
import { SharedText } from "../../lib/cluster/mod.ts";
import { parseNatsPlaces } from "../../lib/config/mod.ts";
import { NatsServer, natsTest, until } from "../support/nats_server.ts";

function shareAt(nats: NatsServer, node: string, look: () => void): SharedText {
  const options = {
    places: parseNatsPlaces(nats.url),
    credentials: { kind: "none" as const },
    caCerts: [],
    name: "flux",
    node,
    replicas: 1,
    maxLogBytes: 1024 * 1024,
    isolationTimeoutMs: 0,
  };
  return new SharedText({ options, key: "text", look, lookMs: 3_600_000 });
}

natsTest(
  "of two nodes that write on the same text one does, and the other hears of it",
  async () => {
    await using nats = await NatsServer.start();
    const looks = { a: 0, b: 0 };
    const a = shareAt(nats, "a", () => looks.a++);
    const b = shareAt(nats, "b", () => looks.b++);
    try {
      await until("both are connected", () => looks.a > 0 && looks.b > 0);
      equal(await a.read(), undefined);
      const first = await a.write("one", 0);
      equal(await b.write("other", 0), undefined);
      deepEqual(await b.read(), { text: "one", revision: first });
      await until("the other hears of it", () => looks.b > 1);
      const second = await b.write("two", first!);
      for (const node of [a, b]) deepEqual(await node.read(), { text: "two", revision: second });
      // What is read once more is the same, and what comes then is another one.
      deepEqual(await a.read(), { text: "two", revision: second });
      const third = await a.write("three", second!);
      deepEqual(await b.read(), { text: "three", revision: third });
      const says = /does not take a text of \d+ bytes, of \d+ by its max_payload/;
      await rejects(a.write(noise(), third!), says);
      deepEqual(await b.read(), { text: "three", revision: third });
    } finally {
      await a.close();
      await b.close();
    }
  },
);

/** Two megabytes that nothing makes smaller. */
function noise(): string {
  return Array.from(
    { length: 32 },
    () => crypto.getRandomValues(new Uint8Array(65_536)).toBase64(),
  ).join("");
}
