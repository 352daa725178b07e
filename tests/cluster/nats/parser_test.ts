import { deepEqual, equal, throws } from "node:assert/strict";
import {
  decodeHeaders,
  encodeHeaders,
  NatsError,
  Parser,
  Writer,
} from "../../../lib/cluster/nats/mod.ts";
import { Random } from "../../support/random.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Everything that a parser tells, as text. */
function told(feed: (parser: Parser) => void): string[] {
  const events: string[] = [];
  feed(
    new Parser({
      info: ({ server_name }) => events.push(`info ${server_name}`),
      message: (sid, subject, reply, headers, payload) =>
        events.push(
          `message ${sid} ${subject} [${reply}] ` +
            `${headers === undefined ? "-" : JSON.stringify(decoder.decode(headers))} ` +
            decoder.decode(payload),
        ),
      ping: () => events.push("ping"),
      pong: () => events.push("pong"),
      ok: () => events.push("ok"),
      error: (message) => events.push(`error ${message}`),
    }),
  );
  return events;
}

const STREAM = encoder.encode(
  `INFO {"server_name":"n1"}\r\n+OK\r\nPING\r\nPONG\r\n-ERR 'Unknown Protocol Operation'\r\n` +
    "MSG a.b 7 5\r\nhe\r\nl\r\n" +
    "MSG a.b 8 reply.to 0\r\n\r\n" +
    "HMSG c 9 23 26\r\nNATS/1.0\r\nAb: cd ef\r\n\r\nxyz\r\n" +
    "hmsg c 9 r 30 30\r\nNATS/1.0 503 No Responders\r\n\r\n\r\n",
);
const EVENTS = [
  "info n1",
  "ok",
  "ping",
  "pong",
  "error Unknown Protocol Operation",
  "message 7 a.b [] - he\r\nl",
  "message 8 a.b [reply.to] - ",
  'message 9 c [] "NATS/1.0\\r\\nAb: cd ef\\r\\n\\r\\n" xyz',
  'message 9 c [r] "NATS/1.0 503 No Responders\\r\\n\\r\\n" ',
];

Deno.test("Parser finds every operation of the server", () => {
  deepEqual(told((parser) => parser.feed(STREAM)), EVENTS);
});

Deno.test("Parser finds the same wherever the stream is split, and byte by byte", () => {
  for (let at = 0; at <= STREAM.length; at++) {
    const events = told((parser) => {
      parser.feed(STREAM.slice(0, at));
      parser.feed(STREAM.slice(at));
    });
    deepEqual(events, EVENTS, `split at ${at}`);
  }
  const events = told((parser) => {
    const byte = new Uint8Array(1);
    for (const value of STREAM) {
      byte[0] = value;
      parser.feed(byte);
    }
  });
  deepEqual(events, EVENTS);
});

for (
  const [text, why] of [
    ["HELLO\r\n", "an unknown operation"],
    ["PING\n", "a line that ends in LF alone"],
    ["INFO nothing\r\n", "an INFO that is no JSON"],
    ["INFO 5\r\n", "an INFO that is no object"],
    ["MSG a 1\r\n", "a message without its size"],
    ["MSG a 1 x\r\n", "a size that is no number"],
    ["MSG a 1 -1\r\n", "a size below nothing"],
    ["MSG a 1 2\r\nabc\r\n", "a message longer than it says"],
    ["MSG a 1 99999999999\r\n", "a size beyond the limit"],
    ["HMSG a 1 9 5\r\n", "headers longer than the whole"],
    ["MSG a 1 b c 5\r\n", "a word too many"],
    ["x".repeat(70_000), "a line without an end"],
  ]
) {
  Deno.test(`Parser refuses ${why}`, () => {
    throws(() => told((parser) => parser.feed(encoder.encode(text))), NatsError);
  });
}

Deno.test("Parser gives events or a NatsError for any bytes, and nothing else", () => {
  const seed = 20_261_126;
  const random = new Random(seed);
  for (let round = 0; round < 3000; round++) {
    const bytes = STREAM.slice();
    for (let i = 0; i < 3; i++) bytes[random.int(bytes.length)] = random.int(256);
    try {
      told((parser) => {
        for (let at = 0; at < bytes.length;) {
          const next = Math.min(bytes.length, at + 1 + random.int(40));
          parser.feed(bytes.slice(at, next));
          at = next;
        }
      });
    } catch (error) {
      if (!(error instanceof NatsError)) {
        throw new Error(`seed ${seed}, round ${round}`, { cause: error });
      }
    }
  }
});

Deno.test("Writer writes what the protocol wants", () => {
  const writer = new Writer();
  writer.connect({ verbose: false });
  writer.subscribe("a.*", 1, "");
  writer.subscribe("b.>", 2, "group");
  writer.unsubscribe(1);
  writer.publish("a.b", "", encoder.encode("hi"));
  writer.publish("a.b", "r", encoder.encode("hé"), [["Nats-Msg-Id", "7"]]);
  writer.ping();
  writer.pong();
  equal(
    decoder.decode(writer.take()),
    'CONNECT {"verbose":false}\r\nSUB a.* 1\r\nSUB b.> group 2\r\nUNSUB 1\r\nPUB a.b 2\r\nhi\r\n' +
      "HPUB a.b r 28 31\r\nNATS/1.0\r\nNats-Msg-Id: 7\r\n\r\nhé\r\nPING\r\nPONG\r\n",
  );
  equal(writer.length, 0);
});

for (const subject of ["", "a b", "a\r\nPING", "a\tb", "\u0000"]) {
  Deno.test(`Writer refuses the subject ${JSON.stringify(subject)}`, () => {
    throws(() => new Writer().publish(subject, "", new Uint8Array(0)), TypeError);
    throws(() => new Writer().subscribe(subject, 1, ""), TypeError);
  });
}

Deno.test("headers are read as they were written, with status and description", () => {
  const { values, status } = decodeHeaders(encodeHeaders([["A", "b: c"], ["D", ""]]));
  deepEqual([...values], [["A", "b: c"], ["D", ""]]);
  equal(status, 0);
  const no = decodeHeaders(encoder.encode("NATS/1.0 408 Request Timeout\r\nX: 1\r\n\r\n"));
  deepEqual([no.status, no.description, no.values.get("X")], [408, "Request Timeout", "1"]);
  throws(() => encodeHeaders([["A", "b\r\nC: d"]]), TypeError);
  throws(() => decodeHeaders(encoder.encode("HTTP/1.1 200")), NatsError);
});
