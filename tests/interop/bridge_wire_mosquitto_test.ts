import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import type { ProtocolVersion } from "../../lib/codec/mod.ts";
import { BridgingServer } from "../support/bridging_server.ts";
import { isLeftOut } from "../support/long.ts";
import { MosquittoBroker } from "../support/mosquitto_broker.ts";
import { besideTest } from "./beside/judge.ts";
import { Remote } from "./beside/remote.ts";

/** What a bridge sends to a remote broker, beside what mosquitto's sends with the same lines. */

/** A bridge between a broker and the remote end of the test. */
interface Stage {
  readonly remote: Remote;
  readonly local: MqttClient;
  /** What came to a subscriber of `#` at the bridge's broker: `topic payload`. */
  readonly came: readonly string[];
}

interface WireCase {
  readonly name: string;
  readonly lines: string;
  /** The remote end does not answer CONNECT by itself. */
  readonly isLate?: true;
  readonly act: (stage: Stage) => Promise<void>;
}

const send = (local: MqttClient, topic: string, payload: string, more = {}) =>
  local.publish(topic, payload, { qos: 1, ...more });
/** What is sent last: everything before it has come by then. */
const END = "topic end out 1\n";
async function end({ local, remote }: Stage): Promise<void> {
  await send(local, "end", "end");
  await remote.until(/^PUBLISH end /);
}

/** The bridge has said that it is there, which it does when it carries messages. */
async function untilConnected(remote: Remote): Promise<void> {
  await remote.until(/^PUBLISH \$SYS\/broker\/connection\/id_remote\/state 1 /, 2);
}

async function untilCame({ came }: Stage, line: string): Promise<void> {
  const limit = performance.now() + 10_000;
  while (!came.includes(line)) {
    assert.ok(performance.now() < limit, `No ${line} in ${came.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const REMAPPED = [
  "topic # in 0 local/topic/ remote/topic/",
  "topic prefix/# in 0 local2/topic/ remote2/topic/",
  "topic +/value in 0 local3/topic/ remote3/topic/",
  "topic ic/+ in 0 local4/top remote4/tip",
  "topic clients/total in 0 test/mosquitto/org $SYS/broker/",
  'topic rmapped in 0 "" remote/mapped/',
  'topic lmapped in 0 local/mapped/ ""',
  'topic "" in 0 local/single remote/single',
].join("\n");
const ARRIVED: readonly (readonly [remote: string, local: string])[] = [
  ["remote/topic/some/thing", "local/topic/some/thing"],
  ["remote2/topic/prefix/x", "local2/topic/prefix/x"],
  ["remote3/topic/x/value", "local3/topic/x/value"],
  ["remote4/tipic/x", "local4/topic/x"],
  ["$SYS/broker/clients/total", "test/mosquitto/orgclients/total"],
  ["lmapped", "local/mapped/lmapped"],
  ["remote/mapped/rmapped", "rmapped"],
  ["remote/single", "local/single"],
];

const CASES: readonly WireCase[] = [
  {
    name: "06-bridge-b2br-remapping",
    lines: `notifications false\nbridge_attempt_unsubscribe false\n${REMAPPED}\n${END}`,
    act: async (stage) => {
      for (const [topic, local] of ARRIVED) {
        await stage.remote.send(`PUBLISH ${topic} "m"`);
        await untilCame(stage, `${local} m`);
      }
      await end(stage);
    },
  },
  {
    name: "06-bridge-br2b-remapping",
    lines: `notifications false\n${REMAPPED.replaceAll(" in ", " out ")}\n${END}`,
    act: async (stage) => {
      for (const [, topic] of ARRIVED) await send(stage.local, topic, "m");
      await end(stage);
    },
  },
  ...["true", "false"].map((retained): WireCase => ({
    name: `06-bridge-outgoing-retain ${retained}`,
    lines: `notifications false\ntopic b/# both 1\nbridge_outgoing_retain ${retained}\n${END}`,
    act: async (stage) => {
      await send(stage.local, "b/x", "m", { retain: true });
      await end(stage);
    },
  })),
  {
    name: "06-bridge-fail-persist-resend: acknowledgements that nobody waits for",
    lines: `notifications false\ntopic b/# both 1\ncleansession true\n${END}`,
    act: async (stage) => {
      await stage.remote.until(/^SUBSCRIBE b/);
      await stage.remote.send("PUBACK id=2000");
      await stage.remote.send("PUBCOMP id=2001");
      await stage.remote.send("PUBREC id=2002");
      await stage.remote.until(/^PUBREL 2002/);
      await stage.remote.send("PUBREL id=2003");
      await stage.remote.until(/^PUBCOMP 2003/);
      await stage.remote.send('PUBLISH b/x qos=1 id=180 "m"');
      await stage.remote.until(/^PUBACK 180/);
      await end(stage);
    },
  },
  ...[1, 2].map((qos): WireCase => ({
    name: `06-bridge-b2br-disconnect-qos${qos}`,
    lines: `notifications false\ntopic b/# out ${qos}\nrestart_timeout 1\n`,
    act: async ({ local, remote }) => {
      await remote.until(/^CONNECT/);
      remote.silentTo.add("publish");
      await send(local, "b/x", "m", { qos });
      await remote.until(/^PUBLISH b\/x/);
      remote.silentTo.delete("publish");
      remote.drop();
      await remote.until(/^PUBLISH b\/x/, 2);
    },
  })),
  {
    name: "06-bridge-br2b-disconnect-qos2: PUBREL again",
    lines: `notifications false\ntopic b/# both 2\nrestart_timeout 1\n`,
    act: async ({ local, remote }) => {
      await remote.until(/^SUBSCRIBE b/);
      remote.silentTo.add("pubrel");
      await send(local, "b/x", "m", { qos: 2 });
      await remote.until(/^PUBREL/);
      remote.silentTo.delete("pubrel");
      remote.drop();
      await remote.until(/^PUBREL/, 2);
    },
  },
  {
    name: "06-bridge-b2br-disconnect-qos2: twice from the remote broker",
    lines: `notifications false\ntopic b/# both 2\nrestart_timeout 1\n${END}`,
    act: async (stage) => {
      const { remote } = stage;
      remote.silentTo.add("pubrec");
      await remote.until(/^SUBSCRIBE b/);
      await remote.send('PUBLISH b/x qos=2 id=5 "m"');
      await remote.until(/^PUBREC 5/);
      remote.drop();
      await remote.until(/^CONNECT/, 2);
      await remote.send('PUBLISH b/x qos=2 id=5 dup "m"');
      await remote.until(/^PUBREC 5/, 2);
      await remote.send("PUBREL id=5");
      await remote.until(/^PUBCOMP 5/);
      await end(stage);
      await untilCame(stage, "b/x m");
      assert.equal(stage.came.filter((line) => line === "b/x m").length, 1);
    },
  },
  {
    name: "06-bridge-b2br-late-connection: CONNACK comes late",
    lines: `notifications false\ntopic b/# out 1\n`,
    isLate: true,
    act: async ({ local, remote }) => {
      await send(local, "b/x", "m");
      await remote.send("CONNACK");
      await remote.until(/^PUBLISH b/);
    },
  },
  {
    name: "06-bridge-remote-shutdown: notification_topic",
    lines: `notification_topic state\ntopic b/# out 1\nrestart_timeout 1\n${END}`,
    act: async (stage) => {
      await untilCame(stage, "state 1");
      stage.remote.isAway = true;
      stage.remote.drop();
      await untilCame(stage, "state 0");
      stage.remote.isAway = false;
      await stage.remote.until(/^CONNECT/, 2);
      await end(stage);
    },
  },
  ...["true", "false"].flatMap((clean) =>
    ["", "true", "false"].map((local): WireCase => ({
      name: `06-bridge-clean-session ${clean}, local ${local}`,
      lines: `cleansession ${clean}\n${
        local === "" ? "" : `local_cleansession ${local}\n`
      }remote_clientid id_remote\nlocal_clientid id_local\nkeepalive_interval 5\nrestart_timeout 1\ntopic out/# out 1\ntopic in/# in 1\n`,
      act: async ({ local, remote }) => {
        await remote.until(/^SUBSCRIBE in/);
        await send(local, "out/1", "before");
        await remote.until(/ before /);
        remote.isAway = true;
        remote.drop();
        await remote.until(/^attempt/);
        await send(local, "out/1", "meanwhile");
        remote.isAway = false;
        await remote.until(/^CONNECT/, 2);
        await untilConnected(remote);
        await send(local, "out/1", "after");
        await remote.until(/ after /);
      },
    }))
  ),
];

