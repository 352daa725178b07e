/**
 * The project's own lint rules, run by `deno lint`.
 *
 * `flux/arrows` has the table of which room of `lib/` may import which others. An import must name the `mod.ts` of the other room. In a
 * room with layers, the table also says which layer may import which. Every form of import is checked; one whose target is computed at run
 * time is refused, because it cannot be checked. Cycles between files are checked by `circles.ts`, since a plugin sees one file at a time.
 * `flux/pure-core` keeps the rooms that decide what the broker does free of clocks, randomness and I/O, so that a test can replay any run
 * of them from a seed. `flux/listed-patterns` allows a regular expression in rooms that see peers' bytes only if it is in the table of
 * `patterns.ts`, whose entries are tested on their worst inputs. `flux/ascii` keeps the modules of `lib/` in ASCII: V8 copies a file with
 * one other character into its heap, as two bytes a character, which made 3 MB of a broker.
 *
 * @module
 */
import { LISTED_PATTERNS, PATTERN_ROOMS } from "./patterns.ts";

/** Which rooms of `lib/` a room may import. */
const ARROWS: Readonly<Record<string, readonly string[] | "all">> = {
  codec: [],
  topic: [],
  session: ["codec", "topic"],
  broker: ["session", "topic", "codec"],
  store: ["broker", "session", "codec", "topic"],
  bus: ["broker", "codec", "topic"],
  auth: ["broker", "topic", "codec"],
  client: ["codec", "session"],
  bridge: ["client", "broker", "topic", "codec"],
  cluster: ["broker", "codec", "topic"],
  net: ["broker", "codec"],
  mosquitto: ["store", "broker", "net", "topic", "codec"],
  config: ["broker", "codec", "topic", "net", "observe"],
  observe: ["broker", "codec"],
  embed: ["broker", "net", "topic", "codec", "bridge", "cluster", "config", "store"],
  guide: [],
  http: ["broker", "observe", "auth", "topic", "codec", "guide"],
  cli: "all",
};

/** The rooms of which a room may import types only: types cost nothing at the start, and avoid duplicate definitions. */
const TYPE_ARROWS: Readonly<Record<string, readonly string[]>> = {
  config: ["auth", "store", "bridge", "cluster"],
  observe: ["store"],
};

/** The layers of a room, lowest first: folders, and files directly in the room. A file may import its own layer and lower ones. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  broker: [
    "ground",
    "state",
    "core",
    "services",
    "handlers",
    "from_cluster.ts",
    "broker.ts",
    "inspect.ts",
    "mod.ts",
  ],
  client: ["protocol"],
};

/** The rooms, and folders of rooms, that never wait, read no clock and draw no random number. */
const PURE: ReadonlySet<string> = new Set([
  "codec",
  "topic",
  "session",
  "broker",
  "client/protocol",
]);

/** The global names refused there. `globalThis` would give access to the others. */
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
        const report = (node: Deno.lint.Node, message: string | undefined) => {
          if (message !== undefined) context.report({ node, message });
        };
        const check = (node: Deno.lint.Node, specifier: string, isType: boolean) =>
          report(node, refusedImport(file, specifier, isType));
        /** Refuses a computed expression as the target of an import, because it cannot be checked. */
        const checkExpression = (node: Deno.lint.Node, source: Deno.lint.Node | undefined) => {
          const specifier = source === undefined ? undefined : literalOf(source);
          if (specifier !== undefined) return check(node, specifier, false);
          report(node, "What is imported must be written as a text, not computed");
        };
        return {
          ImportDeclaration: (node) => check(node, node.source.value, isOfTypes(node)),
          ExportAllDeclaration: (node) =>
            check(node, node.source.value, node.exportKind === "type"),
          ExportNamedDeclaration(node) {
            if (node.source !== null) check(node, node.source.value, isOfTypes(node));
          },
          ImportExpression: (node) => checkExpression(node, node.source),
          TSImportType: (node) => check(node, literalOf(node.argument) ?? "", true),
          TSExternalModuleReference: (node) => check(node, literalOf(node.expression) ?? "", false),
          NewExpression(node) {
            // The file of a Worker.
            if (isMemberOfMeta(node.arguments[1], "url")) checkExpression(node, node.arguments[0]);
          },
          CallExpression(node) {
            if (isMemberOfMeta(node.callee, "resolve")) checkExpression(node, node.arguments[0]);
          },
          Program(node) {
            for (const { value } of context.sourceCode.getAllComments()) {
              if (/^\/\s*<reference\s+(path|types)|@(ts|deno)-types\s*=/.test(value)) {
                report(node, "Types of other files are imported, not referred to in a comment");
              }
            }
          },
        };
      },
    },
    "pure-core": {
      create(context) {
        const room = pureRoomOf(projectPath(context.filename));
        if (room === undefined) return {};
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
    "ascii": {
      create(context) {
        const file = projectPath(context.filename);
        if (!file.startsWith("lib/") || !file.endsWith(".ts")) return {}; // The page's files go to browsers.
        return {
          Program(node) {
            const other = /[^\0-\x7f]/.exec(context.sourceCode.text)?.[0];
            if (other === undefined) return;
            const code = other.charCodeAt(0).toString(16).padStart(4, "0");
            const message = `"${other}" is not ASCII, and makes V8 keep the file as two bytes a ` +
              `character: write \\u${code} in a text, something else in a comment`;
            context.report({ node, message });
          },
        };
      },
    },
    "listed-patterns": {
      create(context) {
        const room = roomOf(projectPath(context.filename));
        if (room === undefined || !PATTERN_ROOMS.has(room)) return {};
        const refuse = (node: Deno.lint.Node, what: string) =>
          context.report({ node, message: `${what} is not in the table of tasks/patterns.ts` });
        return {
          Literal(node) {
            if (node.raw.startsWith("/") && !isListed(room, node.raw)) refuse(node, node.raw);
          },
          Identifier(node) {
            // A type named RegExp is allowed; a RegExp made from a text cannot be checked.
            if (node.name === "RegExp" && node.parent.type !== "TSTypeReference") {
              refuse(node, "What RegExp makes");
            }
          },
        };
      },
    },
  },
};
export default plugin;

