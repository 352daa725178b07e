import { strict as assert } from "node:assert";
import plugin from "../../tasks/lint_plugin.ts";

/** The rules that object to a source text in a file of that name, with what they say. */
function complaints(file: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, file, source).map(({ id, message }) => `${id}: ${message}`);
}

const allowed: [file: string, source: string][] = [
  ["tasks/bench.ts", `export const unit = "\u00b5s"; // \u00b5s`],
  ["lib/codec/decode.ts", String.raw`export const text = "\u2026";`],
  ["lib/codec/decode.ts", `import { readString } from "./text.ts";`],
  ["lib/codec/decode.ts", `import { version } from "../version.ts";`],
  ["lib/session/session.ts", `import type { Publish } from "../codec/mod.ts";`],
  ["lib/broker/broker.ts", `export { Session } from "../session/mod.ts";`],
  ["lib/store/sqlite/schema.ts", `import type { Message } from "../../broker/mod.ts";`],
  ["lib/store/sqlite.ts", `import { DatabaseSync } from "node:sqlite";`],
  [
    "lib/cli/serve.ts",
    `import { listen } from "../net/mod.ts"; import { Broker } from "../mod.ts";`,
  ],
  ["lib/mod.ts", `export { Broker } from "./broker/mod.ts"; export * from "./bus/mod.ts";`],
  ["main.ts", `import { main } from "./lib/cli/mod.ts";`],
  ["tests/codec/text_test.ts", `import { readString } from "../../lib/codec/text.ts";`],
  ["tests/interop/mqttjs_test.ts", `import mqtt from "npm:mqtt@5.16.0"; await mqtt.connect();`],
  ["tasks/bench.ts", `const start = performance.now(); console.log(Date.now() - start);`],
  ["lib/net/tcp.ts", `export async function read() { await Deno.stat("."); setTimeout(read, 1); }`],
  ["lib/store/link.ts", `new Worker(new URL("./writer.ts", import.meta.url)); import.meta.main;`],
  ["lib/store/link.ts", `/// <reference lib="deno.worker" />\nexport const name = "x";`],
  ["lib/net/tcp.ts", "const text = `${1}`; export const load = () => import(`./udp.ts`);"],
  ["lib/broker/ground/clock.ts", `import { options } from "./options.ts";`],
  ["lib/broker/state/outbox.ts", `import type { LogPort } from "../ground/ports.ts";`],
  ["lib/broker/core/core.ts", `import { Clock } from "../ground/clock.ts";`],
  ["lib/broker/services/route.ts", `import { Core } from "../core/core.ts";`],
  ["lib/broker/handlers/publish.ts", `import { route } from "../services/route.ts";`],
  ["lib/broker/broker.ts", `import { publish } from "./handlers/publish.ts";`],
  ["lib/broker/mod.ts", `export { Broker } from "./broker.ts";`],
  ["lib/broker/broker.ts", `export const size = Math.max(1, 2);`],
  ["lib/broker/broker.ts", `clock.setTimeout(1); const t = ports.Date; log.console.fetch();`],
  [
    "lib/broker/broker.ts",
    `const o = { fetch: 1, crypto() {} }; export type T = { Date: number };`,
  ],
  ["lib/broker/broker.ts", `export class Clock { performance = 0; fetch(): void {} }`],
  ["lib/broker/broker.ts", `// Date.now() would not replay\nexport const text = "await fetch";`],
];

for (const [file, source] of allowed) {
  Deno.test(`the lint plugin lets ${file} have: ${source}`, () => {
    assert.deepEqual(complaints(file, source), []);
  });
}

