import { freePort } from "./free_port.ts";

/** How long mosquitto may take to listen. */
const START_LIMIT_MS = 5000;

/** Whether mosquitto is installed; prints a note if not. */
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

/** A real mosquitto that may be killed and restarted with the same port and store. `await using` ends it. */
export class MosquittoBroker {
  /** The port it listens on, on 127.0.0.1, also after a restart. */
  readonly port: number;
  readonly #directory: string;
  #child: Deno.ChildProcess | undefined;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
  }

  /**
   * Prepares one; `config` has further lines, and `listener` such of its listener. With `persists` it writes its store at once, so that the
   * store survives a kill.
   */
  static async make(config = "", persists = false, listener = ""): Promise<MosquittoBroker> {
    const broker = new MosquittoBroker(
      freePort(),
      await Deno.makeTempDir({ prefix: "mosquitto-" }),
    );
    // Started as root, it drops its rights and could not write otherwise.
    await Deno.chmod(broker.#directory, 0o777);
    const lines = [
      `listener ${broker.port} 127.0.0.1`,
      listener,
      "allow_anonymous true",
      // The last line of an option counts.
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

  /** Prepares one whose whole file is given; it listens on `port`, and `DIR` in the text is its directory, where further files are. */
  static async ofFile(
    port: number,
    text: string,
    files: Readonly<Record<string, string>> = {},
  ): Promise<MosquittoBroker> {
    const broker = new MosquittoBroker(port, await Deno.makeTempDir({ prefix: "mosquitto-" }));
    await Deno.chmod(broker.#directory, 0o777);
    await broker.write("m.conf", text.replaceAll("DIR", broker.#directory));
    for (const [name, content] of Object.entries(files)) await broker.write(name, content);
    return broker;
  }

  /** Writes a file into its directory. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.#directory}/${name}`, text);
  }

  /** Has it read its files again. */
  reload(): void {
    this.#child!.kill("SIGHUP");
  }

  /** Prepares and starts one. */
  static async start(config = "", persists = false, listener = ""): Promise<MosquittoBroker> {
    const broker = await MosquittoBroker.make(config, persists, listener);
    await broker.start();
    return broker;
  }

  /** Starts or restarts it; resolves when it listens. */
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

  /** The path of its store. */
  get databasePath(): string {
    return `${this.#directory}/mosquitto.db`;
  }

  /** Process id, while it runs. */
  get pid(): number {
    return this.#child!.pid;
  }

  /** Ends it with a signal. */
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
