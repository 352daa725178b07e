// deno-lint-ignore-file no-console -- a test that cannot measure says so
import { strict as assert } from "node:assert";
import { encodePacket } from "../../lib/codec/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { publishPacket } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

/** Bytes of the broker's memory for each client that is connected and says nothing. */
const LIMIT_BYTES = 10 * 1024;
/** Clients that bring everything that is made once. */
const FIRST = 500;
const MORE = 2500;
/** How long the broker is given to notice that it is calm, milliseconds. */
const CALM_MS = 2500;

async function connectIdle(port: number, count: number): Promise<Deno.Conn[]> {
  const conns: Deno.Conn[] = [];
  const connack = new Uint8Array(4);
  for (let i = 0; i < count; i++) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conns.push(conn);
    const clientId = `idle-${count}-${i}`;
    await conn.write(
      encodePacket(
        { type: "connect", protocolVersion: 4, cleanStart: true, keepAliveSeconds: 0, clientId },
        4,
      ),
    );
    await conn.read(connack);
    assert.deepEqual([...connack], [0x20, 2, 0, 0]);
  }
  return conns;
}

/** Makes the broker give memory back, as it may when the others have come: clients that leave in the middle of a large packet. */
async function leaveMuch(port: number): Promise<void> {
  const conns = await connectIdle(port, 20);
  const bytes = encodePacket(publishPacket("large", new Uint8Array(1_900_000)), 4).subarray(0, -1);
  await Promise.all(conns.map(async (conn) => {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    conn.close();
  }));
}

transportTest("a client that is idle takes 10 KB of memory or less", async (_, transport) => {
  const broker = await BrokerProcess.start({ transport, flags: ["--no-persistence"] });
  const conns: Deno.Conn[] = [];
  try {
    conns.push(...await connectIdle(broker.port, FIRST));
    await leaveMuch(broker.port);
    await new Promise((resolve) => setTimeout(resolve, CALM_MS));
    const before = await broker.residentBytes();
    if (before === undefined) return console.log("not measured: this system does not tell");
    conns.push(...await connectIdle(broker.port, MORE));
    await new Promise((resolve) => setTimeout(resolve, CALM_MS));
    const each = (await broker.residentBytes() ?? 0) / MORE - before / MORE;
    assert.ok(each > 1024 && each < LIMIT_BYTES, `${each.toFixed(0)} bytes each`);
  } finally {
    for (const conn of conns) conn.close();
    await broker.stop();
  }
}, true);
