import { LIBC_PERMISSION } from "../../tasks/compile.ts";
import { MAIN, SOURCE_MAIN } from "./main_module.ts";
import { EPOLL_FLAGS, START_ENVIRONMENT, START_FLAGS } from "./start_flags.ts";

/** How long the broker may take to accept connections. */
const START_LIMIT_MS = 10_000;
/** How long it may take to end after SIGTERM. */
const STOP_LIMIT_MS = 5000;

const LISTENING = /Listening address=\S+ port=(\d+)/;

/** What Deno is told, up to the broker's own flags. */
function denoArguments(init: BrokerProcessInit): string[] {
  const { ffi = init.transport === "epoll" ? "all" : "none" } = init;
  const permitted = [
    ...ffi === "all" ? EPOLL_FLAGS : START_FLAGS,
    ...ffi === "libc" ? [LIBC_PERMISSION] : [],
    ...init.coverage === undefined ? [] : [`--coverage=${init.coverage}`],
  ];
  const preload = init.preload === undefined ? [] : ["--preload", init.preload.pathname];
  // Deno accepts each flag only once.
  const own = permitted.map((flag) =>
    flag.startsWith("--v8-flags=") ? [flag, ...init.v8Flags ?? []].join(",") : flag
  );
  // What is preloaded may look into the broker's modules, and coverage tells which were loaded: a bundle has others.
  const isWhole = init.preload === undefined && init.coverage === undefined;
  return ["run", "--no-prompt", ...own, ...preload, isWhole ? MAIN : SOURCE_MAIN];
}

/** How to start a broker. */
export interface BrokerProcessInit {
  /** Command line flags. Added are `-p 0`, for a free port, and `--no-dashboard`, whose default port is fixed. */
  readonly flags?: readonly string[];
  /** The text of a configuration file for `-c`. It has no listener, unless `isPortOwn`. */
  readonly config?: string;
  /** Whether the configuration file has its own listeners, so that no port is added. Default: false. */
  readonly isPortOwn?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** A module that is run in the process before the broker. */
  readonly preload?: URL;
  /** The transport of plain connections. Default: that of `deno task start`. */
  readonly transport?: "deno" | "epoll";
  /** The libraries it may call: all, as with `deno task start:epoll`, or libc, like an executable. Default: all if `transport` is epoll. */
  readonly ffi?: "none" | "libc" | "all";
  /** A directory for Deno's coverage data. */
  readonly coverage?: string;
  /** File descriptors that the process may open. */
  readonly openFiles?: number;
  /** The approximate number of characters of the log to keep, from its end. Default: all. */
  readonly keptLog?: number;
  /** Further V8 flags. */
  readonly v8Flags?: readonly string[];
  /** How long it may take to accept connections, milliseconds; a node of a cluster waits for the others' servers. Default: 10,000. */
  readonly startLimitMs?: number;
  /** A compiled broker. Nothing is run before it, and its permissions are its own. Default: Deno runs `main.ts`. */
  readonly executable?: string | undefined;
}

/** How a process ended. */
export interface Ending {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly tookMs: number;
}

