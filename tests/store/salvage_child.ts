/** Opens the store in the directory that is its argument, says so, and ends: a process that a test can kill. */
import { openStore } from "../../lib/store/mod.ts";

const SILENT = { debugOn: false, debug() {}, info() {}, warning() {}, error() {} };

const [directory] = Deno.args;
const { close } = openStore({ directory: directory!, durability: "always", log: SILENT });
await close();
