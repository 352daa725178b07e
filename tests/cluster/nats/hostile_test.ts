import { equal, ok, rejects } from "node:assert/strict";
import type { Message } from "../../../lib/broker/mod.ts";
import { Log } from "../../../lib/cluster/log.ts";
import { NatsConnection, Parser, type ServerInfo } from "../../../lib/cluster/nats/mod.ts";
import { JetStream } from "../../../lib/cluster/nats/jetstream.ts";
import { SILENT } from "../../../lib/net/mod.ts";
import { until } from "../../support/bridge_ends.ts";

// A server of NATS that is broken or hostile, and clients of the broker that try to make it refuse what their node sends.

const encoder = new TextEncoder();
const MB = 1024 * 1024;

function parserOf(info: (info: ServerInfo) => void = () => {}): Parser {
  const nothing = () => {};
  return new Parser({
    info,
    message: nothing,
    ping: nothing,
    pong: nothing,
    ok: nothing,
    error: nothing,
  });
}

Deno.test("A long message that comes in small pieces is moved a few times only, and its buffer is not kept", () => {
  let movedBytes = 0;
  const { copyWithin } = Uint8Array.prototype;
  const parser = parserOf();
  parser.feed(encoder.encode(`MSG a 1 ${8 * MB}\r\n`));
  Uint8Array.prototype.copyWithin = function (to, from, end) {
    movedBytes += (end ?? this.length) - from;
    return copyWithin.call(this, to, from, end);
  };
  try {
    const piece = new Uint8Array(64 * 1024);
    for (let i = 0; i < 128; i++) parser.feed(piece);
    parser.feed(encoder.encode("\r\n"));
  } finally {
    Uint8Array.prototype.copyWithin = copyWithin;
  }
  ok(movedBytes < 8 * MB, `${movedBytes} bytes were moved`);
});

Deno.test("Of an INFO only what is used is kept, and only where it is what it should be", () => {
  const seen: ServerInfo[] = [];
  const parser = parserOf((info) => void seen.push(info));
  parser.feed(encoder.encode('INFO {"server_name":"n","max_payload":"many","x":"y"}\r\n'));
  equal(JSON.stringify(seen), '[{"server_name":"n"}]');
});

/** A server that says what `answer` has to say to each line of the client's. */
function fakeServer(answer: (line: string) => string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const decoder = new TextDecoder();
  const serve = async (conn: Deno.Conn) => {
    open.add(conn);
    await conn.write(encoder.encode('INFO {"max_payload":1000000}\r\n'));
    const buffer = new Uint8Array(65_536);
    for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
      const lines = decoder.decode(buffer.subarray(0, count)).split("\r\n");
      const said = lines.map((line) => line === "PING" ? "PONG\r\n" : answer(line)).join("");
      if (said !== "") await conn.write(encoder.encode(said));
    }
  };
  const accepting = (async () => {
    for await (const conn of listener) serve(conn).catch(() => {});
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) conn.close();
      await accepting;
    },
  };
}

for (const body of ["null", "7", "{}", '{"state":null}', '{"state":[]}', "not JSON"]) {
  Deno.test(`An answer of JetStream that is ${body} is an error that is told, and no crash`, async () => {
    await using server = fakeServer((line) => {
      const [, subject = "", reply = ""] = line.split(" ");
      if (!subject.startsWith("$JS.API.STREAM.INFO")) return "";
      return `MSG ${reply} 1 ${body.length}\r\n${body}\r\n`;
    });
    const place = { hostname: "127.0.0.1", port: server.port, isTls: false };
    const nats = new NatsConnection({
      places: [place],
      credentials: { kind: "none" },
      tls: { caCerts: [] },
      name: "test",
    });
    try {
      await until(() => nats.isConnected);
      const asked = new JetStream(nats).streamInfo("s");
      if (body === '{"state":[]}') equal((await asked)?.lastSequence, 0);
      else await rejects(asked, { name: "NatsError", kind: "protocol" });
    } finally {
      await nats.close();
    }
  });
}

Deno.test("No record is longer than NATS takes, whatever properties its messages have", () => {
  const sent: number[] = [];
  const nats = {
    maxPayloadBytes: 100_000,
    newInbox: () => "inbox",
    subscribe: () => () => {},
    publish: (_: string, bytes: Uint8Array) => sent.push(bytes.length) > 0,
  } as unknown as NatsConnection;
  const log = new Log(nats, "log", "node", () => 0, SILENT);
  log.epoch = 1;
  const message = (payloadBytes: number, propertyBytes: number): Message => ({
    topicName: "t",
    payload: new Uint8Array(payloadBytes),
    qos: 1,
    retain: false,
    properties: { userProperties: [["n", "x".repeat(propertyBytes)]] },
    expiresAtMs: Infinity,
    publisherId: "p",
  });
  equal(log.append(message(50_000, 0), 0, false), true);
  equal(log.append(message(0, 60_000), 0, false), true);
  equal(log.append(message(40_000, 60_000), 0, false), false);
  equal(log.append(message(90_000, 0), 0, false), true);
  equal(log.append(message(10, 10), 0, false), true);
  log.flush();
  equal(sent.length, 3);
  ok(Math.max(...sent) <= 100_000, String(sent));
});
