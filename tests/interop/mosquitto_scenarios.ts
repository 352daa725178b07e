import { strict as assert } from "node:assert";
import { MosquittoSub, publish, subscribeToEnd } from "../support/mosquitto.ts";

const VERSIONS = ["31", "311", "5"] as const;
const QOS = ["0", "1", "2"] as const;

/** Where a scenario's clients go: two nodes of a cluster, or the same broker twice. */
export interface Place {
  /** The port of those that publish. */
  readonly here: number;
  /** The port of those that subscribe, where nothing is tried that needs another one. */
  readonly there: number;
}

/** What mosquitto's clients have to be able to do. */
export type MosquittoScenario = [name: string, play: (place: Place) => Promise<void>];

/** What mosquitto's clients of all versions do. */
export const MOSQUITTO_SCENARIOS: readonly MosquittoScenario[] = makeScenarios();

function makeScenarios(): MosquittoScenario[] {
  const scenarios: MosquittoScenario[] = [];
  const add = (...scenario: MosquittoScenario) => void scenarios.push(scenario);
  for (const to of VERSIONS) {
    add(
      `mosquitto_sub -V ${to} gets what mosquitto_pub sends in every version and QoS`,
      async ({ here, there }) => {
        const format = ["-F", "%t %q %r %p"];
        await using subscriber = await MosquittoSub.start(
          there,
          ["-V", to, "-q", "2", "-t", "from/#", ...format],
        );
        const expected: string[] = [];
        for (const from of VERSIONS) {
          for (const qos of QOS) {
            const to = ["-t", `from/${from}`, "-q", qos];
            await publishWell(here, ["-V", from, ...to, "-m", `Grüße at ${qos}`]);
            expected.push(`from/${from} ${qos} 0 Grüße at ${qos}`);
          }
        }
        const lines = await subscriber.take(expected.length);
        // Over two nodes there is no order between QoS 0 and the rest.
        if (here === there) assert.deepEqual(lines, expected);
        else assert.deepEqual(lines.toSorted(), expected.toSorted());
      },
    );

    add(
      `mosquitto_sub -V ${to} finds retained messages, until they are cleared`,
      async ({ here, there }) => {
        const topic = ["-t", "sensor/temperature", "-q", "1"];
        await publishWell(here, ["-V", to, ...topic, "-m", "25.5", "-r"]);
        const once = ["-V", to, "-t", "sensor/#", "-v", "-C", "1", "-W", "5"];
        assert.equal((await subscribeToEnd(there, once)).output, "sensor/temperature 25.5\n");
        await publishWell(here, ["-V", to, ...topic, "-n", "-r"]);
        await using late = await MosquittoSub.start(there, ["-V", to, "-t", "sensor/#", "-v"]);
        await publishWell(here, ["-V", to, ...topic, "-m", "fresh"]);
        assert.deepEqual(await late.take(1), ["sensor/temperature fresh"]);
      },
    );

    add(`mosquitto_sub -V ${to} comes back for what waited`, async ({ here, there }) => {
      const session = [
        ...["-V", to, "-i", "sleeper", "-c", "-q", "1", "-t", "waits/#"],
        ...to === "5" ? ["-x", "600"] : [],
      ];
      assert.equal((await subscribeToEnd(there, [...session, "-E"])).code, 0);
      const lines = Array.from({ length: 50 }, (_, i) => `message ${i}`);
      await publishWell(here, ["-V", to, "-t", "waits/here", "-q", "1", "-l"], lines.join("\n"));
      const { output } = await subscribeToEnd(here, [...session, "-C", "50", "-W", "5"]);
      assert.deepEqual(output.trimEnd().split("\n"), lines);
    });

    add(`the will of a killed mosquitto_sub -V ${to} is published`, async ({ here, there }) => {
      await using watcher = await MosquittoSub.start(there, ["-V", to, "-t", "wills/#", "-v"]);
      const will = ["--will-topic", "wills/a", "--will-payload", "broken off", "--will-qos", "2"];
      const client = await MosquittoSub.start(here, ["-V", to, "-t", "x", ...will]);
      await client.kill();
      assert.deepEqual(await watcher.take(1), ["wills/a broken off"]);
    });

    add(`mosquitto -V ${to} carries a megabyte`, async ({ here, there }) => {
      const payload = new Uint8Array(1024 * 1024).map((_, i) => 97 + (i * 7 + (i >> 9)) % 26);
      await using subscriber = await MosquittoSub.start(there, [
        "-V",
        to,
        "-q",
        "2",
        "-t",
        "large",
      ]);
      await publishWell(here, ["-V", to, "-q", "2", "-t", "large", "-s"], payload);
      const [line] = await subscriber.take(1);
      assert.equal(line, new TextDecoder().decode(payload));
    });
  }

  add("mosquitto_sub shows the properties that mosquitto_pub sends", async ({ here, there }) => {
    const format = ["-F", "%C|%D|%E|%R|%P|%p"];
    await using subscriber = await MosquittoSub.start(there, ["-V", "5", "-t", "props", ...format]);
    const properties = {
      "content-type": "text/plain",
      "correlation-data": "request 42",
      "message-expiry-interval": "300",
      "response-topic": "answers/here",
    };
    await publishWell(here, [
      ...["-V", "5", "-t", "props", "-m", "payload"],
      ...Object.entries(properties).flatMap(([name, value]) => ["-D", "publish", name, value]),
      ...["-D", "publish", "user-property", "unit", "°C"],
    ]);
    const [line] = await subscriber.take(1);
    assert.match(line!, /^text\/plain\|request 42\|(300|299)\|answers\/here\|unit:°C\|payload$/);
  });

  add(
    "mosquitto_sub members of a share get each message once together",
    async ({ here, there }) => {
      const share = ["-V", "5", "-q", "1", "-t", "$share/crew/job/#"];
      await using one = await MosquittoSub.start(here, share);
      await using two = await MosquittoSub.start(there, share);
      const jobs = Array.from({ length: 100 }, (_, i) => `job ${i}`);
      await publishWell(here, ["-t", "job/x", "-q", "1", "-l"], jobs.join("\n"));
      const [left, right] = await Promise.all([one.take(30), two.take(30)]);
      const limitMs = performance.now() + 5000;
      while (one.messages.length + two.messages.length < 100 && performance.now() < limitMs) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.ok(left.length >= 30 && right.length >= 30);
      assert.deepEqual([...one.messages, ...two.messages].toSorted(), jobs.toSorted());
    },
  );

  add("mosquitto_pub -V 5 with too many topic levels is refused alone", async ({ here, there }) => {
    await using other = await MosquittoSub.start(there, ["-t", "#", "-F", "%p"]);
    const deep = ["-V", "5", "-q", "1", "-t", "a/".repeat(250), "-m", "lost"];
    assert.match((await publish(here, deep)).output, /Topic Name invalid/);
    await publishWell(here, ["-q", "1", "-t", "still/there", "-m", "heard"]);
    assert.deepEqual(await other.take(1), ["heard"]);
  });
  return scenarios;
}

/** Publishes; the client must end well. */
async function publishWell(port: number, args: readonly string[], input?: string | Uint8Array) {
  const { code, output } = await publish(port, args, input);
  assert.equal(code, 0, output);
}
