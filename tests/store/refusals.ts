import { deepEqual, equal, ok } from "node:assert/strict";
import type { Properties, Qos } from "../../lib/codec/mod.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";

const FOR_EVER: Properties = { sessionExpiryInterval: 0xffffffff };
/** Who left a session behind. */
export const READER = { clientId: "reader", cleanStart: false, properties: FOR_EVER };
/** A payload that needs room of its own. */
export const LARGE: Uint8Array = new Uint8Array(200_000).fill(7);

/** Leaves a session behind, which `refuses` comes back to. */
export async function keepSession(port: number): Promise<void> {
  using reader = await RawClient.connect(port, READER);
  await reader.subscribe("t/#", 2);
}

/** Publishes until the broker knows that nothing can be stored, which `untilSaid` waits for, and then looks at everything. */
export async function refuses(port: number, untilSaid: () => Promise<unknown>): Promise<void> {
  using first = await RawClient.connect(port);
  await first.send(publishPacket("t/first", LARGE, 1, 1));
  await untilSaid();

  using five = await RawClient.connect(port);
  for (const qos of [1, 2] as const) {
    deepEqual(await answer(five, qos), { type: qos === 1 ? "puback" : "pubrec", reasonCode: 0x97 });
  }
  // Before 5.0 there is no such answer: the client is closed, and sends it again another time.
  for (const qos of [1, 2] as const) {
    using old = await RawClient.connect(port, { protocolVersion: 4 });
    await old.send(publishPacket("t/old", "", qos, qos));
    equal(await old.receive(), undefined);
  }

  // Who has a session comes in, reads, and QoS 0 flows; but nothing new is promised to it.
  using reader = await RawClient.connect(port, READER);
  await five.send(publishPacket("t/zero", "0"));
  for (;;) {
    const packet = await reader.receive();
    if (packet?.type === "publish" && packet.topicName === "t/zero") break;
  }
  using other = await RawClient.connect(port);
  await other.subscribe("t/zero");
  await five.send(publishPacket("t/zero", "1"));
  equal((await other.receive())?.type, "publish");
}

/** QoS 1 and 2 are acknowledged as ever. */
export async function accepts(port: number): Promise<void> {
  using client = await RawClient.connect(port);
  for (const qos of [1, 2] as const) equal((await answer(client, qos)).reasonCode, 0);
}

async function answer(client: RawClient, qos: Qos) {
  await client.send(publishPacket("t/answer", "", qos, 10 + qos));
  const packet = await client.receive();
  ok(packet !== undefined && "reasonCode" in packet);
  return { type: packet.type, reasonCode: packet.reasonCode };
}
