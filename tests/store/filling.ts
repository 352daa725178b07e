import { ok } from "node:assert/strict";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { LARGE, READER } from "./refusals.ts";

/** Publishes to the absent reader until there is no room; returns how many of them the broker has. */
export async function fillStore(port: number): Promise<number> {
  using client = await RawClient.connect(port);
  for (let count = 0; count < 1000; count++) {
    await client.send(publishPacket("t/fill", LARGE, 1, 1 + count));
    const packet = await client.receive();
    ok(packet?.type === "puback");
    if (packet.reasonCode === 0x97) return count;
  }
  throw new Error("There is no limit");
}

/** The reader comes and takes all that waits for it, `expected` of them for filling; returns how many of those there were. */
export async function takeAll(port: number, expected: number): Promise<number> {
  using reader = await RawClient.connect(port, READER);
  let count = 0;
  for (let before = -1; before < count || count < expected;) {
    before = count;
    await reader.send({ type: "pingreq" });
    for (;;) {
      const packet = await reader.receive();
      if (packet?.type === "pingresp") break;
      if (packet?.type !== "publish") throw new Error(`Got ${packet?.type}`);
      const { qos, packetId, topicName } = packet;
      if (qos === 1) await reader.send({ type: "puback", packetId, reasonCode: 0 });
      if (qos === 2) await reader.send({ type: "pubrec", packetId, reasonCode: 0x80 });
      if (topicName === "t/fill") count++;
    }
  }
  return count;
}
