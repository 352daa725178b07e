import { strict as assert } from "node:assert";
import { HttpBroker } from "./support.ts";
import { MqttClient } from "../../lib/client/mod.ts";
import { type Found, testsWith } from "../support/clients.ts";

/** Prometheus' own checker: Debian's package `prometheus` has it. */
async function findPromtool(): Promise<Found<string>> {
  try {
    await new Deno.Command("promtool", { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return { client: "promtool" };
  } catch {
    return { missing: "promtool (Debian's package prometheus) is not installed" };
  }
}
const promTest = testsWith(await findPromtool());

promTest("promtool finds nothing wrong with the metrics", async (promtool) => {
  await using broker = await HttpBroker.start();
  const text = await (await broker.fetch("/metrics")).text();
  const child = new Deno.Command(promtool, {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(said, "");
  assert.equal(code, 0);
});

Deno.test("metrics count what clients do", async () => {
  await using broker = await HttpBroker.start();
  const client = await MqttClient.connect({ hostname: "127.0.0.1", port: broker.mqttPort });
  await client.publish("a/b", new Uint8Array(3), { qos: 1, retain: true });
  const text = await (await broker.fetch("/metrics")).text();
  const valueOf = (series: string) =>
    Number(text.split("\n").find((line) => line.startsWith(`${series} `))?.split(" ")[1]);
  assert.equal(valueOf("fluxmqtt_clients_connected"), 1);
  assert.equal(valueOf('fluxmqtt_publish_packets_total{direction="received",qos="1"}'), 1);
  assert.equal(valueOf('fluxmqtt_packets_total{direction="received",type="connect"}'), 1);
  assert.equal(valueOf('fluxmqtt_packets_total{direction="sent",type="puback"}'), 1);
  assert.equal(valueOf('fluxmqtt_publish_payload_bytes_total{direction="received"}'), 3);
  assert.equal(valueOf("fluxmqtt_retained_messages"), 1);
  assert.equal(valueOf('fluxmqtt_connects_total{result="accepted"}'), 1);
  assert.ok(valueOf("process_resident_memory_bytes") > 1e6);
  await client.disconnect();
});

Deno.test("How clients leave, and why they are not let in, is counted by reason", async () => {
  await using broker = await HttpBroker.start({ users: { ann: "secret" } });
  const init = { hostname: "127.0.0.1", port: broker.mqttPort, clientId: "a" };
  const connect = (password: string) =>
    MqttClient.connect({ ...init, userName: "ann", password: new TextEncoder().encode(password) });
  await assert.rejects(connect("wrong"));
  const first = await connect("secret");
  const second = await connect("secret");
  second.abort();
  const third = await connect("secret");
  await third.disconnect();
  first.abort();
  const text = async () => await (await broker.fetch("/metrics")).text();
  for (let i = 0; i < 200 && !/reason="normal"\} 1/.test(await text()); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const lines = (await text()).split("\n");
  for (
    const line of [
      'fluxmqtt_authentication_failures_total{reason="BadUserNameOrPassword"} 1',
      'fluxmqtt_connects_refused_total{reason="BadUserNameOrPassword"} 1',
      'fluxmqtt_connects_total{result="refused"} 1',
      'fluxmqtt_disconnects_total{reason="normal"} 1',
    ]
  ) assert.ok(lines.includes(line), line);
  const ends = lines.filter((line) => /disconnects_total\{/.test(line))
    .map((line) => Number(line.split(" ")[1]));
  assert.equal(ends.reduce((sum, count) => sum + count), 3);
});

Deno.test("A sample of messages says how long they take through the broker", async () => {
  await using broker = await HttpBroker.start();
  const init = { hostname: "127.0.0.1", port: broker.mqttPort };
  const receiver = await MqttClient.connect(init);
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  await receiver.subscribe([{ topicFilter: "t", qos: 1, ...options }]);
  const sender = await MqttClient.connect(init);
  const { latency } = broker.server.broker.core;
  for (let i = 0; i < 500 && latency.seconds.histogram.count < 3; i++) {
    await sender.publish("t", new Uint8Array(1), { qos: i % 2 === 0 ? 0 : 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { count, sum, cumulative } = latency.seconds.histogram;
  assert.ok(count >= 3, `${count} samples`);
  assert.ok(sum > 0 && sum / count < 1, `${sum} s`);
  assert.equal(cumulative.at(-1), count);
  await sender.disconnect();
  await receiver.disconnect();
});

Deno.test("OpenMetrics is written where it is asked for: counters named without _total, and an end", async () => {
  await using broker = await HttpBroker.start();
  const accept = "application/openmetrics-text; version=1.0.0, text/plain;q=0.5";
  const response = await broker.fetch("/metrics", { headers: { accept } });
  assert.match(response.headers.get("content-type")!, /^application\/openmetrics-text/);
  const text = await response.text();
  assert.match(text, /^# TYPE fluxmqtt_packets counter$/m);
  assert.match(text, /^fluxmqtt_packets_total\{direction="sent",type="puback"\} \d+$/m);
  assert.ok(text.endsWith("\n# EOF\n"));
});

Deno.test("health is live and ready, and not ready any more when the broker ends", async () => {
  await using broker = await HttpBroker.start();
  assert.deepEqual(await broker.json("/health/live"), { status: "live" });
  assert.deepEqual(await broker.json("/health/ready"), { status: "ready" });
  await broker.server.close();
  const response = await broker.fetch("/health/ready");
  await response.body?.cancel();
  assert.equal(response.status, 503);
});
