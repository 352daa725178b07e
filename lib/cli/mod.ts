/**
 * The command line: `flux-mqtt [COMMAND] [-c FILE] [FLAGS]`, a file for each command.
 *
 * This room connects the others and is the only one that knows them all. `serve` loads the configuration, opens the log and runs the
 * broker; `check` prints what a configuration amounts to. A broker must accept connections within 100 ms of its start, and a module that
 * is loaded takes memory as long as the process runs. So a command is imported only when it is used, and so are the rooms that not every
 * start needs: `auth`, `bridge`, `bus`, `cluster`, `http`, `guide`, and of `net` TLS and epoll. Of Node's modules a plain broker loads
 * `node:sqlite` alone; a test holds it to that.
 *
 * Commands and flags are in tables (`commands.ts`, `client_options.ts`, the option table). Parsing, help, man page and completions use
 * the same rows. `exit_status.ts` says what each exit status means.
 *
 * ```ts
 * import { main } from "./mod.ts";
 *
 * const status = await main(["--version"]);
 * ```
 *
 * @module
 */
import { denoProblem } from "./deno_version.ts";

/** Each command is loaded when it is called, so that no command pays for another. */
const TOOLS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  pub: async (args) => (await import("./pub.ts")).pub(args),
  sub: async (args) => (await import("./sub.ts")).sub(args),
  rr: async (args) => (await import("./rr.ts")).rr(args),
  bench: async (args) => (await import("./bench.ts")).bench(args),
  trace: async (args) => (await import("./trace.ts")).trace(args),
  top: async (args) => (await import("./top.ts")).top(args),
  store: async (args) => (await import("./store.ts")).store(args),
  cluster: async (args) => (await import("./cluster.ts")).cluster(args),
  service: async (args) => (await import("./service.ts")).service(args),
  setup: async (args) => (await import("./setup.ts")).setup(args),
  import: async (args) => (await import("./import.ts")).importStore(args),
  passwd: async (args) => (await import("./passwd.ts")).passwd(args),
  "explain-acl": async (args) => (await import("./explain_acl.ts")).explainAcl(args),
  health: async (args) => (await import("./health.ts")).health(args),
  "example-config": async (args) => (await import("./example_config.ts")).exampleConfig(args),
  man: async (args) => (await import("./man.ts")).man(args),
  completions: async (args) => (await import("./completions.ts")).completions(args),
};

/** Runs one command and returns the exit status. Without a command the flags are those of `serve`. */
export async function main(args: readonly string[]): Promise<number> {
  const [first = "", ...rest] = args;
  const problem = denoProblem(Deno.version.deno, (name) => Deno.env.get(name));
  if (problem !== undefined) return refuseDeno(problem);
  if (Object.hasOwn(TOOLS, first)) return await TOOLS[first]!(rest);
  // `help COMMAND` is `COMMAND --help`.
  const [topic = ""] = rest;
  if (first === "help" && Object.hasOwn(TOOLS, topic)) return await TOOLS[topic]!(["--help"]);
  return await (await import("./broker_commands.ts")).brokerCommand(args);
}

async function refuseDeno(problem: string): Promise<number> {
  const { EXIT, printError } = await import("./output.ts");
  printError(`${problem}\n`);
  return EXIT.failed;
}
