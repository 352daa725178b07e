import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { Writer } from "../../lib/store/writer.ts";
import type {
  BeginRequest,
  WriterAnswer,
  WriterInit,
  WriterRequest,
} from "../../lib/store/writer_protocol.ts";

/** The database and its log, as they are on the disk. */
export interface Files {
  readonly database: Uint8Array;
  readonly log: Uint8Array;
}

/** The files in a directory. */
export function filesIn(directory: string): Files {
  return {
    database: readOrEmpty(`${directory}/${DATABASE_NAME}`),
    log: readOrEmpty(`${directory}/${DATABASE_NAME}-wal`),
  };
}

/** Puts files into a directory, which is made. */
export function putFiles(directory: string, { database, log }: Files): void {
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  Deno.writeFileSync(`${directory}/${DATABASE_NAME}`, database, { mode: 0o600 });
  if (log.length > 0) {
    Deno.writeFileSync(`${directory}/${DATABASE_NAME}-wal`, log, { mode: 0o600 });
  }
}

/** The store's Worker on the thread of the test, which so can look at the files between any two things that it does. */
export class ThreadHere {
  static #began: ((thread: ThreadHere) => void) | undefined;
  onmessage: ((event: MessageEvent<WriterAnswer>) => void) | undefined;
  onerror: unknown;
  writer!: Writer;
  init!: WriterInit;

  /** Stores that begin a Worker until this is disposed of get one of these, of which `began` is told. */
  static replaceWorkers(began: (thread: ThreadHere) => void): Disposable {
    const before = globalThis.Worker;
    ThreadHere.#began = began;
    globalThis.Worker = ThreadHere as unknown as typeof Worker;
    return {
      [Symbol.dispose]: () => {
        globalThis.Worker = before;
      },
    };
  }

  postMessage(request: WriterRequest): void {
    if (
      request === "retry" || "read" in request || "readRetained" in request || "backUpTo" in request
    ) {
      throw new Error("This thread only writes");
    }
    if ("path" in request) this.#begin(request);
    else if ("closeAtMs" in request) {
      this.writer.close(request.closeAtMs);
      this.#answer({ type: "closed" });
    } else {
      this.writer.write(request.rows, request.atMs);
      const { commits, writtenBytes, fsyncs, usedBytes } = this.writer;
      this.#answer({ type: "committed", commits, writtenBytes, fsyncs, usedBytes });
    }
  }

  terminate(): void {}

  #begin(request: BeginRequest): void {
    this.init = request;
    this.writer = new Writer(request);
    ThreadHere.#began!(this);
  }

  #answer(data: WriterAnswer): void {
    queueMicrotask(() => this.onmessage!({ data } as MessageEvent<WriterAnswer>));
  }
}

function readOrEmpty(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
  }
}
