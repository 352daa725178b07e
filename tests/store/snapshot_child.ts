// deno-lint-ignore-file no-console -- a test reads it
/** Takes the snapshot that is its first argument into the store of the second one, says so before: a process that a test can kill. */
import { takeSnapshot } from "../../lib/store/mod.ts";

const [path, directory] = Deno.args;
console.log("begins");
takeSnapshot(path!, directory!);
console.log("done");
