/** What a client that behaves well has seen for a while. */
export interface Seen {
  readonly roundTripMs: readonly number[];
  /** What the broker's thread has worked meanwhile; empty where the system does not tell. */
  readonly ownMs: readonly number[];
  /** Of newcomers, from TCP to CONNACK. */
  readonly connectMs: readonly number[];
  readonly faults: readonly string[];
}

/** What its thread has to answer in, milliseconds: it only waits for messages. */
const ANSWER_LIMIT_MS = 30_000;

/** A client that behaves well, in a thread of its own. */
export class Good {
  readonly #worker: Worker;
  #answer = Promise.withResolvers<unknown>();

  /** Resolves when it is connected. */
  static async start(
    port: number,
    credentials: readonly string[] | undefined,
    pid: number,
  ): Promise<Good> {
    const worker = new Worker(new URL("./good.worker.ts", import.meta.url), { type: "module" });
    const good = new Good(worker);
    await good.#ask({ port, credentials, pid });
    return good;
  }

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#answer.resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#answer.reject(new Error(event.message));
    };
  }

  /** What it has seen since the last call. */
  async take(): Promise<Seen> {
    try {
      return await this.#ask("report") as Seen;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return {
        roundTripMs: [],
        ownMs: [],
        connectMs: [],
        faults: [`Its thread has ended: ${reason}`],
      };
    }
  }

  end(): void {
    this.#worker.terminate();
  }

  async #ask(question: unknown): Promise<unknown> {
    this.#worker.postMessage(question);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error(`No answer after ${ANSWER_LIMIT_MS} ms`));
      timer = setTimeout(fail, ANSWER_LIMIT_MS);
    });
    try {
      return await Promise.race([this.#answer.promise, late]);
    } finally {
      clearTimeout(timer);
      this.#answer = Promise.withResolvers();
    }
  }
}
