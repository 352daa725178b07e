import { deepEqual, equal } from "node:assert/strict";
import { Session } from "../../lib/session/mod.ts";

const EXPIRIES: readonly [expirySeconds: number, isPersistent: boolean][] = [
  [0, false],
  [1, true],
  [Infinity, true],
];

for (const [expirySeconds, isPersistent] of EXPIRIES) {
  Deno.test(`a session of ${expirySeconds} seconds ${isPersistent ? "outlives" : "ends with"} its connection [MQTT-4.1.0-1]`, () => {
    const session = new Session("client");
    session.expirySeconds = expirySeconds;
    equal(session.isPersistent, isPersistent);
  });
}

Deno.test("a new session is empty and ends with its connection", () => {
  const { clientId, subscriptions, sender, receiver, queue, dropped, isPersistent } = new Session(
    "client",
  );
  equal(clientId, "client");
  deepEqual([subscriptions.size, sender.size, receiver.size, queue.length, dropped?.size ?? 0], [
    0,
    0,
    0,
    0,
    0,
  ]);
  equal(isPersistent, false);
});