const refused: [file: string, source: string, complaint: RegExp][] = [
  ["lib/codec/decode.ts", `export const text = "\u2026";`, /ascii: "\u2026".*write \\u2026/],
  ["lib/cli/serve.ts", `// \u2026 and so on`, /ascii/],
  [
    "lib/codec/decode.ts",
    `import { f } from "../topic/mod.ts";`,
    /codec may not import lib\/topic/,
  ],
  [
    "lib/topic/trie.ts",
    `import type { P } from "../codec/mod.ts";`,
    /topic may not import lib\/codec/,
  ],
  ["lib/session/session.ts", `export * from "../broker/mod.ts";`, /may not import lib\/broker/],
  ["lib/broker/broker.ts", `import { s } from "../store/mod.ts";`, /may not import lib\/store/],
  ["lib/net/tcp.ts", `export { S } from "../session/mod.ts";`, /net may not import lib\/session/],
  ["lib/net/tcp.ts", `const m = await import("../store/mod.ts");`, /net may not import lib\/store/],
  ["lib/net/tcp.ts", `type S = import("../store/mod.ts").Store;`, /net may not import lib\/store/],
  ["lib/net/tcp.ts", `type S = typeof import("../store/mod.ts");`, /may not import lib\/store/],
  ["lib/net/tcp.ts", "await import(`../store/mod.ts`);", /may not import lib\/store/],
  ["lib/net/tcp.ts", "await import(`../${room}/mod.ts`);", /as a text, not computed/],
  ["lib/net/tcp.ts", `await import(name);`, /as a text, not computed/],
  ["lib/net/tcp.ts", `import store = require("../store/mod.ts");`, /may not import lib\/store/],
  ["lib/net/tcp.ts", `export type { S } from "../store/mod.ts";`, /may not import lib\/store/],
  ["lib/net/tcp.ts", `export type * from "../store/mod.ts";`, /may not import lib\/store/],
  [
    "lib/net/tcp.ts",
    `new Worker(new URL("../store/writer.ts", import.meta.url));`,
    /may not import lib\/store/,
  ],
  ["lib/net/tcp.ts", `import.meta.resolve("../store/mod.ts");`, /may not import lib\/store/],
  ["lib/net/tcp.ts", `/// <reference path="../store/mod.ts" />`, /not referred to in a comment/],
  ["lib/net/tcp.ts", `// @ts-types="../store/mod.ts"\nimport "./x.ts";`, /not referred to/],
  ["lib/broker/broker.ts", `import { T } from "../topic/trie.ts";`, /by its mod\.ts/],
  ["lib/broker/broker.ts", `import type { T } from "../topic/trie.ts";`, /by its mod\.ts/],
  ["lib/broker/broker.ts", `export { T } from "../topic/trie.ts";`, /by its mod\.ts/],
  ["lib/broker/broker.ts", `export * from "../topic/trie.ts";`, /by its mod\.ts/],
  ["lib/broker/broker.ts", `type T = import("../topic/trie.ts").T;`, /by its mod\.ts/],
  ["lib/broker/broker.ts", `type T = typeof import("../topic/trie.ts");`, /by its mod\.ts/],
  ["lib/cli/serve.ts", `await import("../topic/trie.ts");`, /by its mod\.ts/],
  ["lib/cli/serve.ts", `new URL("../store/sqlite_writer.ts", import.meta.url);`, /by its mod\.ts/],
  ["lib/broker/state/outbox.ts", `import { T } from "../../topic/trie.ts";`, /by its mod\.ts/],
  ["lib/broker/state/outbox.ts", `import { Broker } from "../mod.ts";`, /the file itself/],
  [
    "lib/broker/ground/clock.ts",
    `import type { Connection } from "../state/connection.ts";`,
    /ground may not import state, which is above it in lib\/broker/,
  ],
  [
    "lib/broker/state/client.ts",
    `export { Core } from "../core/core.ts";`,
    /state may not import core/,
  ],
  [
    "lib/broker/core/core.ts",
    `type R = typeof import("../services/route.ts");`,
    /core may not import services/,
  ],
  [
    "lib/broker/services/route.ts",
    `import { publish } from "../handlers/publish.ts";`,
    /services may not import handlers/,
  ],
  [
    "lib/broker/handlers/publish.ts",
    `import type { Broker } from "../broker.ts";`,
    /handlers may not import broker\.ts/,
  ],
  [
    "lib/broker/services/route.ts",
    `import { f } from "../router.ts";`,
    /lib\/broker\/router\.ts is in no layer of lib\/broker: ground, state/,
  ],
  ["lib/mod.ts", `export { Broker } from "./broker/broker.ts";`, /by its mod\.ts/],
  ["lib/codec/decode.ts", `import { encode } from "./mod.ts";`, /the file itself/],
  [
    "lib/net/tcp.ts",
    `import { Broker } from "../mod.ts";`,
    /lib\/mod\.ts may be imported by lib\/cli/,
  ],
  ["lib/httpd/api.ts", `import { Broker } from "../broker/mod.ts";`, /not in the table/],
  ["lib/codec/decode.ts", `import { hex } from "../../tests/support/hex.ts";`, /outside lib/],
  ["lib/cli/serve.ts", `import { run } from "../../tasks/ok.ts";`, /outside lib/],
  ["lib/net/tcp.ts", `import mqtt from "npm:mqtt@5.16.0";`, /relative and node: imports/],
  ["lib/net/tcp.ts", `import { delay } from "jsr:@std/async";`, /relative and node: imports/],
  ["lib/net/tcp.ts", `import x from "https://example.org/x.ts";`, /relative and node: imports/],
  ["lib/net/tcp.ts", `import { delay } from "@std/async";`, /relative and node: imports/],
  ["lib/codec/text.ts", `import { Buffer } from "node:buffer";`, /pure: node:buffer/],
  ["main.ts", `import { Broker } from "./lib/broker/mod.ts";`, /lib\/cli\/mod\.ts only/],

  [
    "lib/client/protocol/backoff.ts",
    `import { f } from "../ports.ts";`,
    /in no layer of lib\/client/,
  ],
  ["lib/client/protocol/backoff.ts", `import { f } from "node:fs";`, /client\/protocol is pure/],
  ["lib/client/protocol/backoff.ts", `const x = Math.random();`, /client\/protocol is pure/],

  ["lib/broker/broker.ts", `export async function f() {}`, /flux\/pure-core.*async/],
  ["lib/broker/broker.ts", `export const f = async () => {};`, /async/],
  ["lib/broker/broker.ts", `export class B { async f() {} }`, /async/],
  ["lib/broker/broker.ts", `const x = await y;`, /await/],
  ["lib/broker/broker.ts", `for await (const x of y) z(x);`, /await/],
  ["lib/codec/decode.ts", `const now = Date.now();`, /Date/],
  ["lib/codec/decode.ts", `const now = new Date();`, /Date/],
  ["lib/codec/decode.ts", `let when: Date;`, /Date/],
  ["lib/codec/decode.ts", `const now = Temporal.Now.instant();`, /Temporal/],
  ["lib/topic/trie.ts", `const start = performance.now();`, /performance/],
  ["lib/session/session.ts", `setTimeout(() => {}, 1);`, /setTimeout/],
  ["lib/session/session.ts", `setInterval(() => {}, 1);`, /setInterval/],
  ["lib/session/session.ts", `queueMicrotask(() => {});`, /queueMicrotask/],
  ["lib/session/session.ts", `const later = { setTimeout };`, /setTimeout/],
  ["lib/session/session.ts", `globalThis.setTimeout(() => {}, 1);`, /globalThis/],
  ["lib/broker/broker.ts", `const x = Math.random();`, /Math\.random/],
  ["lib/broker/broker.ts", `const x = Math["random"]();`, /Math\.random/],
  ["lib/broker/broker.ts", `const { random } = Math;`, /Math\.random/],
  ["lib/broker/broker.ts", `const id = crypto.randomUUID();`, /crypto/],
  ["lib/broker/broker.ts", `console.log(1);`, /console/],
  ["lib/broker/broker.ts", `fetch("http://127.0.0.1");`, /fetch/],
  ["lib/broker/broker.ts", `Deno.readFileSync("x");`, /Deno/],
  ["lib/broker/broker.ts", `const x = table[Date];`, /Date/],
];

for (const [file, source, complaint] of refused) {
  Deno.test(`the lint plugin refuses in ${file}: ${source}`, () => {
    const found = complaints(file, source);
    assert.notEqual(found.length, 0);
    for (const text of found) assert.match(text, complaint);
  });
}

Deno.test("the lint plugin takes absolute paths inside the project", () => {
  const file = decodeURIComponent(new URL("../../lib/codec/x.ts", import.meta.url).pathname);
  assert.equal(complaints(file, `import { f } from "../topic/mod.ts";`).length, 1);
});

Deno.test("the lint plugin has nothing to say about files elsewhere", () => {
  assert.deepEqual(complaints("/usr/lib/codec/x.ts", `import "npm:mqtt"; await fetch("x");`), []);
});
