import { strict as assert } from "node:assert";
import { connect } from "node:net";
import { encodePacket } from "../../lib/codec/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { connectPacket, publishPacket, RawClient } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

/** How long the broker's processor time is watched, milliseconds. */
const WATCH_MS = 800;
/** One clock tick of `/proc`, milliseconds. */
const TICK_MS = 10;

/** Milliseconds of processor that the process has used; `undefined`: this system does not tell. */
function processorMs(pid: number): number | undefined {
  try {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}

transportTest(
  "a client that resets its connection while it is not read costs nothing, and what it sent counts",
  async (_, transport) => {
    const flags = ["--no-persistence", "--max-client-publish-rate", "2"];
    await using broker = await BrokerProcess.start({ transport, flags });
    using watcher = await RawClient.connect(broker.port);
    await watcher.subscribe("#");
    const socket = connect({ host: "127.0.0.1", port: broker.port });
    await new Promise((resolve) => socket.once("connect", resolve));
    // More than it may send in a second or two: it is not read meanwhile.
    const will = { topicName: "gone", payload: new Uint8Array(1), qos: 0, retain: false } as const;
    socket.write(encodePacket(connectPacket({ will }), 5));
    for (let i = 0; i < 6; i++) socket.write(encodePacket(publishPacket("n", `${i}`), 5));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const isClosed = new Promise((resolve) => socket.once("close", resolve));
    socket.resetAndDestroy();
    await isClosed;
    const beforeMs = processorMs(broker.pid);
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const usedMs = beforeMs === undefined ? 0 : processorMs(broker.pid)! - beforeMs;
    assert.ok(usedMs < WATCH_MS / 4, `The broker worked for ${usedMs} ms of ${WATCH_MS}`);
    const topics: string[] = [];
    while (!topics.includes("gone")) {
      const packet = await watcher.receive();
      assert.ok(packet?.type === "publish");
      topics.push(packet.topicName);
    }
    assert.equal(topics.filter((topic) => topic === "n").length, 6, topics.join(" "));
  },
);
