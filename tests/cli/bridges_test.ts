import { strict as assert } from "node:assert";
import { until } from "../support/bridge_ends.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { runFlux } from "../support/flux.ts";
import { freePort } from "../support/free_port.ts";

/** A bridge to that port. */
function block(name: string, port: number): string {
  return `connection ${name}\naddress 127.0.0.1:${port}\nremote_clientid ${name}\n` +
    `restart_timeout 1\ntopic ${name}/# out 1\n`;
}

Deno.test("SIGHUP adds and removes bridges; the API and the metrics say where each stands, and who left a session", async () => {
  await using far = await BrokerProcess.start();
  const httpPort = freePort();
  const config = `listener ${freePort()} 127.0.0.1\nallow_anonymous true\n` +
    `listener ${httpPort} 127.0.0.1\nprotocol http_api\nsys_interval 1\n`;
  await using near = await BrokerProcess.start({
    config: config + block("one", far.port),
    isPortOwn: true,
  });
  const api = async () => await (await fetch(`http://127.0.0.1:${httpPort}/api/v1/bridges`)).json();
  const states = async () =>
    (await api()).items.map(({ name, state, reason }: Record<string, string>) =>
      [name, state, reason].join(" ").trim()
    ).join();
  await near.untilLog(/Dashboard: http/);
  await until(async () => await states() === "one connected");
  const reload = async (blocks: string) => {
    await Deno.writeTextFile(`${near.directory}/flux.conf`, config + blocks);
    near.signal("SIGHUP");
  };
  await reload(block("one", far.port) + block("two", freePort()));
  await until(async () => await states() === "one connected,two waiting unreachable");
  const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  assert.match(metrics, /^fluxmqtt_bridge_connected\{bridge="one"\} 1$/m);
  assert.match(metrics, /^fluxmqtt_bridge_connected\{bridge="two"\} 0$/m);
  await reload(block("one", far.port));
  await until(async () => await states() === "one connected");
  assert.deepEqual((await api()).orphans, [{ clientId: "$bridge/two", waiting: 0 }]);
  await near.untilLog(/left its session clientId=\$bridge\/two/);
  const gone = await fetch(
    `http://127.0.0.1:${httpPort}/api/v1/clients/${encodeURIComponent("$bridge/two")}`,
    { method: "DELETE", headers: { "x-flux-mqtt": "1" } },
  );
  await gone.body?.cancel();
  await until(async () => (await api()).orphans.length === 0);
  assert.equal((near.log.match(/Bridge connected bridge=one/g) ?? []).length, 1);
});

Deno.test("check says what is wrong with a connection block, its files too, and prints what is right", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/flux.conf`;
    await Deno.writeTextFile(
      file,
      `persistence false\n${
        block("one", 1999)
      }bridge_cafile /no/such.pem\nremote_username u\nremote_password s3cret\n`,
    );
    const { status, out, error } = await runFlux(["check", "-c", file]);
    assert.notEqual(status, 0);
    assert.match(error, /flux\.conf:7: bridge_cafile: Cannot read \/no\/such\.pem/);
    assert.match(out, /^connection +one +\S+flux\.conf:2$/m);
    assert.match(out, /^ {2}topic +one\/# out 1 /m);
    assert(!out.includes("s3cret"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("Without a connection block no module of lib/bridge is loaded", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "lib/cli/run_broker.ts"],
    cwd: new URL("../..", import.meta.url).pathname,
  }).output();
  const { modules, roots } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const reached = new Set<string>(roots);
  for (const specifier of reached) {
    for (const { code, isDynamic } of bySpecifier.get(specifier)?.dependencies ?? []) {
      // What is imported for its types is no module of the program.
      if (code !== undefined && !isDynamic) reached.add(code.specifier);
    }
  }
  assert(reached.size > 100);
  assert.deepEqual([...reached].filter((specifier) => specifier.includes("/lib/bridge/")), []);
});

interface Graph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}
