import { feed } from "./fed_process.ts";
import { Lines } from "./lines.ts";

/** Debug lines of mosquitto's clients with `-d`. */
const DEBUG_LINE = /^(Client \S+ (sending|received) |Subscribed \(mid: )/;

/** How `mosquitto_pub` or another command ended. */
export interface Run {
  readonly code: number;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Runs `mosquitto_pub` at this port to its end; `input` is its standard input. */
export async function publish(
  port: number,
  args: readonly string[],
  input?: string | Uint8Array,
): Promise<Run> {
  const child = new Deno.Command("mosquitto_pub", {
    args: ["-h", "127.0.0.1", "-p", String(port), ...args],
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { status, out, error } = await feed(child, input);
  return { code: status, output: out + error };
}

/** Runs `mosquitto_sub` to its end, which `-C`, `-E` or `-W` determines. */
export async function subscribeToEnd(port: number, args: readonly string[]): Promise<Run> {
  const { code, stdout, stderr } = await new Deno.Command("mosquitto_sub", {
    args: ["-h", "127.0.0.1", "-p", String(port), ...args],
    stdin: "null",
  }).output();
  return { code, output: decode(stdout) + decode(stderr) };
}

/** A `mosquitto_sub` that runs until it is stopped. `await using` ends it. */
export class MosquittoSub {
  readonly #child: Deno.ChildProcess;
  readonly #lines: Lines;
  #isEnded = false;

  /** Starts it and waits until it is subscribed. */
  static async start(port: number, args: readonly string[]): Promise<MosquittoSub> {
    const subscriber = new MosquittoSub(port, args);
    try {
      await subscriber.#lines.until((lines) =>
        lines.some((line) => line.startsWith("Subscribed (mid: "))
      );
      return subscriber;
    } catch (error) {
      await subscriber.kill();
      throw error;
    }
  }

  private constructor(port: number, args: readonly string[]) {
    // Without stdbuf its output would stay in a buffer.
    this.#child = new Deno.Command("stdbuf", {
      args: ["-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", String(port), "-d", ...args],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    this.#lines = new Lines(this.#child.stdout);
    this.#child.status.then(() => this.#isEnded = true);
  }

  /** The lines of messages so far. */
  get messages(): readonly string[] {
    return this.#lines.all.filter((line) => !DEBUG_LINE.test(line));
  }

  /** Waits for `count` lines of messages, and returns all lines. */
  async take(count: number, limitMs = 5000): Promise<readonly string[]> {
    await this.#lines.until((lines) => {
      let found = 0;
      for (const line of lines) if (!DEBUG_LINE.test(line)) found++;
      return found >= count;
    }, limitMs);
    return this.messages;
  }

  /** Waits for a line, of a message or of what `-d` tells. */
  async untilLine(pattern: RegExp, limitMs = 5000): Promise<void> {
    await this.#lines.until((lines) => lines.some((line) => pattern.test(line)), limitMs);
  }

  /** Ends it with DISCONNECT. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Ends it without DISCONNECT. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(signal: Deno.Signal): Promise<void> {
    if (!this.#isEnded) this.#child.kill(signal);
    await this.#child.status;
    await this.#lines.ended;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
