// deno-lint-ignore-file no-console -- a command line tool
/**
 * Compiles the broker into one executable and tries it as its user would.
 *
 * `deno compile` needs a base executable of exactly its own version. It downloads one, or takes the
 * file that `DENORT_BIN` names.
 *
 *     deno run -A tasks/smoke.ts
 *
 * @module
 */
import { compile } from "./compile.ts";

const ROOT = new URL("..", import.meta.url);
/** Client certificates and closing a blocked connection need this version. */
const MINIMUM_DENO = [2, 9] as const;
const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 5_000;

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs a command to its end and gives back what it printed. */
async function run(command: string, ...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd: ROOT }).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

function ensure(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new Error(complaint);
}

/** The same, where anything but success is an error. */
async function runWell(command: string, ...args: string[]): Promise<string> {
  const { code, output } = await run(command, ...args);
  ensure(code === 0, `${command} ${args.join(" ")} exits ${code}: ${output}`);
  return output;
}

async function makeExecutable(executable: string): Promise<void> {
  const { isMade, output } = await compile(executable);
  ensure(isMade, output);
  const megabytes = (await Deno.stat(executable)).size / 1e6;
  console.log(`ok     compiles to ${megabytes.toFixed(0)} MB`);
}

async function tryInformation(executable: string): Promise<void> {
  const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const told = await runWell(executable, "--version");
  ensure(told.includes(version), `--version does not tell ${version}: ${told}`);
  const help = await runWell(executable, "--help");
  ensure(/--persistence-location/.test(help), `--help names no options: ${help}`);
  console.log(`ok     --version and --help: ${told.trim()}`);
}

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Waits until somebody accepts connections, and tells how long that took. */
async function untilAccepting(port: number): Promise<number> {
  const startMs = performance.now();
  while (performance.now() - startMs < START_LIMIT_MS) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return performance.now() - startMs;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  throw new Error(`Nothing accepts connections on port ${port} after ${START_LIMIT_MS} ms`);
}

/** What the clients need to name: a session that is kept, and a topic. */
function subscriber(port: number): string[] {
  return [...publisher(port), "-i", "smoke", "-c"];
}

function publisher(port: number): string[] {
  return ["-h", "127.0.0.1", "-p", String(port), "-q", "1", "-t", "smoke/test"];
}

/** Whether the clients are there; says so where not. */
async function hasClients(): Promise<boolean> {
  try {
    await run("mosquitto_pub", "--version");
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("skipped round trip: mosquitto_pub and mosquitto_sub are not installed");
    return false;
  }
}

/** Starts the executable, lets `use` have it, ends it with the signal and checks how it ends. */
async function withBroker(
  executable: string,
  folder: string,
  signal: "SIGTERM" | "SIGKILL",
  use: (port: number, startMs: number) => Promise<void>,
): Promise<void> {
  const port = freePort();
  const log = `${folder}/log`;
  // Through a shell, so that the log can be shown if something fails.
  const broker = new Deno.Command("sh", {
    args: ["-c", 'exec "$0" -p "$1" >>"$2" 2>&1', executable, String(port), log],
    cwd: folder,
    stdin: "null",
  }).spawn();
  let isStopped = false;
  try {
    await use(port, await untilAccepting(port));
    const signalledMs = performance.now();
    const timer = setTimeout(() => broker.kill("SIGKILL"), STOP_LIMIT_MS);
    broker.kill(signal);
    const status = await broker.status;
    clearTimeout(timer);
    isStopped = true;
    if (signal === "SIGKILL") return;
    ensure(
      status.code === 0 && status.signal === null,
      `After SIGTERM it exits ${status.code} ${status.signal ?? ""}`,
    );
    console.log(`ok     SIGTERM ends it after ${(performance.now() - signalledMs).toFixed(0)} ms`);
  } catch (error) {
    console.log(await Deno.readTextFile(log));
    throw error;
  } finally {
    if (!isStopped) {
      broker.kill("SIGKILL");
      await broker.status;
    }
  }
}

/** A message that was acknowledged is there after a `kill -9`. */
async function tryServing(executable: string, folder: string): Promise<void> {
  const isRoundTrip = await hasClients();
  await withBroker(executable, folder, "SIGKILL", async (port, startMs) => {
    console.log(`ok     accepts connections after ${startMs.toFixed(0)} ms`);
    if (!isRoundTrip) return;
    await runWell("mosquitto_sub", ...subscriber(port), "-E");
    await runWell("mosquitto_pub", ...publisher(port), "-m", "hello");
  });
  await withBroker(executable, folder, "SIGTERM", async (port, startMs) => {
    console.log(`ok     accepts connections after ${startMs.toFixed(0)} ms, with a store`);
    if (!isRoundTrip) return;
    const received = await runWell("mosquitto_sub", ...subscriber(port), "-C", "1", "-W", "5");
    ensure(received.trim() === "hello", `The message does not arrive: ${received}`);
    console.log("ok     a message from mosquitto_pub survives kill -9 and reaches mosquitto_sub");
  });
}

const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
if (major < MINIMUM_DENO[0] || (major === MINIMUM_DENO[0] && minor < MINIMUM_DENO[1])) {
  console.log(`skipped TLS: Deno ${Deno.version.deno} is older than ${MINIMUM_DENO.join(".")}`);
}
const folder = await Deno.makeTempDir({ prefix: "flux-smoke-" });
try {
  const executable = `${folder}/flux-mqtt`;
  await makeExecutable(executable);
  await tryInformation(executable);
  await tryServing(executable, folder);
} catch (error) {
  console.log(`FAILED ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}
