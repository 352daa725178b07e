/**
 * The project's own lint rules, run by `deno lint`.
 *
 * `flux/arrows` holds the table of which room of `lib/` may import which, and by which door: its
 * `mod.ts`. `flux/pure-core` keeps the rooms that decide what the broker does free of clocks,
 * randomness and I/O, so that a test can replay any run of them from a seed.
 *
 * @module
 */

/** Which rooms of `lib/` a room may import. */
const ARROWS: Readonly<Record<string, readonly string[] | "all">> = {
  codec: [],
  topic: [],
  session: ["codec", "topic"],
  broker: ["session", "topic", "codec"],
  store: ["broker", "codec", "topic"],
  bus: ["broker", "codec", "topic"],
  auth: ["broker", "topic", "codec"],
  client: ["codec"],
  net: ["broker", "codec"],
  config: ["broker", "codec", "topic"],
  observe: ["broker", "codec"],
  http: ["broker", "observe", "auth", "topic", "codec"],
  cli: "all",
};

/** The rooms that wait for nothing, read no clock and draw no random number. */
const PURE: ReadonlySet<string> = new Set(["codec", "topic", "session", "broker"]);

/** The global names that are refused in them. `globalThis` would be a way around the others. */
const IMPURE_GLOBALS: ReadonlySet<string> = new Set([
  "console",
  "crypto",
  "Date",
  "Deno",
  "fetch",
  "globalThis",
  "performance",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "Temporal",
]);

const PROJECT_ROOT = decodeURIComponent(new URL("..", import.meta.url).pathname);

const plugin: Deno.lint.Plugin = {
  name: "flux",
  rules: {
    "arrows": {
      create(context) {
        const file = projectPath(context.filename);
        if (file !== "main.ts" && !file.startsWith("lib/")) return {};
        const check = (node: Deno.lint.Node, specifier: unknown) => {
          if (typeof specifier !== "string") return;
          const message = refusedImport(file, specifier);
          if (message !== undefined) context.report({ node, message });
        };
        return {
          ImportDeclaration: (node) => check(node, node.source.value),
          ExportAllDeclaration: (node) => check(node, node.source.value),
          ExportNamedDeclaration: (node) => check(node, node.source?.value),
          ImportExpression: (node) => check(node, literalOf(node.source)),
          TSImportType: (node) => check(node, literalOf(node.argument)),
        };
      },
    },
    "pure-core": {
      create(context) {
        const room = roomOf(projectPath(context.filename));
        if (room === undefined || !PURE.has(room)) return {};
        const refuse = (node: Deno.lint.Node, what: string) =>
          context.report({ node, message: `lib/${room} is pure: ${what} is refused here` });
        const refuseAsync = (node: Deno.lint.Node & { async: boolean }) => {
          if (node.async) refuse(node, "async");
        };
        return {
          AwaitExpression: (node) => refuse(node, "await"),
          ForOfStatement(node) {
            if (node.await) refuse(node, "await");
          },
          FunctionDeclaration: refuseAsync,
          FunctionExpression: refuseAsync,
          ArrowFunctionExpression: refuseAsync,
          Identifier(node) {
            if (isMereName(node)) return;
            if (IMPURE_GLOBALS.has(node.name)) refuse(node, node.name);
            if (node.name === "Math" && drawsRandom(node)) refuse(node, "Math.random");
          },
        };
      },
    },
  },
};
export default plugin;

/** Why `file` may not import `specifier`; undefined if it may. */
function refusedImport(file: string, specifier: string): string | undefined {
  const from = roomOf(file);
  if (specifier.startsWith("node:")) {
    return from !== undefined && PURE.has(from)
      ? `lib/${from} is pure: ${specifier} is refused here`
      : undefined;
  }
  if (!specifier.startsWith("./") && !specifier.startsWith("../")) {
    return `Only relative and node: imports are allowed, not "${specifier}"`;
  }

  const target = decodeURIComponent(new URL(specifier, `file:///${file}`).pathname).slice(1);
  if (!target.startsWith("lib/")) return `Nothing outside lib/ may be imported: "${specifier}"`;
  if (target === "lib/version.ts") return undefined;
  const to = roomOf(target);
  if (file === "main.ts") {
    return target === "lib/cli/mod.ts" ? undefined : "main.ts may import lib/cli/mod.ts only";
  }
  if (to === undefined) {
    return from === "cli" && target === "lib/mod.ts"
      ? undefined
      : `${target} may be imported by lib/cli only`;
  }
  if (from === to) {
    return target === `lib/${to}/mod.ts`
      ? "Inside a folder import the file itself, not the folder's own mod.ts"
      : undefined;
  }
  if (from !== undefined) {
    const allowed = ARROWS[from];
    if (allowed === undefined) return `lib/${from} is not in the table of tasks/lint_plugin.ts`;
    if (allowed !== "all" && !allowed.includes(to)) return `lib/${from} may not import lib/${to}`;
  }
  return target === `lib/${to}/mod.ts`
    ? undefined
    : `Import lib/${to} by its mod.ts, not "${specifier}"`;
}

/** A file's path from the project's root. A path that is relative already is taken as it is. */
function projectPath(filename: string): string {
  const path = filename.replaceAll("\\", "/");
  return path.startsWith(PROJECT_ROOT) ? path.slice(PROJECT_ROOT.length) : path;
}

/** The folder below `lib/` that a file is in; undefined for `lib/mod.ts` and outside `lib/`. */
function roomOf(file: string): string | undefined {
  return /^lib\/([^/]+)\//.exec(file)?.[1];
}

/** The value of a string literal, also where TypeScript wraps it into a type. */
function literalOf(node: Deno.lint.Node): unknown {
  if (node.type === "TSLiteralType") return literalOf(node.literal);
  return node.type === "Literal" ? node.value : undefined;
}

/** Whether the identifier only names a member of something else, and so no global. */
function isMereName(node: Deno.lint.Identifier): boolean {
  const parent = node.parent;
  switch (parent.type) {
    case "MemberExpression":
      return isSame(parent.property, node) && !parent.computed;
    case "Property":
      return isSame(parent.key, node) && !parent.computed && !parent.shorthand;
    case "MethodDefinition":
    case "PropertyDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return isSame(parent.key, node) && !parent.computed;
    case "TSQualifiedName":
      return isSame(parent.right, node);
    case "TSEnumMember":
      return isSame(parent.id, node);
    default:
      return false;
  }
}

/** Whether this `Math` is followed by `.random` or taken apart, where it might be. */
function drawsRandom(math: Deno.lint.Identifier): boolean {
  const parent = math.parent;
  if (parent.type !== "MemberExpression" || !isSame(parent.object, math)) return true;
  return parent.property.type === "Identifier" && !parent.computed
    ? parent.property.name === "random"
    : true;
}

/** The linter may hand out a new object for the same node: the place in the file decides. */
function isSame(a: Deno.lint.Node, b: Deno.lint.Node): boolean {
  return a.range[0] === b.range[0] && a.range[1] === b.range[1];
}
