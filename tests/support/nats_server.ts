import { fail } from "node:assert/strict";
import { isLeftOut } from "./long.ts";

/** Why tests with the real server cannot run here; `undefined` if they can. */
export function whyNoNatsServer(): string | undefined {
  try {
    new Deno.Command("nats-server", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync();
    return undefined;
  } catch {
    return "there is no nats-server here (apt-get install nats-server)";
  }
}

/** A test with the real server. Without one it is skipped with a note. */
export function natsTest(name: string, run: () => Promise<void>, isLong = false): void {
  const reason = whyNoNatsServer();
  // deno-lint-ignore no-console -- a skipped test says why
  if (reason !== undefined) console.log(`Skipped: ${name}: ${reason}`);
  Deno.test({ name, ignore: reason !== undefined || isLong && isLeftOut(name), fn: run });
}

/** A real nats-server with JetStream, on a port of its own. */
export class NatsServer {
  #child: Deno.ChildProcess;

  private constructor(
    child: Deno.ChildProcess,
    readonly port: number,
    readonly directory: string,
    readonly config: string,
  ) {
    this.#child = child;
  }

  /** `nats://127.0.0.1:PORT` */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it; `config` is added to its configuration. */
  static async start(
    config = "",
    directory = Deno.makeTempDirSync(),
    port = -1,
  ): Promise<NatsServer> {
    Deno.writeTextFileSync(
      `${directory}/nats.conf`,
      `host: 127.0.0.1\nport: ${port}\nports_file_dir: "${directory}"\n` +
        `jetstream { store_dir: "${directory}/store" }\n${config}\n`,
    );
    const child = new Deno.Command("nats-server", {
      args: ["-c", `${directory}/nats.conf`],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const file = `${directory}/nats-server_${child.pid}.ports`;
    for (let i = 0; i < 500; i++) {
      const found = readPort(file);
      if (found !== undefined) return new NatsServer(child, found, directory, config);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGKILL");
    await child.status;
    return fail("nats-server did not start within 10 seconds");
  }

  /** Kills it as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  /** Restarts it after `kill`, with the same port and store. */
  async restart(): Promise<void> {
    const again = await NatsServer.start(this.config, this.directory, this.port);
    this.#child = again.#child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // The process has ended.
    }
    await this.#child.status;
    await Deno.remove(this.directory, { recursive: true });
  }
}

function readPort(file: string): number | undefined {
  try {
    const { nats } = JSON.parse(Deno.readTextFileSync(file)) as { nats: string[] };
    return Number(new URL(nats[0]!).port);
  } catch {
    return undefined;
  }
}

/** Resolves when `holds` returns true; fails after `timeoutMs`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!await holds()) {
    if (performance.now() > endMs) fail(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
