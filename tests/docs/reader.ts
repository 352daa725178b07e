import { strict as assert } from "node:assert";
import { Lines } from "../support/lines.ts";
import { freePort } from "../support/free_port.ts";

const ROOT = new URL("../../", import.meta.url);
const LIMIT_MS = 10_000;

/** Commands that run until they are stopped, and the line that says that they are ready. */
const LONG_RUNNING: readonly (readonly [command: RegExp, ready: RegExp | undefined])[] = [
  [/\btask start\s*($|-)/, /Listening address=/],
  [/^flux-mqtt\s*($|-(?!-version|-help)|serve)/, /Listening address=/],
  [/^(mosquitto_sub|(flux-mqtt|.*\btask start) sub)\b(?!.* -[CEW]\b)/, undefined],
];

/** A directory that looks like a clone, and programs that a reader has: `npx deno@…` is this Deno. */
export async function makeClone(directory: string): Promise<void> {
  for (const { name } of Deno.readDirSync(ROOT)) {
    if (["data", "dist", "certs", ".git"].includes(name)) continue;
    await Deno.symlink(new URL(name, ROOT).pathname, `${directory}/${name}`);
  }
  await Deno.mkdir(`${directory}/certs`);
  await Deno.mkdir(`${directory}/.bin`);
  const permissions = "--allow-net --allow-read --allow-write --allow-env";
  const programs = {
    deno: 'exec "$DENO" "$@"',
    npx: 'while case $1 in deno@*) false ;; esac; do shift; done\nshift\nexec "$DENO" "$@"',
    "flux-mqtt": `exec "$DENO" run --no-prompt ${permissions} "$CLONE/main.ts" "$@"`,
  };
  for (const [name, script] of Object.entries(programs)) {
    await Deno.writeTextFile(`${directory}/.bin/${name}`, `#!/bin/sh\n${script}\n`, {
      mode: 0o755,
    });
  }
}

/** A reader at a terminal, with the clone as working directory. */
export class Reader {
  readonly #directory: string;
  readonly #port = freePort();
  #broker: LongRunning | undefined;
  #subscribers: LongRunning[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Types one command. Those that run on stay until the block ends; a broker until there is another. */
  async type(command: string): Promise<void> {
    const own = this.#atOwnPort(command);
    const [, ready] = LONG_RUNNING.find(([pattern]) => pattern.test(command)) ?? [];
    const isLong = LONG_RUNNING.some(([pattern]) => pattern.test(command));
    if (isLong && ready !== undefined) await this.#startBroker(own);
    else if (isLong) this.#subscribers.push(await LongRunning.start(this.#spawn(own), undefined));
    else await this.#run(own);
  }

  /** Waits until one of those that subscribe prints a line. */
  async untilPrinted(text: string): Promise<void> {
    await Promise.any(
      this.#subscribers.map((process) => process.lines.until((lines) => lines.includes(text))),
    );
  }

  /** Ends those that subscribe. */
  async endBlock(): Promise<void> {
    for (const process of this.#subscribers.splice(0)) await process.stop();
  }

  /** Ends everything that runs. */
  async leave(): Promise<void> {
    await this.endBlock();
    await this.#broker?.stop();
  }

  /** The port in the place of 1883, also where that is left out. */
  #atOwnPort(command: string): string {
    const own = command.replaceAll("1883", String(this.#port));
    const [client] = /^(flux-mqtt|deno task start) (pub|sub|rr|health)\b(?!.* -p )/.exec(own) ?? [];
    return client === undefined ? own : own.replace(client, `${client} -p ${this.#port}`);
  }

  async #startBroker(command: string): Promise<void> {
    await this.#broker?.stop();
    const place = /listener|-c |config-file| -p /.test(command) ? "" : ` -p ${this.#port}`;
    this.#broker = await LongRunning.start(this.#spawn(command + place), /Listening address=/);
  }

  async #run(command: string): Promise<void> {
    const child = this.#spawn(command);
    const timer = setTimeout(() => Deno.kill(-child.pid, "SIGKILL"), LIMIT_MS);
    const { code, stdout, stderr } = await child.output();
    clearTimeout(timer);
    const text = new TextDecoder();
    assert.equal(code, 0, `${command}: ${text.decode(stdout)}${text.decode(stderr)}`);
  }

  #spawn(command: string): Deno.ChildProcess {
    const { PATH = "", HOME = "", DENO_DIR } = Deno.env.toObject();
    return new Deno.Command("bash", {
      args: ["-c", command],
      cwd: this.#directory,
      clearEnv: true,
      env: {
        PATH: `${this.#directory}/.bin:${PATH}`,
        HOME,
        DENO: Deno.execPath(),
        CLONE: this.#directory,
        NO_COLOR: "1",
        ...DENO_DIR === undefined ? {} : { DENO_DIR },
      },
      // A group of its own: a shell does not pass on what it is told.
      detached: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }
}

/** A process that runs until it is stopped. */
class LongRunning {
  readonly lines: Lines;
  readonly #child: Deno.ChildProcess;
  readonly #errors: Lines;

  static async start(child: Deno.ChildProcess, ready: RegExp | undefined): Promise<LongRunning> {
    const process = new LongRunning(child);
    if (ready !== undefined) {
      await process.#errors.until((lines) => lines.some((line) => ready.test(line)), LIMIT_MS);
    }
    return process;
  }

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.lines = new Lines(child.stdout);
    this.#errors = new Lines(child.stderr);
  }

  async stop(): Promise<void> {
    try {
      Deno.kill(-this.#child.pid, "SIGTERM");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await this.#child.status;
    await Promise.all([this.lines.ended, this.#errors.ended]);
  }
}
