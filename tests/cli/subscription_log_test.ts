import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";

const PLAIN = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

Deno.test("log_type subscribe and unsubscribe say what was granted or refused, and by which rule; SIGHUP ends it", async () => {
  const acl = "user ann\ntopic readwrite a/#\ntopic deny a/b\n";
  const directory = await Deno.makeTempDir();
  await Deno.writeTextFile(`${directory}/acl`, acl);
  await Deno.writeTextFile(`${directory}/passwords`, "");
  const config = [
    "log_type error",
    "log_type subscribe",
    "log_type unsubscribe",
    "durability none",
    "allow_anonymous true",
    `acl_file ${directory}/acl`,
    "",
  ].join("\n");
  await using broker = await BrokerProcess.start({ config });
  const init = { hostname: "127.0.0.1", port: broker.port };
  const client = await MqttClient.connect({ ...init, clientId: "pump", userName: "ann" });
  await client.subscribe([
    { topicFilter: "a/c", qos: 1, ...PLAIN },
    { topicFilter: "a/b", qos: 0, ...PLAIN },
    { topicFilter: "$share/g/z", qos: 0, ...PLAIN },
  ]);
  await client.unsubscribe(["a/c", "never"]);
  await broker.untilLog(/topicFilter=never/);
  const lines = broker.log.split("\n").filter((line) => /subscri/i.test(line))
    .map((line) => line.replace(/^\S+ +\S+ +/, "").replaceAll(directory, "DIR"));
  assert.deepEqual(lines, [
    'Client subscribed clientId=pump userName=ann topicFilter=a/c qos=1 granted=1 rule="DIR/acl:2: topic readwrite a/#"',
    'Subscription refused clientId=pump userName=ann topicFilter=a/b qos=0 reason="NotAuthorized (0x87)" rule="DIR/acl:3: topic deny a/b"',
    'Subscription refused clientId=pump userName=ann topicFilter=$share/g/z qos=0 reason="NotAuthorized (0x87)" rule="No line of DIR/acl lets it read there"',
    "Client unsubscribed clientId=pump userName=ann topicFilter=a/c",
    'Client unsubscribed clientId=pump userName=ann topicFilter=never reason="NoSubscriptionExisted (0x11)"',
  ]);
  const path = `${broker.directory}/flux.conf`;
  await Deno.writeTextFile(
    path,
    config.replaceAll(
      /log_type (un)?subscribe\n/g,
      "log_type all\nlog_type none\nlog_type notice\n",
    ),
  );
  broker.signal("SIGHUP");
  await broker.untilLog(/the configuration is read again/);
  const before = broker.log.length;
  await client.subscribe([{ topicFilter: "a/d", qos: 1, ...PLAIN }]);
  await client.disconnect();
  await broker.untilLog(/Client disconnected/);
  assert.doesNotMatch(broker.log.slice(before), /subscribed/);
  await Deno.remove(directory, { recursive: true });
});
