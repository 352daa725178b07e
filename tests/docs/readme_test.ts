import { strict as assert } from "node:assert";
import { Lines } from "../support/lines.ts";

/** Every command in the `sh` blocks of the README, as a reader types them, in a clone of their own. */

const ROOT = new URL("../../", import.meta.url);
const LIMIT_MS = 10_000;

/** Commands that are not run, and why. */
const NOT_RUN: readonly (readonly [command: RegExp, reason: string])[] = [
  [/\btask (test|ok)\b/, "this test is part of it"],
  [
    /\btask (sim|crash|fuzz|acceptance|bench|growth)\b/,
    "it takes minutes, and has tests of its own",
  ],
  [
    /\btask (compile|smoke|release)\b/,
    "it needs Deno's base executable: `deno task smoke` tries it",
  ],
  [/\btask dev\b/, "it is `deno task start`, again after every change"],
  [/\bpasswd\b(?!.*--stdin)/, "it asks at a terminal"],
  [
    /^(sudo|systemctl|docker|podman|apt-get|apt|brew|git|curl|wget|install|cp|man)\b/,
    "it is about the machine around",
  ],
];

/** Commands that run until they are stopped, and the line that says that they are ready. */
const LONG_RUNNING: readonly (readonly [command: RegExp, ready: RegExp | undefined])[] = [
  [/\btask start\s*($|-)/, /Listening address=/],
  [/^flux-mqtt\s*($|-(?!-version|-help)|serve)/, /Listening address=/],
  [/^(mosquitto_sub|(flux-mqtt|.*\btask start) sub)\b(?!.* -[CEW]\b)/, undefined],
];

/** The commands of one block, without comments. */
function commandsIn(block: string): string[] {
  const joined = block.replaceAll(/\\\n\s*/g, "");
  return joined.split("\n").map((line) => line.replace(/(^|\s+)#\s.*$/, "").trim()).filter((line) =>
    line !== ""
  );
}

/** The blocks of one language in Markdown. */
function blocksOf(markdown: string, language: string): string[] {
  const fence = new RegExp("^```" + language + "\\n([\\s\\S]*?)^```$", "gm");
  return [...markdown.matchAll(fence)].map(([, block = ""]) => block);
}

/** A directory that looks like a clone, and programs that a reader has: `npx deno@…` is this Deno. */
async function makeClone(directory: string): Promise<void> {
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

/** A port that was free a moment ago: in the place of 1883, which others may have. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A reader at a terminal, with the clone as working directory. */
class Reader {
  readonly #directory: string;
  readonly #port = freePort();
  #broker: LongRunning | undefined;
  #subscribers: LongRunning[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Types one command. Those that run on stay until the block ends; a broker until there is another. */
  async type(command: string): Promise<void> {
    const own = command.replaceAll("1883", String(this.#port));
    const [, ready] = LONG_RUNNING.find(([pattern]) => pattern.test(command)) ?? [];
    const isLong = LONG_RUNNING.some(([pattern]) => pattern.test(command));
    if (isLong && ready !== undefined) await this.#startBroker(own);
    else if (isLong) this.#subscribers.push(await LongRunning.start(this.#spawn(own), undefined));
    else await this.#run(own);
  }

  /** What is printed by those that subscribe. */
  async untilPrinted(text: string): Promise<void> {
    await Promise.any(
      this.#subscribers.map((process) => process.lines.until((lines) => lines.includes(text))),
    );
  }

  async endBlock(): Promise<void> {
    for (const process of this.#subscribers.splice(0)) await process.stop();
  }

  async leave(): Promise<void> {
    await this.endBlock();
    await this.#broker?.stop();
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

async function isInstalled(command: string): Promise<boolean> {
  try {
    await new Deno.Command(command, { args: ["--help"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    return false;
  }
}

const readme = await Deno.readTextFile(new URL("README.md", ROOT));
const blocks = blocksOf(readme, "sh").map(commandsIn);
const hasMosquitto = await isInstalled("mosquitto_pub");

Deno.test("commandsIn() leaves comments out and joins lines", () => {
  const block = "# first\nnpx -y deno@2 task start   # it runs\n\na \\\n  -t 'x/#' -v\n";
  assert.deepEqual(commandsIn(block), ["npx -y deno@2 task start", "a -t 'x/#' -v"]);
});

Deno.test({
  name: "every command of the README works, or is told not to be run and why",
  ignore: Deno.build.os === "windows",
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async (t) => {
    assert(blocks.length >= 3, "The README has no commands");
    const directory = await Deno.makeTempDir({ prefix: "flux-readme-" });
    const reader = new Reader(directory);
    try {
      await makeClone(directory);
      for (const commands of blocks) {
        for (const command of commands) {
          const [, reason] = NOT_RUN.find(([pattern]) => pattern.test(command)) ??
            (!hasMosquitto && command.startsWith("mosquitto_") ? ["", "it is not installed"] : []);
          // deno-lint-ignore no-console -- whoever reads the results is to know
          if (reason !== undefined) console.log(`Not run: ${command}: ${reason}`);
          else await t.step(command, () => reader.type(command));
        }
        // What the text beside them promises.
        const published = commands.find((command) => /(_pub|\bpub) .* -m /.test(command));
        const [, topic, message] = /-t (\S+) -m '(.*)'/.exec(published ?? "") ?? [];
        const isHeard = commands.some((command) => /(_sub|\bsub) .*-v/.test(command));
        if (hasMosquitto && isHeard && topic !== undefined) {
          await t.step(`prints: ${topic} ${message}`, async () => {
            // The subscriber may have come later than the message.
            let sent = Promise.resolve();
            const sending = setInterval(() => sent = sent.then(() => reader.type(published!)), 500);
            try {
              await reader.untilPrinted(`${topic} ${message}`);
            } finally {
              clearInterval(sending);
              await sent;
            }
          });
        }
        await reader.endBlock();
      }
    } finally {
      await reader.leave();
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test("the README's table has every task of deno.json, and no other", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const rows = [...readme.matchAll(/^\| `deno task ([\w:-]+)/gm)].map(([, name]) => name);
  assert.deepEqual([...new Set(rows)].sort(), Object.keys(tasks).sort());
});
