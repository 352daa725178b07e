import { deepEqual } from "node:assert/strict";
import { SILENT } from "../../lib/net/mod.ts";
import type { Delivery, KeptMessage } from "../../lib/broker/mod.ts";
import { openStore } from "../../lib/store/mod.ts";

const message = (publisherId: string, logId?: number): KeptMessage => ({
  topicName: "k",
  payload: Uint8Array.of(1),
  qos: 2,
  retain: false,
  properties: undefined,
  expiresAtMs: Infinity,
  publisherId,
  storeId: 0,
  ...logId === undefined ? {} : { logId },
});

const delivery = (sequence: number, message: KeptMessage): Delivery => ({
  message,
  qos: 2,
  retain: false,
  subscriptionIdentifiers: undefined,
  share: undefined,
  sequence,
});

Deno.test("a message's publisher and its place in the cluster's log are read back from the disk", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-log-place-" });
  const given: [publisherId: string, logId: number | undefined][] = [
    ["p", 2 ** 43 + 7],
    ["", 1],
    ["\u0001", undefined],
    ["\u00015\u0001x", undefined],
    ["\u00015\u0001x", 1024],
    ["plain", undefined],
  ];
  const open = () => openStore({ directory, durability: "interval", log: SILENT });
  // Some wait, others are in flight: those take the way of the journal.
  for (const isInFlight of [false, true]) {
    const clientId = `in flight: ${isInFlight}`;
    {
      await using opened = disposable(open());
      const { store } = opened;
      store.putSession(clientId, Infinity, Infinity);
      given.forEach((one, i) => {
        const sequence = 1 + i + (isInFlight ? 100 : 0);
        store.putDelivery(clientId, delivery(sequence, message(...one)));
        if (isInFlight) store.putInFlight(clientId, sequence, i + 1, "published");
      });
      await new Promise<void>((resolve) => store.commit(resolve));
    }
    await using opened = disposable(open());
    const session = [...opened.state.sessions].find((one) => one.clientId === clientId)!;
    let deliveries = session.deliveries.map(({ delivery }) => delivery);
    if (!isInFlight) {
      deliveries = await new Promise((resolve) => {
        const query = { afterSequence: 0, maxMessages: 100, maxBytes: 1e6 };
        opened.store.readQueue!(clientId, query, ({ deliveries }) => resolve([...deliveries]));
      });
    }
    deepEqual(deliveries.map(({ message }) => [message.publisherId, message.logId]), given);
  }
  await Deno.remove(directory, { recursive: true });
});

function disposable<Opened extends { close(): Promise<void> }>(
  opened: Opened,
): Opened & AsyncDisposable {
  return Object.assign(opened, { [Symbol.asyncDispose]: () => opened.close() });
}
