import { openPlainFile } from "../observe/mod.ts";
import { EXIT, messageOf } from "./output.ts";
import { StartError } from "./start_error.ts";

/** The file with the process id. It exists while the broker runs, so that another program can wait for its end. */
export class PidFile implements Disposable {
  readonly #path: string;
  #isWritten = false;

  /** `""`: there is none. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Writes it. Throws a `StartError`. */
  write(): void {
    if (this.#path === "") return;
    try {
      using file = openPlainFile(this.#path, 0o644);
      file.truncateSync();
      file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
      this.#isWritten = true;
    } catch (error) {
      throw new StartError(EXIT.failed, `Cannot write pid_file ${this.#path}: ${messageOf(error)}`);
    }
  }

  /** Removes the file if this process wrote it. A broker that cannot start leaves the file of the running one alone. */
  [Symbol.dispose](): void {
    if (!this.#isWritten) return;
    try {
      Deno.removeSync(this.#path);
    } catch {
      // The file is already gone.
    }
  }
}
