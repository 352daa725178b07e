// deno-lint-ignore-file no-console -- a command line tool
/**
 * Runs a cluster for trying out, on this machine only: three NATS servers and three brokers, until Ctrl-C. It needs `nats-server`. Further
 * flags are passed to the brokers.
 *
 * @module
 */
import { START_FLAGS } from "../tests/support/start_flags.ts";

const NODES = [0, 1, 2];
const CLIENT_PORT = 4322;
const ROUTE_PORT = 6322;
const MQTT_PORT = 1893;

const directory = Deno.makeTempDirSync({ prefix: "flux-cluster-" });
const children: Deno.ChildProcess[] = [];

function begin(command: string, args: readonly string[]): void {
  children.push(new Deno.Command(command, { args: [...args], stdin: "null" }).spawn());
}

function startNats(i: number): void {
  const routes = NODES.map((n) => `nats://127.0.0.1:${ROUTE_PORT + n}`).join(", ");
  const file = `${directory}/nats-${i}.conf`;
  Deno.writeTextFileSync(
    file,
    `server_name: nats-${i}
host: 127.0.0.1
port: ${CLIENT_PORT + i}
log_file: "${directory}/nats-${i}.log"
jetstream { store_dir: "${directory}/nats-${i}" }
cluster { name: play, listen: "127.0.0.1:${ROUTE_PORT + i}", routes: [${routes}] }
`,
  );
  begin("nats-server", ["-c", file]);
}

function startBroker(i: number): void {
  const servers = NODES.map((n) => `nats://127.0.0.1:${CLIENT_PORT + n}`).join(",");
  const main = new URL("../main.ts", import.meta.url).pathname;
  const own = ["-p", `${MQTT_PORT + i}`, "--no-dashboard", "--cluster-node", `broker-${i}`];
  const all = ["--cluster", servers, "--cluster-replicas", "3", "--cluster-name", "play"];
  const store = ["--persistence-location", `${directory}/broker-${i}`];
  begin(Deno.execPath(), ["run", ...START_FLAGS, main, ...own, ...all, ...store, ...Deno.args]);
}

NODES.forEach(startNats);
NODES.forEach(startBroker);
const ports = NODES.map((i) => MQTT_PORT + i).join(", ");
console.log(`Brokers at 127.0.0.1, ports ${ports}; everything is in ${directory}`);
console.log(
  `Try: flux-mqtt cluster status --cluster nats://127.0.0.1:${CLIENT_PORT} --cluster-name play`,
);
await new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => resolve());
  }
});
for (const child of children.toReversed()) {
  try {
    child.kill("SIGTERM");
  } catch {
    // The same Ctrl-C has ended it.
  }
}
await Promise.all(children.map((child) => child.status));
Deno.removeSync(directory, { recursive: true });
Deno.exit(0);
