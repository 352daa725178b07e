import { strict as assert } from "node:assert";
import { answerRequest, endOfRequest } from "../../lib/net/web_socket_handshake.ts";
import { upgradeRequest } from "../support/raw_web_socket.ts";

const OPTIONS = { origins: [], maxHeaderBytes: 65_535, maxFrameBytes: 65_535 };
/** The longest that a request may stop everybody, milliseconds: hundreds of times what it takes. */
const LIMIT_MS = 250;
const LENGTH = 64 * 1024;

/** What strangers may send as a header, 64 KB of it. */
const headers: [name: string, header: string][] = [
  ["blanks", `X:${" ".repeat(LENGTH)}`],
  ["tabs", `X:${"\t".repeat(LENGTH)}`],
  ["blanks between letters", `X:${" a".repeat(LENGTH / 2)}`],
  ["blanks before a line feed", `X:${" ".repeat(LENGTH)}\n`],
  ["a long name", `${"x".repeat(LENGTH)}: 1`],
  ["a long name without a colon", "x".repeat(LENGTH)],
  ["colons", ":".repeat(LENGTH)],
  ["commas", `Connection: ${",".repeat(LENGTH)}`],
  ["subprotocols", `Sec-WebSocket-Protocol: ${"a ,".repeat(LENGTH / 3)}`],
  ["the same header again and again", Array(LENGTH / 4).fill("a:").join("\r\n")],
];
for (const [name, header] of headers) {
  Deno.test(`a request with 64 KB of ${name} is answered at once`, async () => {
    const startMs = performance.now();
    await answerRequest(upgradeRequest({ headers: [header] }), OPTIONS);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < LIMIT_MS, `It took ${tookMs.toFixed(0)} ms`);
  });
}

/** Lines, and whether they are headers. */
const lines: [line: string, isHeader: boolean][] = [
  ["X: 1", true],
  ["X:1", true],
  ["X: \t1 2\t ", true],
  ["X:", true],
  ["X: :", true],
  ["X : 1", false],
  [": 1", false],
  ["X", false],
  [" X: 1", false],
  ["X: a\nb", false],
  ["X: a\rb", false],
  ["Ä: 1", false],
];
for (const [line, isHeader] of lines) {
  Deno.test(`${JSON.stringify(line)} is ${isHeader ? "a" : "no"} header`, async () => {
    const { refusal } = await answerRequest(upgradeRequest({ headers: [line] }), OPTIONS);
    assert.equal(refusal, isHeader ? undefined : "This is no HTTP/1.1 request");
  });
}

Deno.test("blanks and tabs around a header's value do not count, those within do", async () => {
  const request = (origin: string) => upgradeRequest({ headers: [`Origin:${origin}`] });
  const options = { ...OPTIONS, origins: ["a \tb"] };
  for (const origin of ["a \tb", " a \tb", "\t \ta \tb \t "]) {
    assert.equal((await answerRequest(request(origin), options)).refusal, undefined);
  }
  assert.notEqual((await answerRequest(request("a b"), options)).refusal, undefined);
});

Deno.test("the end of a request is found wherever it is cut", () => {
  const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\nA: 1\r\n\r\nrest");
  const end = bytes.length - "rest".length;
  for (let cut = 0; cut <= bytes.length; cut++) {
    const first = endOfRequest(bytes.subarray(0, cut));
    assert.equal(first, cut < end ? -1 : end);
    if (first < 0) assert.equal(endOfRequest(bytes, cut), end);
  }
});
