import { strict as assert } from "node:assert";
import { FakeBroker } from "../../support/fake_broker.ts";
import { callFlux, type FluxRun } from "../../support/flux.ts";
import { publishPacket } from "../../support/raw_client.ts";
import type { Program } from "./program.ts";
import type { Actor, Message, RunInit, Stage } from "./stage.ts";

/** What `sub` must print when it ends well. */
function well(out: string): FluxRun {
  return { status: 0, out, error: "" };
}

/** A case of `sub -t TOPIC …` that each version must pass: what is published once it has subscribed, and what it prints. */
interface Case {
  readonly flags: readonly string[];
  readonly messages: readonly Message[];
  readonly out: string;
  readonly port?: number;
  readonly init?: RunInit;
}

async function tryInEach(stage: Stage, { flags, messages, out, port, init }: Case): Promise<void> {
  const way = port === undefined ? stage.way : ["-h", "127.0.0.1", "-p", String(port)];
  await stage.inEach(async (flag, version) => {
    await stage.asBoth(async (actor) => {
      const running = () => actor("sub", [...way, "-V", flag, ...flags], init);
      assert.deepEqual(await stage.subscribed(running, messages, version), well(out), flag);
    }, !flags.includes("--ws"));
  });
}

/** The JSON that `sub -F %j` prints, less the time, whose form is checked. */
async function jsonOf(stage: Stage, actor: Actor, flags: readonly string[], message: Message) {
  const running = () => actor("sub", [...stage.way, "-F", "%j", "-C", "1", ...flags]);
  const { status, out } = await stage.subscribed(running, [message]);
  assert.equal(status, 0);
  const { tst, ...rest } = JSON.parse(out);
  assert.match(tst, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\+0000$/);
  return rest;
}

/** `sub -F %j` prints what came, whatever the version. */
async function tryJson(stage: Stage, message: Message, flags: readonly string[], more: object) {
  const { topicName } = message;
  const expected = { topic: topicName, retain: 0, payloadlen: 7, payload: "message", ...more };
  await stage.inEach((flag) =>
    stage.asBoth(async (actor) => {
      const all = ["-V", flag, "-t", topicName, ...flags];
      assert.deepEqual(await jsonOf(stage, actor, all, message), expected, flag);
    })
  );
}

const PROPERTIES = {
  payloadFormatIndicator: 1,
  contentType: "plain/text",
  responseTopic: "/dev/null",
  userProperties: [["name", "4"], ["name", "3"], ["name", "1"], ["name", "2"]],
} as const;

/** `-F` of a message with properties, and what 5.0 prints; before 5.0 that is nothing. */
const OF_PROPERTIES: readonly (readonly [format: string, printed: string])[] = [
  ["%A", ""],
  ["%C", "plain/text"],
  ["%D", ""],
  ["%E", "3600"],
  ["%F", "1"],
  ["%P", "name:4 name:3 name:1 name:2"],
  ["%R", "/dev/null"],
  ["%S", "56"],
];

async function tryFormats(stage: Stage): Promise<void> {
  const topicName = "sub/format";
  const message: Message = {
    topicName,
    payload: "message",
    properties: { ...PROPERTIES, messageExpiryInterval: 3600 },
  };
  for (const [flag, version] of [["mqttv311", 4], ["mqttv5", 5]] as const) {
    const identified = version < 5 ? [] : ["-D", "subscribe", "subscription-identifier", "56"];
    const format = OF_PROPERTIES.map(([format]) => format).join("|");
    const printed = OF_PROPERTIES.map(([, printed]) => version < 5 ? "" : printed).join("|");
    const flags = ["-V", flag, "-t", topicName, "-C", "1", ...identified];
    await stage.asBoth(async (actor) => {
      const running = () => actor("sub", [...stage.way, ...flags, "-F", `${format}|%m|%q|%r`]);
      const run = await stage.subscribed(running, [message]);
      assert.deepEqual(run, well(`${printed}|0|0|0\n`), flag);
    });
  }
}

/** `--retain-handling` is two bits of the Subscription Options. */
async function tryRetainHandling(): Promise<void> {
  for (const [word, retainHandling] of [["always", 0], ["new", 1], ["never", 2]] as const) {
    using broker = new FakeBroker();
    const way = ["-h", "127.0.0.1", "-p", String(broker.port)];
    const run = callFlux(["sub", ...way, "-t", "handled", "-C", "1", "--retain-handling", word]);
    await broker.welcome();
    const packet = await broker.next();
    assert.equal(packet?.type, "subscribe");
    const { packetId, subscriptions } = packet;
    const options = { noLocal: false, retainAsPublished: false, retainHandling };
    assert.deepEqual(subscriptions, [{ topicFilter: "handled", qos: 0, ...options }]);
    await broker.send({ type: "suback", packetId, reasonCodes: [0] });
    await broker.send(publishPacket("handled", "m"));
    assert.equal((await broker.next())?.type, "disconnect");
    broker.close();
    assert.deepEqual(await run, well("m\n"));
  }
}