function isListed(room: string, text: string): boolean {
  return LISTED_PATTERNS.some((listed) => listed.room === room && String(listed.pattern) === text);
}

/** Why `file` may not import `specifier`, or types of it; undefined if it may. */
function refusedImport(file: string, specifier: string, isType: boolean): string | undefined {
  const from = roomOf(file);
  if (specifier.startsWith("node:")) {
    const pure = pureRoomOf(file);
    return pure === undefined ? undefined : `lib/${pure} is pure: ${specifier} is refused here`;
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
  if (from === to) return refusedInside(to, file, target);
  if (from !== undefined) {
    const allowed = ARROWS[from];
    if (allowed === undefined) return `lib/${from} is not in the table of tasks/lint_plugin.ts`;
    if (allowed !== "all" && !allowed.includes(to)) {
      const mayHaveTypes = TYPE_ARROWS[from]?.includes(to) === true;
      if (!mayHaveTypes) return `lib/${from} may not import lib/${to}`;
      if (!isType) return `lib/${from} may import only types of lib/${to}`;
    }
  }
  return target === `lib/${to}/mod.ts`
    ? undefined
    : `Import lib/${to} by its mod.ts, not "${specifier}"`;
}

/** Why a file may not import another of the same room; undefined if it may. */
function refusedInside(room: string, file: string, target: string): string | undefined {
  if (target === `lib/${room}/mod.ts`) {
    return "Inside a folder import the file itself, not the folder's own mod.ts";
  }
  const layers = LAYERS[room] ?? [];
  const [from = "", to = ""] = [file, target].map((path) => path.split("/")[2]);
  if (!layers.includes(from)) return undefined;
  // Files directly in the room are exempt: only folders are layers.
  if (!layers.includes(to) && from.endsWith(".ts")) return undefined;
  if (!layers.includes(to)) return `${target} is in no layer of lib/${room}: ${layers.join(", ")}`;
  return layers.indexOf(to) > layers.indexOf(from)
    ? `${from} may not import ${to}, which is above it in lib/${room}`
    : undefined;
}

/** A file's path relative to the project's root. A relative path is returned unchanged. */
function projectPath(filename: string): string {
  const path = filename.replaceAll("\\", "/");
  return path.startsWith(PROJECT_ROOT) ? path.slice(PROJECT_ROOT.length) : path;
}

/** The folder below `lib/` that a file is in; undefined for `lib/mod.ts` and outside `lib/`. */
function roomOf(file: string): string | undefined {
  return /^lib\/([^/]+)\//.exec(file)?.[1];
}

/** The pure room, or folder of one, that a file is in. */
function pureRoomOf(file: string): string | undefined {
  const [, folder, room] = /^lib\/(([^/]+)\/[^/]+)\//.exec(file) ?? [];
  const name = room === undefined ? roomOf(file) : PURE.has(room) ? room : folder;
  return name !== undefined && PURE.has(name) ? name : undefined;
}

/** The text of a literal, even if TypeScript wraps it in a type; undefined for anything else. */
function literalOf(node: Deno.lint.Node): string | undefined {
  if (node.type === "TSLiteralType") return literalOf(node.literal);
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) {
    return node.quasis[0]?.cooked ?? undefined;
  }
  return node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}

/** Whether an `import` or `export … from` names only types. Without names it runs the file, so it counts as values. */
function isOfTypes(
  node: Deno.lint.ImportDeclaration | Deno.lint.ExportNamedDeclaration,
): boolean {
  if (node.type === "ExportNamedDeclaration") {
    return node.exportKind === "type" ||
      node.specifiers.every(({ exportKind }) => exportKind === "type");
  }
  return node.importKind === "type" ||
    node.specifiers.length > 0 &&
      node.specifiers.every((specifier) =>
        specifier.type === "ImportSpecifier" && specifier.importKind === "type"
      );
}

/** Whether this is `import.meta.NAME`. */
function isMemberOfMeta(node: Deno.lint.Node | undefined, name: string): boolean {
  return node?.type === "MemberExpression" && node.object.type === "MetaProperty" &&
    node.property.type === "Identifier" && node.property.name === name;
}

/** Whether the identifier names a member of another object, and so not a global. */
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

/** Whether this `Math` is followed by `.random`, or destructured so that it might be. */
function drawsRandom(math: Deno.lint.Identifier): boolean {
  const parent = math.parent;
  if (parent.type !== "MemberExpression" || !isSame(parent.object, math)) return true;
  return parent.property.type === "Identifier" && !parent.computed
    ? parent.property.name === "random"
    : true;
}

/** Compares nodes by their place in the file, because the linter may return a new object for the same node. */
function isSame(a: Deno.lint.Node, b: Deno.lint.Node): boolean {
  return a.range[0] === b.range[0] && a.range[1] === b.range[1];
}
