import { strict as assert } from "node:assert";
import { LocalServer } from "../support/local_server.ts";
import { findChromium, installMqttJs } from "../support/node_modules.ts";
import { RawClient } from "../support/raw_client.ts";

const chromium = await findChromium();
const modules = "missing" in chromium ? chromium : await installMqttJs();

/** A page that subscribes, publishes, and tells what came in a message of its own. */
function page(bundle: string, url: string): string {
  return `<!doctype html><script src="${bundle}"></script><script>
    const client = mqtt.connect("${url}", { protocolVersion: 5, reconnectPeriod: 0 });
    client.on("message", (topic, payload) => client.publish("told", topic + " " + payload.length));
    client.on("connect", async () => {
      await client.subscribeAsync("browser/+", { qos: 2 });
      await client.publishAsync("browser/a", new Uint8Array(100000), { qos: 2 });
    });
  </script>`;
}

Deno.test({
  name: "mqtt.js in Chromium publishes and subscribes over a WebSocket",
  ignore: "missing" in chromium || "missing" in modules,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    assert.ok("client" in chromium && "client" in modules);
    const directory = await Deno.makeTempDir({ prefix: "flux-browser-" });
    await using local = new LocalServer();
    // A page from a file has no origin that would have a name.
    const port = await local.listen({ protocol: "websockets", websocketsOrigins: ["null"] });
    const watcher = await RawClient.connect(local.port);
    await watcher.subscribe("told");
    const bundle = `file://${modules.client.directory}/node_modules/mqtt/dist/mqtt.min.js`;
    const file = `${directory}/page.html`;
    await Deno.writeTextFile(file, page(bundle, `ws://127.0.0.1:${port}/mqtt`));
    const child = new Deno.Command("setsid", {
      args: [
        chromium.client,
        ...["--headless", "--no-sandbox", "--no-zygote", "--disable-gpu"],
        ...["--remote-debugging-port=0"],
        ...[`--user-data-dir=${directory}`, `file://${file}`],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const timer = setTimeout(() => watcher.close(), 20_000);
    try {
      const told = await watcher.receive();
      assert.equal(told?.type, "publish");
      assert.equal(new TextDecoder().decode(told.payload), "browser/a 100000");
    } finally {
      clearTimeout(timer);
      // All of its processes: the command may be a script that waits for them.
      await new Deno.Command("kill", { args: ["-9", "--", `-${child.pid}`] }).output();
      await child.status;
      watcher.close();
      await Deno.remove(directory, { recursive: true }).catch(() => {});
    }
  },
});