/** A file named `mosquitto_sub` is found under HOME or XDG_CONFIG_HOME, and names the topic. */
async function tryEnvironment(stage: Stage): Promise<void> {
  await stage.file("home/.config/mosquitto_sub", "-t env/file\n");
  const places = {
    HOME: `${stage.directory}/home`,
    XDG_CONFIG_HOME: `${stage.directory}/home/.config`,
  };
  for (const [name, path] of Object.entries(places)) {
    await stage.asBoth(async (actor) => {
      const env = { [name]: path };
      const running = () => actor("sub", [...stage.way, "-q", "1", "-C", "1"], { env });
      const message = { topicName: "env/file", payload: "message", qos: 1 } as const;
      assert.deepEqual(await stage.subscribed(running, [message]), well("message\n"), name);
    });
  }
}

const one = (topicName: string, payload = "message"): Message => ({ topicName, payload, qos: 1 });

/** What became of mosquitto's programs for mosquitto_sub, but those of wrong command lines. */
export const SUB_PROGRAMS = {
  "02-subscribe-env": {
    holds: "flags come from a file under HOME/.config or XDG_CONFIG_HOME",
    run: tryEnvironment,
  },
  "02-subscribe-filter-out": {
    holds: "-T leaves messages out, and -C does not count them",
    run: (stage) =>
      tryInEach(stage, {
        flags: ["-t", "out/#", "-T", "out/filtered", "-C", "2"],
        messages: ["recv", "filtered", "recv", "filtered"].map((name) => one(`out/${name}`, name)),
        out: "recv\nrecv\n",
      }),
  },
  "02-subscribe-format-json-properties": {
    holds: "-F %j has the properties of 5.0, user properties in their order",
    // mosquitto_sub 2.0 writes an object with the same name four times, of which a reader keeps one.
    run: (stage) =>
      stage.asBoth(async (actor) => {
        const data = new TextEncoder().encode("2357289375902345");
        const properties = { ...PROPERTIES, correlationData: data };
        const message = { ...one("json"), properties };
        const identified = ["-D", "subscribe", "subscription-identifier", "99"];
        const flags = ["-V", "5", "-q", "1", "-t", "json", ...identified];
        assert.deepEqual(await jsonOf(stage, actor, flags, message), {
          ...{ topic: "json", qos: 1, retain: 0, payloadlen: 7, mid: 1, payload: "message" },
          properties: {
            "payload-format-indicator": 1,
            "content-type": "plain/text",
            "response-topic": "/dev/null",
            "correlation-data": "2357289375902345",
            "user-properties": PROPERTIES.userProperties.map(([name, value]) => ({
              [name]: value,
            })),
            "subscription-identifier": 99,
          },
        });
      }, false),
  },
  "02-subscribe-format-json-qos0": {
    holds: "-F %j of QoS 0 has no Packet Identifier",
    run: (stage) => tryJson(stage, { topicName: "json", payload: "message" }, [], { qos: 0 }),
  },
  "02-subscribe-format-json-qos1": {
    holds: "-F %j of QoS 1 has the Packet Identifier",
    run: (stage) => tryJson(stage, one("json"), ["-q", "1"], { qos: 1, mid: 1 }),
  },
  "02-subscribe-format-json-retain": {
    holds: "-F %j says that a message was retained",
    run: async (stage) => {
      const message = { topicName: "json", payload: "message", retain: true };
      await stage.publish([message]);
      await tryJson(stage, { topicName: "other", payload: "" }, ["-t", "json"], {
        topic: "json",
        qos: 0,
        retain: 1,
      });
      await stage.publish([{ ...message, payload: "" }]);
    },
  },
  "02-subscribe-format": {
    holds: "-F prints properties; the widths and escapes are in tests/cli/client_flags_test.ts",
    run: tryFormats,
  },
  "02-subscribe-null": {
    holds: "-v prints (null) for an empty payload, which is no line without it",
    run: async (stage) => {
      const flags = ["-t", "null", "-q", "1", "-C", "1"];
      const lines = [["null (null)\n", "-v"], [""], ["", "-v", "-N"]] as const;
      for (const [out, ...more] of lines) {
        await tryInEach(stage, { flags: [...flags, ...more], messages: [one("null", "")], out });
      }
    },
  },
  "02-subscribe-qos1-ws": {
    holds: "--ws receives QoS 1 in a WebSocket",
    run: async (stage) => {
      const port = await stage.server.listen({ protocol: "websockets" });
      const flags = ["-t", "qos1", "-q", "1", "-C", "1", "--ws"];
      await tryInEach(stage, { flags, port, messages: [one("qos1")], out: "message\n" });
    },
  },
  "02-subscribe-qos1": {
    holds: "QoS 1 is received, printed and acknowledged",
    run: (stage) =>
      tryInEach(stage, {
        flags: ["-t", "qos1", "-q", "1", "-C", "1"],
        messages: [one("qos1")],
        out: "message\n",
      }),
  },
  "02-subscribe-retain-handling": {
    holds: "--retain-handling becomes the Retain Handling of SUBSCRIBE",
    run: tryRetainHandling,
  },
  "02-subscribe-verbose": {
    holds: "-v prints the topic before the message",
    run: (stage) =>
      tryInEach(stage, {
        flags: ["-t", "verbose", "-q", "1", "-C", "1", "-v"],
        messages: [one("verbose")],
        out: "verbose message\n",
      }),
  },
} as const satisfies Readonly<Record<string, Program>>;
