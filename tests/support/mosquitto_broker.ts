import { freePort } from "./free_port.ts";

/** How long mosquitto may take to listen. */
const START_LIMIT_MS = 5000;

/** Whether a mosquitto is here, and why not. */
export const hasMosquitto: boolean = await (async () => {
  try {
    await new Deno.Command("mosquitto", { args: ["-h"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    // deno-lint-ignore no-console -- a test that is skipped says so
    console.log("Not run: mosquitto is not installed");
    return false;
  }
})();

/** A real mosquitto that may be killed and started again where it was. `await using` ends it. */
export class MosquittoBroker {
  /** Where it listens, on 127.0.0.1, also after a restart. */
  readonly port: number;
  readonly #directory: string;
  #child: Deno.ChildProcess | undefined;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
  }

  /** Makes one; `config`: further lines. What it stores is written at once where it `persists`, so that it outlives being killed. */
  static async make(config = "", persists = false): Promise<MosquittoBroker> {
    const broker = new MosquittoBroker(
      freePort(),
      await Deno.makeTempDir({ prefix: "mosquitto-" }),
    );
    // As root it gives up its rights, and could not write.
    await Deno.chmod(broker.#directory, 0o777);
    const lines = [
      `listener ${broker.port} 127.0.0.1`,
      "allow_anonymous true",
      "max_queued_messages 0",
      "user root",
      `persistence_location ${broker.#directory}/`,
      ...persists
        ? [
          "persistence true",
          "autosave_on_changes true",
          "autosave_interval 1",
        ]
        : [],
      config,
    ];
    await Deno.writeTextFile(`${broker.#directory}/m.conf`, lines.join("\n") + "\n");
    return broker;
  }

  /** Makes one and starts it. */
  static async start(config = "", persists = false): Promise<MosquittoBroker> {
    const broker = await MosquittoBroker.make(config, persists);
    await broker.start();
    return broker;
  }

  /** Starts it, again perhaps; resolves when it listens. */
  async start(): Promise<void> {
    this.#child = new Deno.Command("mosquitto", {
      args: ["-c", `${this.#directory}/m.conf`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const startMs = performance.now();
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch (error) {
        if (performance.now() - startMs > START_LIMIT_MS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Where it stores. */
  get databasePath(): string {
    return `${this.#directory}/mosquitto.db`;
  }

  /** Process id, while it runs. */
  get pid(): number {
    return this.#child!.pid;
  }

  /** Ends it, well or not. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.#child === undefined) return;
    const child = this.#child;
    this.#child = undefined;
    child.kill(signal);
    await child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
  }
}
