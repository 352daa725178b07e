import { strict as assert } from "node:assert";
import { RawClient } from "../../tests/support/raw_client.ts";
import { expectTopics, MosquittoSub, publish, retainedFor, roundTrip, send } from "./clients.ts";
import type { Row, Stage } from "./row.ts";
import { tryAuthentication } from "./authentication.ts";
import { tryBasics } from "./basics.ts";
import { tryBoth, tryCertificate, tryMqtts, tryMqttsStarts } from "./tls.ts";

const CONNECTIONS = 100;
const MESSAGES = 1000;
/** So many `mosquitto_pub` at a time. */
const PUBLISHERS = 4;

const SENSORS = ["sensor/room1/temperature", "sensor/room1/humidity/value", "sensor/temperature"];

/** The guide, row by row. */
export const ROWS: readonly Row[] = [
  {
    id: "1",
    title: "The basics",
    how: "`deno task test` (with `--with-tests`), `deno check main.ts`, `deno task start`",
    expected: "The tests pass, the program is sound, the broker starts",
    run: tryBasics,
  },
  {
    id: "2.1",
    title: "Connect",
    how: "`mosquitto_sub -h localhost -p PORT -t 'test/#' -v`",
    expected: "It connects",
    run: async ({ port, untilLog }) => {
      const args = ["-h", "localhost", "-t", "test/#", "-v"];
      await using _subscriber = await MosquittoSub.start(port, args);
      await untilLog(/Client connected/);
      return "It is connected and subscribed";
    },
  },
  {
    id: "2.2",
    title: "Publish and subscribe",
    how: "`mosquitto_pub -h localhost -p PORT -t test/topic -m 'Hello MQTT'`",
    expected: "The subscriber prints `Hello MQTT`",
    run: async ({ port }) => {
      await using subscriber = await MosquittoSub.start(port, ["-t", "test/#", "-v"]);
      await send(port, "-h", "localhost", "-t", "test/topic", "-m", "Hello MQTT");
      assert.deepEqual(await subscriber.take(1), ["test/topic Hello MQTT"]);
      return "It prints `test/topic Hello MQTT`";
    },
  },
  {
    id: "2.3",
    title: "QoS 0, 1 and 2",
    how: "`-q 0`, `-q 1` and `-q 2` on both sides",
    expected: "All arrive, QoS 2 in full",
    run: async ({ port }) => {
      for (const qos of ["0", "1", "2"]) assert.equal(await roundTrip(port, qos), qos);
      return "Each arrives at its own QoS";
    },
  },
  {
    id: "2.3b",
    title: "QoS 2 where the broker allows no more than 1",
    how: "`--max-qos 1`; `-q 2` on both sides",
    expected: "It arrives, lowered to QoS 1",
    broker: { flags: ["--max-qos", "1"] },
    run: async ({ port }) => {
      assert.equal(await roundTrip(port, "2"), "1");
      return "It arrives at QoS 1";
    },
  },
  {
    id: "3",
    title: "Retained messages",
    how: "publish `sensor/temperature` `25.5` with `-r`, subscribe; clear it with `-n -r`, " +
      "and with `-m '' -r`, subscribe again",
    expected: "It arrives at once; when it is cleared a new subscriber gets nothing",
    run: tryRetained,
  },
  {
    id: "4.1",
    title: "The wildcard `+`",
    how: "subscribe `sensor/+/temperature`; publish to `sensor/room1/temperature`, " +
      "`sensor/room2/temperature`, `sensor/room1/room2/temperature`",
    expected: "The first two arrive, the third does not",
    run: (stage) => {
      const rooms = ["sensor/room1/temperature", "sensor/room2/temperature"];
      const published = [...rooms, "sensor/room1/room2/temperature"];
      return expectTopics(stage, "sensor/+/temperature", published, rooms);
    },
  },
  {
    id: "4.2",
    title: "The wildcard `#`",
    how: "subscribe `sensor/#`; publish to `sensor/temperature`, `sensor/room1/temperature`, " +
      "`sensor/room1/room2/temp`, `device/temperature`",
    expected: "The first three arrive, the fourth does not",
    run: (stage) => {
      const inside = ["sensor/temperature", "sensor/room1/temperature", "sensor/room1/room2/temp"];
      return expectTopics(stage, "sensor/#", [...inside, "device/temperature"], inside);
    },
  },
  {
    id: "4.3",
    title: "`+` and `#` together, as the standard reads them",
    how: "subscribe `sensor/+/#`; publish to `sensor/room1/temperature`, " +
      "`sensor/room1/humidity/value`, `sensor/temperature`",
    expected: "All three arrive: `#` stands for its parent level too",
    run: (stage) => expectTopics(stage, "sensor/+/#", SENSORS, SENSORS),
  },
  {
    id: "4.3b",
    title: "`+` and `#` together, as the guide reads them",
    how: "the same with `--no-hash-matches-parent`",
    expected: "The first two arrive, the third does not",
    broker: { flags: ["--no-hash-matches-parent"] },
    run: (stage) => expectTopics(stage, "sensor/+/#", SENSORS, SENSORS.slice(0, 2)),
  },
  {
    id: "5.1",
    title: "A certificate",
    how: "`deno task certs`, and the guide's `openssl genrsa` and `openssl req -new -x509`",
    expected: "Readable by `openssl x509`",
    run: tryCertificate,
  },
  {
    id: "5.2",
    title: "MQTTS starts",
    how:
      "start with `MQTT_TLS_ENABLED=true MQTT_CERT_PATH=certs/server.crt MQTT_KEY_PATH=certs/server.key`",
    expected: "The log says so",
    run: tryMqttsStarts,
  },
  {
    id: "5.3",
    title: "MQTTS works",
    how: "`mosquitto_sub -p 8883 --cafile certs/server.crt`, and the same for `mosquitto_pub`",
    expected: "Messages pass",
    run: tryMqtts,
  },
  {
    id: "5.4",
    title: "MQTT and MQTTS at once",
    how: "a subscriber and a publisher on each port",
    expected: "Both subscribers get both messages",
    run: tryBoth,
  },
  {
    id: "6.1",
    title: "Many connections",
    how: `${CONNECTIONS} \`mosquitto_sub\` at once`,
    expected: "All connect",
    run: tryConnections,
  },
  {
    id: "6.2",
    title: "Throughput",
    how: `${MESSAGES} messages, one \`mosquitto_pub\` each, on \`test/perf\``,
    expected: `The subscriber counts ${MESSAGES}`,
    run: tryThroughput,
  },
  {
    id: "7",
    title: "Authentication",
    how: "with and without `-u user -P pass`",
    expected: "Only right credentials get in where there is a password file",
    run: tryAuthentication,
  },
  {
    id: "8.1",
    title: "Bad topic names",
    how: "publish to `test/#` and to `test/+`, byte by byte, since the clients refuse to",
    expected: "Refused, and the broker goes on",
    run: tryBadTopics,
  },
  {
    id: "8.2",
    title: "Disconnects",
    how: "kill a subscriber, start it again",
    expected: "It connects again and gets messages",
    run: tryDisconnects,
  },
  {
    id: "9",
    title: "The EventBus",
    how: 'log level debug; publish `{"key":"value"}` to `test/eventbus`',
    expected:
      'The log has `Received message from EventBus: topic="test/eventbus", payload={"key":"value"}`',
    broker: { environment: { MQTT_LOG: "debug" } },
    run: async ({ port, untilLog }) => {
      await send(port, "-t", "test/eventbus", "-m", '{"key":"value"}');
      await untilLog(
        /Received message from EventBus: topic="test\/eventbus", payload=\{"key":"value"\}/,
      );
      return "The line is there, word for word";
    },
  },
];