async function play(
  { lines, act, isLate }: WireCase,
  version: ProtocolVersion,
  who: "ours" | "theirs",
): Promise<string[]> {
  await using remote = new Remote(version);
  if (isLate === true) remote.silentTo.add("connect");
  const protocol = version === 5 ? "mqttv50" : "mqttv311";
  const block =
    `connection b\naddress 127.0.0.1:${remote.port}\nbridge_protocol_version ${protocol}\n${lines}`;
  const started = async () => {
    if (who === "theirs") return await MosquittoBroker.start(block);
    const server = new BridgingServer();
    await server.configure(block);
    return server;
  };
  await using broker = await started();
  const came: string[] = [];
  const local = await MqttClient.connect({
    hostname: "127.0.0.1",
    port: broker.port,
    onMessage: ({ topicName, payload }) =>
      void came.push(`${topicName} ${new TextDecoder().decode(payload)}`),
  });
  try {
    await local.subscribe("#");
    await remote.until(/^CONNECT/);
    await act({ remote, local, came });
    return remote.heard;
  } finally {
    await local.disconnect();
  }
}

/**
 * Without what differs by itself: acknowledgements, Client Identifiers, UNSUBSCRIBE (which is not sent here where there can be nothing to end),
 * and the bridge's own state, which is of QoS 0 here and told at its end too.
 */
function comparable(heard: readonly string[]): Record<string, readonly string[]> {
  const of = (type: string) => heard.filter((line) => line.startsWith(type));
  return {
    connects: of("CONNECT").map((line) => line.replace(/^CONNECT \S+/, "CONNECT")),
    subscribes: [...new Set(of("SUBSCRIBE"))].toSorted(),
    publishes: of("PUBLISH").filter((line) => !/ (\$SYS\/|state )/.test(line)),
  };
}

/** These wait for connections that are tried again. */
const LONG = /disconnect|clean-session|shutdown/;
for (const version of [4, 5] as const) {
  for (const one of CASES) {
    const name = `a bridge of ${version === 5 ? "5.0" : "3.1.1"} and mosquitto's: ${one.name}`;
    if (LONG.test(name) && isLeftOut(name)) continue;
    besideTest(name, async () => {
      const [ours, theirs] = await Promise.all(
        (["ours", "theirs"] as const).map((who) => play(one, version, who)),
      ) as [string[], string[]];
      assert.deepEqual(comparable(ours), comparable(theirs));
    });
  }
}
