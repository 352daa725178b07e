import { deepEqual, equal, match, ok } from "node:assert/strict";
import { callFlux } from "../support/flux.ts";
import { freePort } from "../support/free_port.ts";
import { Lines } from "../support/lines.ts";
import { natsTest, until } from "../support/nats_server.ts";

/** `deno task cluster` on ports of its own. */
class Play {
  readonly first = freePort();
  readonly #child: Deno.ChildProcess;
  readonly out: Lines;
  readonly error: Lines;

  constructor(flags: readonly string[] = [], environment: Record<string, string> = {}) {
    const task = new URL("../../tasks/cluster.ts", import.meta.url).pathname;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", task, "--ports", String(this.first), ...flags],
      env: { NO_COLOR: "1", ...environment },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.out = new Lines(this.#child.stdout);
    this.error = new Lines(this.#child.stderr);
  }

  /** The directory with all that it has. */
  get directory(): string {
    return /Everything is in ([^,]+),/.exec(this.out.all.join("\n"))![1]!;
  }

  /** The processes that it has started, by name; one that was started again by the last. */
  get processes(): ReadonlyMap<string, number> {
    const found = this.out.all.map((line) => /^(\S+) \| Process (\d+)$/.exec(line));
    return new Map(found.flatMap((words) => words ? [[words[1]!, Number(words[2])]] : []));
  }

  /** Ends it, as Ctrl-C or a closed terminal does; returns its exit status. */
  async end(signal: Deno.Signal): Promise<number> {
    this.#child.kill(signal);
    return (await this.#child.status).code;
  }

  /** Its exit status, where it ends by itself. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await Promise.all([this.out.ended, this.error.ended]);
    return code;
  }
}

const isThere = (path: string | URL) => {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
};

natsTest(
  "deno task cluster shows three nodes with a page each, and leaves nothing behind",
  async () => {
    const play = new Play();
    const nodes = [0, 1, 2];
    for (const i of nodes) {
      const url = `http://127.0.0.1:${play.first + 3 + i}`;
      await until(`node ${i} is ready`, async () => {
        const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
        await answer?.body?.cancel();
        return answer?.status === 200;
      }, 60_000);
      const page = await fetch(url);
      match(await page.text(), /<title>/);
      ok(play.out.all.some((line) => line.startsWith(`broker-${i}: `) && line.endsWith(url)), url);
    }
    const { directory, processes } = play;
    deepEqual([...processes.keys()].sort(), [
      ...nodes.map((i) => `broker-${i}`),
      ...nodes.map((i) => `nats-${i}`),
    ]);
    const { status, out } = await callFlux([
      "cluster",
      "status",
      "-c",
      `${directory}/broker-0.conf`,
    ]);
    equal(status, 0);
    for (const i of nodes) match(out, new RegExp(`^broker-${i} `, "m"));
    Deno.kill(processes.get("broker-1")!, "SIGKILL");
    await play.out.until((lines) => lines.some((line) => /^broker-1 \| Starts again/.test(line)));
    equal(await play.end("SIGHUP"), 0);
    equal(isThere(directory), false);
    for (const process of processes.values()) equal(isThere(`/proc/${process}`), false);
  },
);

natsTest(
  "deno task cluster ends with the reason where a port is taken, or a flag is wrong",
  async () => {
    const taken = new Play();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: taken.first + 4 });
    equal(await taken.ended(), 1);
    listener.close();
    match(taken.error.all.join("\n"), new RegExp(`^Port ${taken.first + 4}: .*--ports`));
    const wrong = new Play(["--no-such-flag"]);
    equal(await wrong.ended(), 1);
    match(wrong.out.all.join("\n"), /broker-\d \| .*no-such-flag/);
    equal(isThere(wrong.directory), false);
    const missing = new Play([], { PATH: "/nowhere" });
    equal(await missing.ended(), 1);
    match(missing.error.all.join("\n"), /^nats-server is not installed/);
  },
);
