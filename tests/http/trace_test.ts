import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { callFlux, runFlux } from "../support/flux.ts";
import { HttpBroker } from "./support.ts";

const PLAIN = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
const ACL =
  "topic read a/c\nuser ann\ntopic readwrite a/#\ntopic deny a/b\nuser bob\ntopic read a/c\n";

interface Step {
  readonly event: string;
  readonly clientId: string;
  readonly text: string;
  readonly rule?: string;
  readonly payload?: string;
  readonly format?: string;
  readonly isCut?: boolean;
  readonly omitted?: number;
}

/** A trace that somebody reads: steps come as they are told. */
class Reader {
  readonly steps: Step[] = [];
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  static async open(broker: HttpBroker, query: string, accept = ""): Promise<Reader> {
    const response = await broker.fetch(`/api/v1/trace?${query}`, { headers: { accept } });
    assert.equal(response.status, 200);
    const reader = new Reader(response.body!.pipeThrough(new TextDecoderStream()).getReader());
    // The first line is empty: the trace runs.
    await reader.#read();
    return reader;
  }

  private constructor(reader: ReadableStreamDefaultReader<string>) {
    this.#reader = reader;
  }

  async #read(): Promise<boolean> {
    const { value = "", done } = await this.#reader.read();
    const lines = (this.#rest + value).split("\n");
    this.#rest = lines.pop()!;
    this.steps.push(...lines.filter((line) => line !== "").map((line) => JSON.parse(line)));
    return !done;
  }

