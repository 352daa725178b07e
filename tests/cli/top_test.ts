import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { HttpBroker } from "../http/support.ts";
import { callFlux, runFlux } from "../support/flux.ts";

Deno.test("top prints how a broker is, and its clients, the one with most first", async () => {
  await using broker = await HttpBroker.start();
  const init = { hostname: "127.0.0.1", port: broker.mqttPort };
  const pump = await MqttClient.connect({ ...init, clientId: "pump-7" });
  const evil = await MqttClient.connect({ ...init, clientId: "evil\x7f", userName: "a\u202eb" });
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  await pump.subscribe([{ topicFilter: "a", qos: 0, ...options }]);
  const { status, out, error } = await runFlux([
    "top",
    "--url",
    broker.url,
    "--sort",
    "subscriptionCount",
  ]);
  assert.deepEqual([status, error], [0, ""]);
  const lines = out.split("\n");
  assert.match(
    lines[0]!,
    /^flux-mqtt 1\.2\.3, up .*: \d clients, 2 sessions, 1 subscriptions, 0 retained$/,
  );
  const head = lines.findIndex((line) => line.startsWith("CLIENT "));
  assert.match(lines[head]!, /SUBS\*/);
  assert.match(lines[head + 1]!, /^pump-7 +- +127\.0\.0\.1:\d+ +5 +1 .* here$/);
  // Names come from strangers: none may drive the terminal.
  assert.match(lines[head + 2]!, /^evil\? +a\?b /);
  await pump.disconnect();
  await evil.disconnect();
});

Deno.test("top shows one client with all that is known of it", async () => {
  await using broker = await HttpBroker.start();
  const init = { hostname: "127.0.0.1", port: broker.mqttPort, clientId: "a/b" };
  const client = await MqttClient.connect(init);
  const { status, out } = await runFlux(["top", "--url", broker.url, "--client", "a/b"]);
  assert.equal(status, 0);
  assert.match(out, /^clientId +a\/b$/m);
  assert.match(out, /^isConnected +true$/m);
  await client.disconnect();
});

Deno.test("top sends a token, and says what the broker refuses without", async () => {
  const token = "0123456789abcdef";
  await using broker = await HttpBroker.start({ listener: { tokens: `viewer ${token}` } });
  const refused = await runFlux(["top", "--url", broker.url]);
  assert.equal(refused.status, 1);
  assert.match(
    refused.error,
    /^http:\/\/127\.0\.0\.1:\d+ refuses: Log in first, or send a token\n$/,
  );
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, `${token}\n`);
  const { status } = await runFlux(["top", "--url", broker.url, "--token-file", file]);
  assert.equal(status, 0);
  await Deno.remove(file);
});

const wrong: [args: string[], status: number, error: RegExp][] = [
  [["--sort", "age"], 2, /^--sort: Must be one of queuedMessages, /],
  [["--interval", "0"], 2, /^--interval: Must be a number from 1 to 3600, is "0"/],
  [["--url", "nonsense"], 2, /Invalid URL/],
  [["--url", "http://127.0.0.1:1", "--once"], 1, /^Cannot ask http:\/\/127\.0\.0\.1:1: /],
];
for (const [args, status, error] of wrong) {
  Deno.test(`top ${args.join(" ")} ends with ${status}`, async () => {
    const told = await callFlux(["top", ...args]);
    assert.equal(told.status, status);
    assert.match(told.error, error);
  });
}
