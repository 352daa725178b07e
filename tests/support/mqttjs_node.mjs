// Runs in Node, beside a node_modules that has mqtt: connects, subscribes, publishes, and prints what came.
import { readFileSync } from "node:fs";
import mqtt from "mqtt";

const [url, ca] = process.argv.slice(2);
const client = await mqtt.connectAsync(url, {
  protocolVersion: 5,
  reconnectPeriod: 0,
  connectTimeout: 5000,
  ...ca === undefined ? {} : { ca: readFileSync(ca) },
});
const arrived = new Promise((resolve) => client.once("message", (_, payload) => resolve(payload)));
await client.subscribeAsync("node/+", { qos: 2 });
await client.publishAsync("node/a", "x".repeat(100_000), { qos: 2 });
// deno-lint-ignore no-console -- how the test hears of it
console.log(`Received ${(await arrived).length} bytes`);
await client.endAsync();
