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

const ROOT = new URL("..", import.meta.url);
/** What the broker needs, and nothing beyond it. The executable keeps these for good. */
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
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

async function compile(executable: string): Promise<void> {
  const args = ["compile", "--no-prompt", ...PERMISSIONS, "--output", executable, "main.ts"];
  await runWell(Deno.execPath(), ...args);
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

/** Leaves a subscription behind, publishes for it, comes back and expects the message. */
async function tryRoundTrip(port: number): Promise<void> {
  const to = ["-h", "127.0.0.1", "-p", String(port), "-q", "1", "-t", "smoke/test"];
  const subscriber = [...to, "-i", "smoke", "-c"];
  try {
    await runWell("mosquitto_sub", ...subscriber, "-E");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("skipped round trip: mosquitto_sub is not installed");
    return;
  }
  await runWell("mosquitto_pub", ...to, "-m", "hello");
  const received = await runWell("mosquitto_sub", ...subscriber, "-C", "1", "-W", "5");
  ensure(received.trim() === "hello", `The message does not arrive: ${received}`);
  console.log("ok     a message travels from mosquitto_pub to mosquitto_sub");
}

async function tryServing(executable: string, folder: string): Promise<void> {
  const port = freePort();
  const log = `${folder}/log`;
  // Through a shell, so that the log can be shown if something fails.
  const broker = new Deno.Command("sh", {
    args: ["-c", 'exec "$0" -p "$1" >"$2" 2>&1', executable, String(port), log],
    cwd: folder,
    stdin: "null",
  }).spawn();
  let isStopped = false;
  try {
    const startMs = await untilAccepting(port);
    console.log(`ok     accepts connections after ${startMs.toFixed(0)} ms`);
    await tryRoundTrip(port);

    const signalledMs = performance.now();
    const timer = setTimeout(() => broker.kill("SIGKILL"), STOP_LIMIT_MS);
    broker.kill("SIGTERM");
    const { code, signal } = await broker.status;
    clearTimeout(timer);
    isStopped = true;
    ensure(code === 0 && signal === null, `After SIGTERM it exits ${code} ${signal ?? ""}`);
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

const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
if (major < MINIMUM_DENO[0] || (major === MINIMUM_DENO[0] && minor < MINIMUM_DENO[1])) {
  console.log(`skipped TLS: Deno ${Deno.version.deno} is older than ${MINIMUM_DENO.join(".")}`);
}
const folder = await Deno.makeTempDir({ prefix: "flux-smoke-" });
try {
  const executable = `${folder}/flux-mqtt`;
  await compile(executable);
  await tryInformation(executable);
  await tryServing(executable, folder);
} catch (error) {
  console.log(`FAILED ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}