async function tryRetained({ port }: Stage): Promise<string> {
  for (const clear of [["-n"], ["-m", ""]]) {
    await send(port, "-t", "sensor/temperature", "-m", "25.5", "-r", "-q", "1");
    assert.deepEqual(await retainedFor(port, "sensor/temperature"), ["1 sensor/temperature 25.5"]);
    await send(port, "-t", "sensor/temperature", ...clear, "-r", "-q", "1");
    assert.deepEqual(await retainedFor(port, "sensor/temperature"), []);
  }
  return "`25.5` at once, nothing after `-n -r`; the same with `-m '' -r`";
}

async function tryConnections({ port }: Stage): Promise<string> {
  const subscribers = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => MosquittoSub.start(port, ["-t", "test/all"])),
  );
  await send(port, "-t", "test/all", "-m", "hello");
  for (const subscriber of subscribers) {
    assert.deepEqual(await subscriber.take(1), ["hello"]);
    await subscriber.stop();
  }
  return `${subscribers.length} connect, and each gets a message`;
}

async function tryThroughput({ port }: Stage): Promise<string> {
  await using subscriber = await MosquittoSub.start(port, ["-t", "test/perf"]);
  const startMs = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: PUBLISHERS }, async () => {
    while (next < MESSAGES) await send(port, "-t", "test/perf", "-m", `message ${next++}`);
  }));
  const messages = await subscriber.take(MESSAGES, 10_000);
  const seconds = (performance.now() - startMs) / 1000;
  assert.equal(messages.length, MESSAGES);
  assert.equal(new Set(messages).size, MESSAGES);
  return `${MESSAGES} arrive in ${seconds.toFixed(1)} s, which is the time that their ` +
    `${MESSAGES} processes take`;
}

async function tryBadTopics({ port }: Stage): Promise<string> {
  await using subscriber = await MosquittoSub.start(port, ["-t", "test/#", "-v"]);
  for (const topic of ["test/#", "test/+"]) {
    assert.notEqual((await publish(port, ["-t", topic, "-m", "x"])).code, 0);
    for (const protocolVersion of [4, 5] as const) {
      using client = await RawClient.connect(port, { protocolVersion });
      const properties = protocolVersion === 5 ? [0] : [];
      const body = [0, topic.length, ...new TextEncoder().encode(topic), ...properties, 0x78];
      await client.write(Uint8Array.from([0x30, body.length, ...body]));
      const { packets } = await client.untilEnd();
      const reasons = packets.map((packet) => packet.type === "disconnect" && packet.reasonCode);
      assert.deepEqual(reasons, protocolVersion === 5 ? [0x90] : []);
    }
  }
  await send(port, "-t", "test/good", "-m", "still here");
  assert.deepEqual(await subscriber.take(1), ["test/good still here"]);
  return "That connection is closed, with Reason Code 0x90 in MQTT 5.0; others go on";
}

async function tryDisconnects({ port }: Stage): Promise<string> {
  const args = ["-i", "reader", "-t", "test/again", "-q", "1"];
  for (const session of [[], ["-c"]]) {
    const first = await MosquittoSub.start(port, [...args, ...session]);
    await send(port, "-t", "test/again", "-m", "before", "-q", "1");
    assert.deepEqual(await first.take(1), ["before"]);
    await first.kill();
    if (session.length > 0) await send(port, "-t", "test/again", "-m", "meanwhile", "-q", "1");
    await using second = await MosquittoSub.start(port, [...args, ...session]);
    await send(port, "-t", "test/again", "-m", "after", "-q", "1");
    const expected = session.length > 0 ? ["meanwhile", "after"] : ["after"];
    assert.deepEqual(await second.take(expected.length), expected);
  }
  return "It gets messages again; with `-c` also those of the meantime";
}