  /** Reads until a step is there. */
  async until(isIt: (step: Step) => boolean): Promise<Step> {
    for (;;) {
      const found = this.steps.find(isIt);
      if (found !== undefined) return found;
      if (!await this.#read()) throw new Error(`Not told: ${JSON.stringify(this.steps)}`);
    }
  }

  /** Event, client and text of each, with what differs from run to run cut out. */
  get shown(): string[] {
    return this.steps.map(({ event, clientId, text }) =>
      `${clientId} ${event} ${text}`.replace(/127\.0\.0\.1:\d+/, "ADDRESS")
    );
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}

function connect(broker: HttpBroker, clientId: string, userName?: string): Promise<MqttClient> {
  return MqttClient.connect({
    hostname: "127.0.0.1",
    port: broker.mqttPort,
    clientId,
    ...userName === undefined ? {} : { userName, password: new TextEncoder().encode("secret") },
  });
}

Deno.test("A trace of a client tells its packets, who got its messages, and the rule that decided", async () => {
  await using broker = await HttpBroker.start({
    acl: ACL,
    users: { ann: "secret", bob: "secret" },
  });
  const trace = await Reader.open(broker, "client=pump");
  const bob = await connect(broker, "bob", "bob");
  await bob.subscribe([{ topicFilter: "a/c", qos: 1, ...PLAIN }]);
  const pump = await connect(broker, "pump", "ann");
  await pump.publish("a/c", new TextEncoder().encode('{ "t": 21 }'), { qos: 1 });
  await pump.publish("a/b", new Uint8Array([0xff]), { qos: 0 });
  await pump.disconnect();
  await trace.until(({ event }) => event === "session_ended");
  await trace.close();
  await bob.disconnect();
  assert.deepEqual(
    trace.shown,
    [
      "pump in CONNECT pump, MQTT 5.0, user ann, Clean Start, Keep Alive 60 s",
      "pump connected user ann from ADDRESS, listener 1883, MQTT 5.0",
      "pump out CONNACK Success",
      "pump in PUBLISH a/c: QoS 1, id 1, 11 bytes",
      "bob out PUBLISH a/c: QoS 1, id 1, 11 bytes, from pump",
      "pump routed a/c: 1 receiver",
      "pump out PUBACK id 1",
      "pump in PUBLISH a/b: QoS 0, 1 byte",
      "pump dropped a/b: not_authorized",
      "pump in DISCONNECT Success",
      "pump disconnected it has left",
      "pump session_ended Its session is over",
    ],
  );
  const inC = trace.steps.find(({ event, text }) => event === "in" && text.includes("a/c"))!;
  assert.match(inC.rule!, /acl:3: topic readwrite a\/#$/);
  assert.deepEqual([inC.format, inC.payload], ["json", '{"t":21}']);
  const outC = trace.steps.find(({ clientId }) => clientId === "bob")!;
  assert.match(outC.rule!, /acl:6: topic read a\/c$/);
  const inB = trace.steps.find(({ event, text }) => event === "in" && text.includes("a/b"))!;
  assert.match(inB.rule!, /acl:4: topic deny a\/b$/);
  assert.equal(inB.payload, undefined, "the page's user is nobody, who may not read it");
});

Deno.test("A trace of a topic tells subscriptions, queueing, acknowledgements, drops, and who may not read it", async () => {
  await using broker = await HttpBroker.start({
    acl: `${ACL}topic read z\n`,
    users: { ann: "secret", bob: "secret" },
  });
  const bob = await connect(broker, "bob", "bob");
  await bob.subscribe([{ topicFilter: "#", qos: 1, ...PLAIN }]);
  const trace = await Reader.open(broker, "topic=a/d");
  const ann = await connect(broker, "ann", "ann");
  await ann.subscribe([{ topicFilter: "a/+", qos: 1, ...PLAIN }]);
  await ann.publish("a/d", new Uint8Array(3), { qos: 1 });
  await ann.publish("a/e", new Uint8Array(3), { qos: 1 });
  await trace.until(({ event, text }) => event === "in" && text.startsWith("PUBACK"));
  await trace.close();
  await ann.disconnect();
  await bob.disconnect();
  assert.deepEqual(trace.shown.sort(), [
    "ann in PUBACK id 1",
    "ann in PUBLISH a/d: QoS 1, id 2, 3 bytes",
    "ann out PUBACK id 2",
    "ann out PUBLISH a/d: QoS 1, id 1, 3 bytes, from ann",
    "ann routed a/d: 1 receiver",
    "ann subscribed Subscribed to a/+: granted QoS 1",
    "bob withheld a/d: it may not read it",
  ]);
  const { rule } = trace.steps.find(({ event }) => event === "withheld")!;
  assert.match(rule!, /^No line of .*acl lets it read there$/);
});

const payloads: [query: string, payload: Uint8Array, shown: unknown[]][] = [
  ["", new TextEncoder().encode("warm"), ["text", "warm", undefined]],
  ["&bytes=3", new TextEncoder().encode("wärm"), ["text", "wä", true]],
  ["", new Uint8Array([0, 0xff]), ["hex", "00ff", undefined]],
  ["&payload=hex&bytes=1", new TextEncoder().encode("ab"), ["hex", "61", true]],
  ["&payload=text", new TextEncoder().encode("[1, 2]"), ["text", "[1, 2]", undefined]],
  ["&payload=none", new TextEncoder().encode("x"), [undefined, undefined, undefined]],
];
Deno.test("Payloads are shown as text, JSON or hex, cut at a limit", async (t) => {
  await using broker = await HttpBroker.start();
  const client = await connect(broker, "p");
  for (const [query, payload, shown] of payloads) {
    await t.step(`${query} ${payload}`, async () => {
      const trace = await Reader.open(broker, `topic=t${query}`);
      await client.publish("t", payload, { qos: 0 });
      const step = await trace.until(({ event }) => event === "in");
      assert.deepEqual([step.format, step.payload, step.isCut], shown);
      await trace.close();
    });
  }
  await client.disconnect();
});

Deno.test("A trace ends by itself: when its time or its lines are used up; nothing is observed then", async () => {
  await using broker = await HttpBroker.start();
  const { core } = broker.server.broker;
  const short = await Reader.open(broker, "topic=t&for=1");
  assert.equal(core.isObserved, true);
  assert.equal((await short.until(({ event }) => event === "end")).text, "1 s have passed");
  assert.equal(core.isObserved, false);
  const few = await Reader.open(broker, "topic=t&lines=2");
  const client = await connect(broker, "p");
  for (let i = 0; i < 3; i++) await client.publish("t", new Uint8Array(1), { qos: 1 });
  assert.equal((await few.until(({ event }) => event === "end")).text, "2 lines are told");
  assert.equal(few.steps.length, 3);
  assert.equal(core.isObserved, false);
  await short.close();
  await few.close();
  await client.disconnect();
});

Deno.test("A trace that nobody reads any more ends; eight run at one time, and no ninth", async () => {
  await using broker = await HttpBroker.start();
  const traces = [];
  for (let i = 0; i < 8; i++) traces.push(await Reader.open(broker, `topic=t${i}`));
  const ninth = await broker.fetch("/api/v1/trace?topic=t");
  assert.equal(ninth.status, 503);
  await ninth.body!.cancel();
  for (const trace of traces) await trace.close();
  const deadline = Date.now() + 5000;
  while (broker.server.broker.core.isObserved && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(broker.server.broker.core.isObserved, false);
});

Deno.test("A trace is told as server-sent events where these are asked for", async () => {
  await using broker = await HttpBroker.start();
  const response = await broker.fetch("/api/v1/trace?topic=t&lines=1", {
    headers: { accept: "text/event-stream" },
  });
  const client = await connect(broker, "p");
  await client.publish("t", new Uint8Array(1), { qos: 1 });
  const text = await response.text();
  assert.match(text, /^:\n\nevent: in\ndata: \{.*"text":"PUBLISH t: QoS 1, id 1, 1 byte".*\}\n\n/);
  assert.match(text, /event: end\ndata: \{.*"lines":1.*\}\n\n$/);
  await client.disconnect();
});

Deno.test("A topic's trace is about a hundred clients at most, and says how many lines are left out", async () => {
  await using broker = await HttpBroker.start();
  const trace = await Reader.open(broker, "topic=t&lines=101");
  for (let i = 0; i <= 100; i++) {
    const client = await connect(broker, `c${i}`);
    await client.subscribe([{ topicFilter: "t", qos: 0, ...PLAIN }]);
    await client.disconnect();
  }
  const first = await connect(broker, "c0");
  await first.publish("t", new Uint8Array(1), { qos: 0 });
  const end = await trace.until(({ event }) => event === "end");
  assert.equal(end.omitted, 1);
  assert.equal(trace.steps.length, 102);
  await trace.close();
  await first.disconnect();
});

const wrong: [query: string, detail: RegExp][] = [
  ["", /^client or topic: must be given, one of the two$/],
  ["client=a&topic=b", /^client or topic: /],
  ["topic=a/%23/b", /^topic: must be a Topic Filter without \$share, is "a\/#\/b"$/],
  ["topic=$share/g/a", /^topic: /],
  ["topic=a&for=0", /^for: must be a whole number from 1 to 3600$/],
  ["topic=a&lines=x", /^lines: /],
  ["topic=a&payload=xml", /^payload: must be one of auto, text, json, hex, none$/],
  ["topic=a&bytes=70000", /^bytes: /],
];
Deno.test("A trace that is asked for wrongly is refused, and nothing is observed", async (t) => {
  await using broker = await HttpBroker.start();
  for (const [query, detail] of wrong) {
    await t.step(query, async () => {
      const response = await broker.fetch(`/api/v1/trace?${query}`);
      assert.equal(response.status, 400);
      assert.match((await response.json()).detail, detail);
      assert.equal(broker.server.broker.core.isObserved, false);
    });
  }
});

Deno.test("flux-mqtt trace prints the steps, with rules and payloads below, and how it ended", async () => {
  await using broker = await HttpBroker.start();
  const { url } = broker;
  const running = runFlux([
    "trace",
    "--topic",
    "t/#",
    "--lines",
    "4",
    "--for",
    "1m",
    "--payload",
    "text",
    "--url",
    url,
  ]);
  while (!broker.server.broker.core.isObserved) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const client = await connect(broker, "evil\x7f");
  await client.publish("t/1", new TextEncoder().encode("\x1b[2J"), { qos: 1 });
  await client.publish("t/2", new Uint8Array(1), { qos: 0 });
  const { status, out, error } = await running;
  await client.disconnect();
  assert.deepEqual([status, error], [0, ""]);
  const lines = out.split("\n").map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, ""));
  assert.deepEqual(lines, [
    "evil?                → in         PUBLISH t/1: QoS 1, id 1, 4 bytes",
    "             ?[2J",
    "evil?                routed       t/1: 0 receivers",
    "evil?                ← out        PUBACK id 1, NoMatchingSubscribers (0x10)",
    "evil?                → in         PUBLISH t/2: QoS 0, 1 byte",
    "             ?",
    "4 lines are told: 4 steps",
    "",
  ]);
});

const misused: [args: string[], status: number, error: RegExp][] = [
  [[], 2, /^--client or --topic: Must be given, one of the two/],
  [["--topic", "a", "--client", "b"], 2, /^--client or --topic/],
  [["--topic", "a", "--for", "2h"], 2, /^--for: Must be a time from 1s to 1h, .* is "2h"/],
  [["--topic", "a", "--for", "s"], 2, /^--for: /],
  [["--topic", "a", "--url", "http://127.0.0.1:1"], 1, /^Cannot ask http:\/\/127\.0\.0\.1:1: /],
];
for (const [args, status, error] of misused) {
  Deno.test(`flux-mqtt trace ${args.join(" ")} ends with ${status}`, async () => {
    const told = await callFlux(["trace", ...args]);
    assert.equal(told.status, status);
    assert.match(told.error, error);
  });
}
