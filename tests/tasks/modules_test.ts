import { deepStrictEqual, ok } from "node:assert/strict";

/** Of the output of `deno info --json`, what is looked at. */
interface ModuleGraph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly isDynamic?: boolean;
      readonly code?: { readonly specifier?: string };
    }[];
  }[];
}

const ROOT = new URL("../../", import.meta.url);

/** Names all modules that are loaded with this one, Deno's own included. */
function loadedWith(graph: ModuleGraph, path: string): Set<string> {
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const loaded = new Set([new URL(path, ROOT).href]);
  for (const specifier of loaded) {
    for (const { isDynamic, code } of modules.get(specifier)?.dependencies ?? []) {
      if (isDynamic !== true && code?.specifier !== undefined) loaded.add(code.specifier);
    }
  }
  return loaded;
}

async function graphOf(path: string): Promise<ModuleGraph> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL(path, ROOT).pathname],
    stderr: "null",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

const graph = await graphOf("main.ts");
// `node:net`, `node:crypto` and `node:path` take 3 to 6 MB each, which every broker would pay.
const rows: [what: string, path: string, modules: readonly string[]][] = [
  ["a broker", "lib/cli/broker_commands.ts", ["node:sqlite"]],
  ["the transport epoll", "lib/net/epoll/transport.ts", ["node:timers"]],
  ["dashboard and API", "lib/http/mod.ts", ["node:process"]],
];
for (const [what, path, modules] of rows) {
  Deno.test(`${what} loads of Node's modules only ${modules.join()}`, () => {
    const loaded = [...loadedWith(graph, path)];
    ok(loaded.length > 20, `${path} loads ${loaded.length} modules`);
    deepStrictEqual(loaded.filter((specifier) => specifier.startsWith("node:")), modules);
  });
}

const LATE = ["auth", "bridge", "bus", "cluster", "guide", "http"];
Deno.test(`a broker loads no module of ${LATE.join(", ")} at its start`, () => {
  const loaded = [...loadedWith(graph, "lib/cli/broker_commands.ts")];
  const early = LATE.map((room) => new URL(`lib/${room}/`, ROOT).href)
    .flatMap((room) => loaded.filter((specifier) => specifier.startsWith(room)));
  deepStrictEqual(early, []);
});

Deno.test("the store's Worker loads nothing of the broker", async () => {
  const path = "lib/store/sqlite_writer.ts";
  const loaded = [...loadedWith(await graphOf(path), path)];
  ok(loaded.length > 20, `${path} loads ${loaded.length} modules`);
  const broker = new URL("lib/broker/", ROOT).href;
  deepStrictEqual(loaded.filter((specifier) => specifier.startsWith(broker)), []);
});

// V8 keeps a module with another character as two bytes a character, in its heap; ASCII stays where it is. It is 3 MB of a broker.
Deno.test("the modules of the program are ASCII", async () => {
  const others: string[] = [];
  for (const { specifier } of graph.modules) {
    if (!specifier.startsWith(ROOT.href) || !specifier.endsWith(".ts")) continue;
    const lines = (await Deno.readTextFile(new URL(specifier))).split("\n");
    lines.forEach((line, i) => {
      // deno-lint-ignore no-control-regex -- it is what ASCII is
      if (!/^[\x00-\x7f]*$/.test(line)) others.push(`${specifier}:${i + 1}: ${line}`);
    });
  }
  deepStrictEqual(others, []);
});
