/** What a client that behaves well has seen for a while. */
export interface Seen {
  readonly roundTripMs: readonly number[];
  /** Of newcomers, from TCP to CONNACK. */
  readonly connectMs: readonly number[];
  readonly faults: readonly string[];
}

/** A client that behaves well, in a thread of its own. */
export class Good {
  readonly #worker: Worker;

  /** Resolves when it is connected. */
  static async start(port: number, credentials: readonly string[] | undefined): Promise<Good> {
    const worker = new Worker(new URL("./good.worker.ts", import.meta.url), { type: "module" });
    const ready = answerOf(worker);
    worker.postMessage({ port, credentials });
    await ready;
    return new Good(worker);
  }

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** What it has seen since the last call. */
  async take(): Promise<Seen> {
    const seen = answerOf(this.#worker);
    this.#worker.postMessage("report");
    return await seen as Seen;
  }

  end(): void {
    this.#worker.terminate();
  }
}

function answerOf(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
}