/** The real broker in a process and a temporary directory of its own. `await using` ends the process and removes the directory. */
export class BrokerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #directory: string;
  readonly #reading: Promise<unknown>;
  readonly #keptLog: number;
  #log = "";
  #port: number | undefined;
  #onLog: (() => void)[] = [];
  #ended: Deno.CommandStatus | undefined;

  /** Starts the broker and waits until it listens. */
  static async start(init: BrokerProcessInit = {}): Promise<BrokerProcess> {
    const directory = await Deno.makeTempDir({ prefix: "flux-test-" });
    if (init.config !== undefined) await Deno.writeTextFile(`${directory}/flux.conf`, init.config);
    const broker = new BrokerProcess(init, directory);
    try {
      await broker.untilLog(LISTENING, init.startLimitMs ?? START_LIMIT_MS);
      return broker;
    } catch (error) {
      await broker.kill();
      throw error;
    }
  }

  private constructor(init: BrokerProcessInit, directory: string) {
    this.#directory = directory;
    this.#keptLog = init.keptLog ?? Infinity;
    const source = init.config === undefined ? [] : ["-c", "flux.conf"];
    const transport = init.transport === undefined ? [] : ["--transport", init.transport];
    const port = init.isPortOwn ? [] : ["-p", "0"];
    const flags = [...port, "--no-dashboard", ...source, ...transport, ...init.flags ?? []];
    const { executable, v8Flags = [] } = init;
    const program = executable === undefined
      ? [Deno.execPath(), ...denoArguments(init), ...flags]
      : [executable, ...flags];
    const [command, ...rest] = init.openFiles === undefined
      ? program
      : ["sh", "-c", `ulimit -n ${init.openFiles}; exec "$0" "$@"`, ...program];
    const { PATH = "", HOME = "", DENO_DIR } = Deno.env.toObject();
    // An executable takes flags of V8 from its environment only.
    const own = executable !== undefined
      ? { DENO_V8_FLAGS: v8Flags.join(",") }
      : init.transport === "epoll"
      ? {}
      : START_ENVIRONMENT;
    this.#child = new Deno.Command(command!, {
      args: rest,
      cwd: directory,
      clearEnv: true,
      env: {
        PATH,
        HOME,
        NO_COLOR: "1",
        ...DENO_DIR === undefined ? {} : { DENO_DIR },
        ...own,
        ...init.environment,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
    this.#child.status.then((status) => {
      this.#ended = status;
      this.#told();
    });
  }

  /** Whether the process has ended, by itself or not. */
  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its output so far. */
  get log(): string {
    return this.#log;
  }

  /** The port it listens on, on 127.0.0.1. */
  get port(): number {
    return this.#port ??= Number(LISTENING.exec(this.#log)![1]);
  }

  /** Its directory, with its configuration file `flux.conf`. */
  get directory(): string {
    return this.#directory;
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until the log satisfies a condition; throws with the log on timeout, or if the broker ends first. */
  async untilLog(
    isSo: RegExp | ((log: string) => boolean),
    limitMs = 5000,
  ): Promise<void> {
    const holds = () => isSo instanceof RegExp ? isSo.test(this.#log) : isSo(this.#log);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#told();
    }, limitMs);
    try {
      while (!holds()) {
        if (this.#ended !== undefined) await this.#reading;
        if (holds()) return;
        if (isLate || this.#ended !== undefined) {
          const what = isLate ? `Nothing after ${limitMs} ms` : `Ended with ${this.#ended?.code}`;
          const state = await stateOf(this.#child.pid);
          throw new Error(`${what} while waiting for ${isSo} in the log (${state}):\n${this.#log}`);
        }
        await new Promise<void>((resolve) => this.#onLog.push(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for its end and returns how it ended; kills it after `limitMs`. */
  async ending(limitMs: number): Promise<Ending> {
    const startMs = performance.now();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), limitMs);
    const { code, signal } = await this.#child.status;
    clearTimeout(timer);
    const tookMs = performance.now() - startMs;
    await this.#cleanUp();
    return { code, signal, tookMs };
  }

  /** Ends it with SIGTERM; throws with the log if it does not end properly and in time. */
  async stop(): Promise<void> {
    if (this.#ended === undefined) this.#child.kill("SIGTERM");
    const { code, signal, tookMs } = await this.ending(STOP_LIMIT_MS);
    if (code === 0 && signal === null) return;
    throw new Error(
      `The broker ended with ${signal ?? code} after ${tookMs.toFixed(0)} ms:\n${this.#log}`,
    );
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    if (this.#ended === undefined) this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#cleanUp();
  }

  /** Stops it where it is, until it goes on. */
  stand(): void {
    this.#child.kill("SIGSTOP");
  }

  /** It goes on where it was stopped. */
  goOn(): void {
    this.#child.kill("SIGCONT");
  }

  /** Resident memory, bytes (Linux). */
  async residentBytes(): Promise<number | undefined> {
    try {
      const status = await Deno.readTextFile(`/proc/${this.pid}/status`);
      const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
    } catch {
      return undefined;
    }
  }

  /** The number of open file descriptors (Linux). */
  descriptorCount(): number {
    return [...Deno.readDirSync(`/proc/${this.pid}/fd`)].length;
  }

  /** Ends it properly, unless a test has ended it already. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended === undefined) await this.stop();
    else await this.#cleanUp();
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#log += text;
      if (this.#log.length > this.#keptLog * 2) this.#log = this.#log.slice(-this.#keptLog);
      this.#told();
    }
  }

  #told(): void {
    for (const resolve of this.#onLog.splice(0)) resolve();
  }

  async #cleanUp(): Promise<void> {
    await this.#reading;
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
  }
}

/** Describes what a late process is doing, on Linux: its state, its processor time, and the machine's load. */
async function stateOf(pid: number): Promise<string> {
  try {
    const text = await Deno.readTextFile(`/proc/${pid}/stat`);
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const processorMs = (Number(fields[11]) + Number(fields[12])) * 10;
    const waitsAt = await Deno.readTextFile(`/proc/${pid}/wchan`).catch(() => "?");
    const load = Deno.loadavg()[0]!.toFixed(1);
    return `state ${fields[0]} at ${waitsAt}, ${processorMs} ms of processor, load ${load}`;
  } catch {
    return "it is gone";
  }
}
