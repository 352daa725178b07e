import { equal, ok } from "node:assert/strict";
import type { Properties } from "../../lib/codec/mod.ts";
import {
  contentSizeBytes,
  type Delivery,
  deliverySizeBytes,
  MESSAGE_OVERHEAD_BYTES,
  messageSizeBytes,
  Sender,
  USER_PROPERTY_OVERHEAD_BYTES,
} from "../../lib/session/mod.ts";
import { collectGarbage } from "../support/garbage.ts";
import { delivery, keptMessage } from "./deliveries.ts";

const content = { topicName: "a/b", payload: new Uint8Array(7) };

// deno-fmt-ignore
const PROPERTIES: [properties: Properties | undefined, bytes: number, why: string][] = [
  [undefined, 0, "there are none"],
  [{}, 0, "there are none"],
  [{ payloadFormatIndicator: 1 }, 2, "identifier and byte"],
  [{ contentType: "text", responseTopic: "ö" }, 3 + 4 + 3 + 2, "identifier, length, UTF-8"],
  [{ correlationData: new Uint8Array(100) }, 103, "identifier, length, data"],
  [{ userProperties: [["n", "value"], ["", ""]] }, 5 + 6 + 5 + 2 * USER_PROPERTY_OVERHEAD_BYTES, "each a name, a value, and what it takes to keep them"],
];

for (const [properties, bytes, why] of PROPERTIES) {
  Deno.test(`${JSON.stringify(properties)} counts ${bytes} bytes of a message: ${why}`, () => {
    const message = keptMessage({ ...content, properties });
    equal(contentSizeBytes(message), 10 + bytes);
    equal(messageSizeBytes(message), MESSAGE_OVERHEAD_BYTES + 10 + bytes);
    equal(deliverySizeBytes(delivery(1, 1, { message })), messageSizeBytes(message));
  });
}

Deno.test("properties are measured once", () => {
  let asked = 0;
  const properties: Properties = {
    get contentType() {
      asked++;
      return "text";
    },
  };
  const message = keptMessage({ properties });
  const sizes = new Set(Array.from({ length: 10 }, () => messageSizeBytes(message)));
  equal(sizes.size, 1);
  equal(asked, 1);
});

Deno.test("what is in flight counts with its properties, without what it takes to keep it", () => {
  const sender = new Sender();
  const properties: Properties = { userProperties: [["n", "v".repeat(1000)]] };
  const message = keptMessage({ ...content, properties });
  const { packetId } = sender.start(delivery(1, 1, { message }));
  equal(sender.bytes, contentSizeBytes(message));
  ok(sender.bytes > 1000);
  sender.puback(packetId);
  equal(sender.bytes, 0);
});

const KINDS: [kind: string, count: number, userProperties: number][] = [
  ["messages of one byte", 20_000, 0],
  ["messages with User Properties of a few bytes", 200, 500],
];

for (const [kind, count, userProperties] of KINDS) {
  Deno.test(`${kind} take no more memory than one and a half times what is counted`, () => {
    const kept: Delivery[] = [];
    const bytesBefore = usedBytes();
    let countedBytes = 0;
    for (let i = 0; i < count; i++) {
      const pairs = Array.from({ length: userProperties }, (_, n) => [`n${n}`, `v${i}`] as const);
      const properties = userProperties > 0 ? { userProperties: pairs } : undefined;
      const message = keptMessage({ topicName: `t${i}`, payload: new Uint8Array(1), properties });
      kept.push(delivery(1, 1, { message }));
      countedBytes += deliverySizeBytes(kept.at(-1)!);
    }
    const bytes = usedBytes() - bytesBefore;
    equal(kept.length, count); // so that they were in use until here
    ok(bytes < 1.5 * countedBytes, `${bytes} bytes used, ${countedBytes} counted`);
    ok(countedBytes < 3 * bytes, `${bytes} bytes used, ${countedBytes} counted`);
  });
}

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
