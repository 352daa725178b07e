// deno-lint-ignore-file no-console -- a command line tool
/**
 * Runs a cluster for trying out, on this machine only: three NATS servers and three brokers, each with its dashboard, until Ctrl-C. It needs
 * `nats-server`. A process that somebody ends is started again, when the others have taken it for dead. `--ports N` takes twelve ports from
 * N on in place of its own; further flags are passed to the brokers.
 *
 * @module
 */
import { START_ENVIRONMENT, START_FLAGS } from "../tests/support/start_flags.ts";

const NODES = [0, 1, 2];
/** Longer than a node is silent until it is taken for dead. */
const AGAIN_MS = 15_000;

const { first, flags } = read(Deno.args);
const ports = first === undefined
  ? { mqtt: 1893, page: 9893, client: 4322, route: 6322 }
  : { mqtt: first, page: first + 3, client: first + 6, route: first + 9 };
const servers = NODES.map((i) => `nats://127.0.0.1:${ports.client + i}`).join(",");
const directory = Deno.makeTempDirSync({ prefix: "flux-cluster-" });
const running = new Map<string, Deno.ChildProcess>();
const asked = Promise.withResolvers<number>();
let isEnding = false;

function read(args: readonly string[]) {
  const at = args.indexOf("--ports");
  if (at < 0) return { first: undefined, flags: args };
  return { first: Number(args[at + 1]), flags: args.toSpliced(at, 2) };
}

/** Throws where a port is taken: what has it would be taken for a part of this cluster. */
function lookAtPorts(): void {
  for (const port of Object.values(ports).flatMap((port) => NODES.map((i) => port + i))) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
    } catch (error) {
      throw new Error(`Port ${port}: ${(error as Error).message}; --ports N takes others`);
    }
  }
}

/** Starts a process, and shows its lines behind its name. */
function begin(name: string, command: string, args: readonly string[]): void {
  const child = new Deno.Command(command, {
    args: [...args],
    env: START_ENVIRONMENT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  running.set(name, child);
  console.log(`${name} | Process ${child.pid}`);
  for (const stream of [child.stdout, child.stderr]) void show(name, stream);
  void child.status.then(({ code, signal }) => {
    running.delete(name);
    if (isEnding) return;
    console.log(`${name} | Has ended: ${signal ?? `exit status ${code}`}`);
    if (code !== 0 && signal === null) return asked.resolve(1);
    console.log(`${name} | Starts again in ${AGAIN_MS / 1000} seconds`);
    setTimeout(() => isEnding || begin(name, command, args), AGAIN_MS);
  });
}

async function show(name: string, stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) console.log(`${name} | ${line}`);
  }
}

function startNats(i: number): void {
  const routes = NODES.map((n) => `nats://127.0.0.1:${ports.route + n}`).join(", ");
  const file = `${directory}/nats-${i}.conf`;
  Deno.writeTextFileSync(
    file,
    `server_name: nats-${i}
host: 127.0.0.1
port: ${ports.client + i}
log_file: "${directory}/nats-${i}.log"
jetstream { store_dir: "${directory}/nats-${i}" }
cluster { name: play, listen: "127.0.0.1:${ports.route + i}", routes: [${routes}] }
`,
  );
  begin(`nats-${i}`, "nats-server", ["-c", file]);
}

function startBroker(i: number): void {
  const file = `${directory}/broker-${i}.conf`;
  Deno.writeTextFileSync(
    file,
    `allow_anonymous true
listener ${ports.mqtt + i} 127.0.0.1
listener ${ports.page + i} 127.0.0.1
protocol http_api
cluster ${servers}
cluster_name play
cluster_node broker-${i}
cluster_replicas 3
persistence_location ${directory}/broker-${i}
`,
  );
  const main = new URL("../main.ts", import.meta.url).pathname;
  begin(`broker-${i}`, Deno.execPath(), ["run", ...START_FLAGS, main, "-c", file, ...flags]);
}

function tell(): void {
  for (const i of NODES) {
    const page = `http://127.0.0.1:${ports.page + i}`;
    console.log(`broker-${i}: mqtt://127.0.0.1:${ports.mqtt + i}, its dashboard at ${page}`);
  }
  console.log(`NATS at ${servers}
Everything is in ${directory}, with the servers' logs, and is gone after Ctrl-C. Try:
  deno task start sub -p ${ports.mqtt} -t '#' -v
  deno task start pub -p ${ports.mqtt + 2} -t a -m hello -q 1
  deno task start cluster status -c ${directory}/broker-0.conf
  kill -9 PROCESS (of a broker or a server, as it is written below)`);
}

async function run(): Promise<number> {
  try {
    lookAtPorts();
    tell();
    NODES.forEach(startNats);
    NODES.forEach(startBroker);
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    console.error(isMissing ? "nats-server is not installed" : (error as Error).message);
    return 1;
  }
  return await asked.promise;
}

// A terminal that is closed ends it as well.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => asked.resolve(0));
}
const status = await run();
isEnding = true;
for (const child of [...running.values()].toReversed()) {
  try {
    child.kill("SIGTERM");
  } catch {
    // The same Ctrl-C has ended it.
  }
}
await Promise.all([...running.values()].map((child) => child.status));
Deno.removeSync(directory, { recursive: true });
Deno.exit(status);
