import { strict as assert } from "node:assert";
import { LOCAL_STANDS, type LocalEnds } from "../support/local_ends.ts";
import { findChromium, installMqttJs } from "../support/node_modules.ts";
import { RawClient } from "../support/raw_client.ts";

const chromium = await findChromium();
const modules = "missing" in chromium ? chromium : await installMqttJs();

/** A page that subscribes there, publishes here, and tells what came in a message of its own. */
function page(bundle: string, here: string, there: string): string {
  return `<!doctype html><script src="${bundle}"></script><script>
    const connect = (url) => mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
    (async () => {
      const [here, there] = [await connect("${here}"), await connect("${there}")];
      there.on("message", (topic, payload) => there.publish("told", topic + " " + payload.length));
      await there.subscribeAsync("browser/+", { qos: 2 });
      await here.publishAsync("browser/a", new Uint8Array(100000), { qos: 2 });
    })();
  </script>`;
}

for (const [suffix, start] of LOCAL_STANDS) {
  Deno.test({
    name: `mqtt.js in Chromium publishes and subscribes over WebSockets${suffix}`,
    ignore: "missing" in chromium || "missing" in modules,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: () => tryPage(start),
  });
}

async function tryPage(start: () => LocalEnds | Promise<LocalEnds>): Promise<void> {
  assert.ok("client" in chromium && "client" in modules);
  const directory = await Deno.makeTempDir({ prefix: "flux-browser-" });
  await using ends = await start();
  const { here, there } = ends;
  // A page from a file has no origin that would have a name.
  const init = { protocol: "websockets", websocketsOrigins: ["null"] } as const;
  const urls = await Promise.all(
    [here, there].map(async (end) => `ws://127.0.0.1:${await end.listen(init)}/mqtt`),
  ) as [string, string];
  const watcher = await RawClient.connect(here.port);
  await watcher.subscribe("told");
  const bundle = `file://${modules.client.directory}/node_modules/mqtt/dist/mqtt.min.js`;
  const file = `${directory}/page.html`;
  await Deno.writeTextFile(file, page(bundle, ...urls));
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
}
