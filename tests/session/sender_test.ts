import { deepEqual, equal, ok } from "node:assert/strict";
import { type AckOutcome, type Delivery, type InFlight, Sender } from "../../lib/session/mod.ts";
import { Random } from "../support/random.ts";
import { delivery } from "./deliveries.ts";

const STATES = {
  "nothing in flight": () => {},
  "QoS 1 published": (sender: Sender) => void sender.start(delivery(1)),
  "QoS 2 published": (sender: Sender) => void sender.start(delivery(2)),
  "QoS 2 released": (sender: Sender) => {
    sender.pubrec(sender.start(delivery(2)).packetId, false);
  },
} as const;

const EVENTS = {
  "PUBACK": (sender: Sender) => sender.puback(1),
  "PUBREC": (sender: Sender) => sender.pubrec(1, false),
  "a refusing PUBREC": (sender: Sender) => sender.pubrec(1, true),
  "PUBCOMP": (sender: Sender) => sender.pubcomp(1),
} as const;

/** What is left in flight afterwards, and how the call answers: with the message, or why not. */
type Expected = readonly [
  answer: "message" | "unknown" | "unexpected",
  left: InFlight["state"] | undefined,
];

const TABLE: readonly [keyof typeof STATES, keyof typeof EVENTS, Expected, statements?: string][] =
  [
    ["nothing in flight", "PUBACK", ["unknown", undefined]],
    ["nothing in flight", "PUBREC", ["unknown", undefined]],
    ["nothing in flight", "a refusing PUBREC", ["unknown", undefined]],
    ["nothing in flight", "PUBCOMP", ["unknown", undefined]],
    ["QoS 1 published", "PUBACK", ["message", undefined], "[MQTT-4.3.2-3] [v3 MQTT-4.3.2-1]"],
    ["QoS 1 published", "PUBREC", ["unexpected", "published"]],
    ["QoS 1 published", "a refusing PUBREC", ["unexpected", "published"]],
    ["QoS 1 published", "PUBCOMP", ["unexpected", "published"]],
    ["QoS 2 published", "PUBACK", ["unexpected", "published"], "[MQTT-4.3.3-3]"],
    ["QoS 2 published", "PUBREC", ["message", "released"], "[MQTT-4.3.3-4] [v3 MQTT-4.3.3-1]"],
    ["QoS 2 published", "a refusing PUBREC", ["message", undefined], "[MQTT-4.4.0-2]"],
    ["QoS 2 published", "PUBCOMP", ["unexpected", "published"]],
    ["QoS 2 released", "PUBACK", ["unexpected", "released"]],
    ["QoS 2 released", "PUBREC", ["message", "released"]],
    ["QoS 2 released", "a refusing PUBREC", ["message", undefined]],
    ["QoS 2 released", "PUBCOMP", ["message", undefined], "[MQTT-4.3.3-5] [v3 MQTT-4.3.3-1]"],
  ];

for (const [state, event, [answer, left], statements = ""] of TABLE) {
  Deno.test(
    `Sender, ${state}: ${event} is answered with ${answer}, leaves ${
      left ?? "nothing"
    } ${statements}`.trim(),
    () => {
      const sender = resumed();
      STATES[state](sender);
      equal(nameOf(EVENTS[event](sender)), answer);
      deepEqual([...sender.values()].map((inFlight) => inFlight.state), left ? [left] : []);
      equal(sender.size, left ? 1 : 0);
      equal(sender.bytes, left ? 1 : 0);
    },
  );
}

Deno.test("Sender knows an acknowledgement by its Packet Identifier alone", () => {
  const sender = resumed();
  const [first, second] = [sender.start(delivery(1)), sender.start(delivery(1))];
  equal(sender.puback(second.packetId), second);
  equal(sender.puback(second.packetId), "unknown");
  equal(sender.puback(first.packetId), first);
});

Deno.test("Packet Identifiers begin with 1, are never 0, and after 65,535 comes 1 again [MQTT-2.2.1-4] [v3 MQTT-2.3.1-4]", () => {
  const sender = resumed();
  const given = new Set<number>();
  for (let i = 0; i < 65_535; i++) {
    const { packetId } = sender.start(delivery());
    given.add(packetId);
    sender.puback(packetId);
  }
  equal(given.size, 65_535);
  deepEqual([Math.min(...given), Math.max(...given)], [1, 65_535]);
  equal(sender.start(delivery()).packetId, 1);
});

Deno.test("a Packet Identifier in use is skipped, before and after the wrap-around [MQTT-4.3.2-1] [MQTT-4.3.3-1] [v3 MQTT-2.3.1-4]", () => {
  const sender = resumed();
  for (const packetId of [1, 2, 65_533, 65_535]) sender.restore(packetId, delivery(2), "published");
  // The last one known is the highest, so the next is behind it, around the end.
  const started = Array.from({ length: 3 }, () => sender.start(delivery()).packetId);
  deepEqual(started, [3, 4, 5]);
  for (let packetId = 6; packetId < 65_533; packetId++) {
    equal(sender.start(delivery()).packetId, packetId);
  }
  equal(sender.start(delivery()).packetId, 65_534);
  equal(sender.size, 65_535);
});

Deno.test("a Packet Identifier is free again only when its exchange is over [MQTT-4.3.3-1] [v3 MQTT-4.3.3-1]", () => {
  const sender = resumed();
  const released = sender.start(delivery(2));
  sender.pubrec(released.packetId, false);
  for (let i = 0; i < 2 * 65_535; i++) {
    const { packetId } = sender.start(delivery());
    equal(packetId === 1, false, "1 waits for its PUBCOMP");
    sender.puback(packetId);
  }
  sender.pubcomp(1);
  cycleTo(sender, 1);
});

Deno.test("with all 65,535 Packet Identifiers in use there is no quota, until one is free", () => {
  const sender = resumed(65_535);
  for (let i = 0; i < 65_535; i++) sender.start(delivery());
  equal(sender.hasQuota, false);
  sender.puback(7);
  equal(sender.hasQuota, true);
  equal(sender.start(delivery()).packetId, 7);
});

const SETTLING: readonly [name: string, qos: 1 | 2, settle: (sender: Sender) => AckOutcome][] = [
  ["PUBACK", 1, (sender) => sender.puback(1)],
  ["a refusing PUBREC", 2, (sender) => sender.pubrec(1, true)],
  ["PUBREC and PUBCOMP", 2, (sender) => (sender.pubrec(1, false), sender.pubcomp(1))],
];

for (const [name, qos, settle] of SETTLING) {
  Deno.test(`the quota is used up by a PUBLISH and given back by ${name} [MQTT-3.3.4-9] [MQTT-4.9.0-2]`, () => {
    const sender = resumed(2);
    sender.start(delivery(qos));
    equal(sender.hasQuota, true);
    sender.start(delivery(qos));
    equal(sender.hasQuota, false);
    settle(sender);
    equal(sender.hasQuota, true);
  });
}

Deno.test("PUBREC alone gives no quota back [MQTT-3.3.4-9] [MQTT-4.9.0-2]", () => {
  const sender = resumed(1);
  sender.start(delivery(2));
  sender.pubrec(1, false);
  equal(sender.hasQuota, false);
});

const LIMITS: readonly [maxMessages: number, maxBytes: number, sizes: number[], room: boolean][] = [
  [0, 0, [100, 100, 100], true],
  [3, 0, [100, 100], true],
  [2, 0, [100, 100], false],
  [0, 201, [100, 100], true],
  [0, 200, [100, 100], false],
  [0, 50, [], true],
  [0, 50, [100], false],
];

for (const [maxMessages, maxBytes, sizes, room] of LIMITS) {
  Deno.test(`${sizes.length} messages of ${sizes[0] ?? 0} bytes leave ${room ? "room" : "no room"} within ${maxMessages} messages, ${maxBytes} bytes (0: no limit)`, () => {
    const sender = new Sender();
    sender.resume(maxMessages, maxBytes);
    for (const size of sizes) sender.start(delivery(1, size));
    equal(sender.hasQuota, room);
  });
}

Deno.test("nothing is sent again while a connection lasts [MQTT-4.4.0-1]", () => {
  const sender = resumed();
  sender.start(delivery(1));
  sender.pubrec(sender.start(delivery(2)).packetId, false);
  equal(sender.isResending, false);
  equal(sender.nextResend(), undefined);
});

Deno.test("on resuming, PUBLISH comes again in its order and PUBREL in the order of the PUBRECs [MQTT-4.4.0-1] [v3 MQTT-4.4.0-1] [v3 MQTT-4.6.0-6]", () => {
  const sender = resumed();
  for (const qos of [2, 1, 2, 2, 1] as const) sender.start(delivery(qos));
  sender.pubrec(4, false);
  sender.pubrec(1, false);
  sender.resume(20, 0);
  deepEqual(resends(sender), ["publish 2", "publish 3", "publish 5", "pubrel 4", "pubrel 1"]);
  equal(sender.isResending, false);
});

Deno.test("a second PUBREC changes no order", () => {
  const sender = resumed();
  sender.start(delivery(2));
  sender.start(delivery(2));
  sender.pubrec(1, false);
  sender.pubrec(2, false);
  sender.pubrec(1, false);
  sender.resume(20, 0);
  deepEqual(resends(sender), ["pubrel 1", "pubrel 2"]);
});

Deno.test("a session resumed with a smaller Receive Maximum sends again only so much at once [MQTT-3.3.4-9]", () => {
  const sender = resumed(10);
  for (let i = 0; i < 5; i++) sender.start(delivery(1));
  sender.resume(2, 0);
  deepEqual(resends(sender), ["publish 1", "publish 2"]);
  equal(sender.isResending, true);
  equal(sender.hasQuota, false);
  sender.puback(1);
  deepEqual(resends(sender), ["publish 3"]);
  sender.puback(2);
  sender.puback(3);
  deepEqual(resends(sender), ["publish 4", "publish 5"]);
  equal(sender.isResending, false);
  equal(sender.hasQuota, false);
  sender.puback(4);
  equal(sender.hasQuota, true);
});

Deno.test("PUBREL is sent again without a quota [MQTT-3.3.4-10] [MQTT-4.9.0-3]", () => {
  const sender = resumed();
  sender.start(delivery(2));
  sender.start(delivery(2));
  sender.pubrec(1, false);
  sender.pubrec(2, false);
  sender.resume(1, 0);
  deepEqual(resends(sender), ["pubrel 1", "pubrel 2"]);
  equal(sender.hasQuota, true);
  sender.pubcomp(1);
  sender.pubcomp(2);
  sender.start(delivery());
  equal(sender.hasQuota, false, "what was not sent on this connection gives nothing back");
});

Deno.test("what is acknowledged before its turn comes is not sent again", () => {
  const sender = resumed();
  for (let i = 0; i < 3; i++) sender.start(delivery(1));
  sender.resume(1, 0);
  deepEqual(resends(sender), ["publish 1"]);
  sender.puback(2);
  sender.puback(1);
  deepEqual(resends(sender), ["publish 3"]);
});

Deno.test("a Packet Identifier that is used anew during a resend is not sent twice", () => {
  const sender = resumed();
  for (let i = 0; i < 2; i++) sender.start(delivery(1));
  sender.resume(1, 0);
  deepEqual(resends(sender), ["publish 1"]);
  sender.puback(2);
  cycleTo(sender, 2);
  sender.puback(1);
  deepEqual(resends(sender), []);
});

Deno.test("resuming twice without a word in between sends everything again", () => {
  const sender = resumed();
  for (let i = 0; i < 3; i++) sender.start(delivery(1));
  sender.resume(2, 0);
  deepEqual(resends(sender), ["publish 1", "publish 2"]);
  sender.resume(20, 0);
  deepEqual(resends(sender), ["publish 1", "publish 2", "publish 3"]);
});

Deno.test("discard() frees the Packet Identifier, the quota and the bytes, once", () => {
  const sender = resumed(1);
  const inFlight = sender.start(delivery(1, 10));
  sender.discard(inFlight);
  deepEqual([sender.size, sender.bytes, sender.hasQuota], [0, 0, true]);
  sender.discard(inFlight);
  deepEqual([sender.size, sender.bytes, sender.hasQuota], [0, 0, true]);
  sender.start(delivery(1));
  equal(sender.hasQuota, false);
});

Deno.test("discard() of what was sent again lets the next one come", () => {
  const sender = resumed();
  for (let i = 0; i < 2; i++) sender.start(delivery(1));
  sender.resume(1, 0);
  sender.discard(sender.nextResend()!);
  deepEqual(resends(sender), ["publish 2"]);
});

Deno.test("restore() puts back states, order and bytes, and new Packet Identifiers go on behind", () => {
  const sender = new Sender();
  const restored: [number, Delivery, InFlight["state"]][] = [
    [9, delivery(2, 10), "published"],
    [3, delivery(1, 20), "published"],
    [5, delivery(2, 30), "released"],
  ];
  for (const [packetId, item, state] of restored) sender.restore(packetId, item, state);
  deepEqual([sender.size, sender.bytes], [3, 60]);
  sender.resume(20, 0);
  deepEqual(resends(sender), ["publish 9", "publish 3", "pubrel 5"]);
  equal(sender.start(delivery()).packetId, 10);
  equal(nameOf(sender.pubcomp(5)), "message");
  equal(nameOf(sender.puback(3)), "message");
  equal(nameOf(sender.pubrec(9, false)), "message");
});

/** Starts messages and acknowledges them, until one has this Packet Identifier; that one stays in flight. */
function cycleTo(sender: Sender, goal: number): void {
  for (let i = 0; i < 65_535; i++) {
    const { packetId } = sender.start(delivery(1));
    if (packetId === goal) return;
    sender.puback(packetId);
  }
  throw new Error(`Packet Identifier ${goal} was not given in a whole round`);
}

function resumed(maxMessages = 65_535): Sender {
  const sender = new Sender();
  sender.resume(maxMessages, 0);
  return sender;
}

function nameOf(outcome: AckOutcome): Expected[0] {
  return typeof outcome === "string" ? outcome : "message";
}

/** All that may be sent again now. */
function resends(sender: Sender): string[] {
  const found: string[] = [];
  for (let next = sender.nextResend(); next !== undefined; next = sender.nextResend()) {
    found.push(`${next.state === "published" ? "publish" : "pubrel"} ${next.packetId}`);
  }
  return found;
}

Deno.test("a Packet Identifier is never in use twice, nor found to be missing, however crowded it is", () => {
  const random = new Random(1);
  const sender = resumed(65_535);
  const used: number[] = [];
  const free = (index: number) => {
    sender.puback(used[index]!);
    used[index] = used.at(-1)!;
    used.pop();
  };
  // Fills up, stays full, empties to a third, and again.
  for (const goal of [65_535, 20_000, 50_000, 65_535, 0]) {
    while (used.length !== goal) {
      if (used.length < goal) used.push(sender.start(delivery(1)).packetId);
      else free(random.int(used.length));
      if (used.length > 0 && random.int(4) === 0) free(random.int(used.length));
      if (used.length > 0 && used.length === goal) break;
    }
    equal(new Set(used).size, used.length);
    equal(sender.size, used.length);
    ok(used.every((packetId) => packetId >= 1 && packetId <= 65_535));
  }
});

Deno.test("a Packet Identifier is found as fast where all others are in use", () => {
  const sender = resumed(65_535);
  const one = delivery(1);
  for (let i = 0; i < 65_534; i++) sender.start(one);
  const startMs = performance.now();
  let { packetId } = sender.start(one);
  // Always the one that a search would come to last.
  for (let i = 0; i < 20_000; i++) {
    sender.puback(packetId === 1 ? 65_535 : packetId - 1);
    packetId = sender.start(one).packetId;
  }
  // Searching took 47 ms for each, 15 minutes for all.
  ok(performance.now() - startMs < 10_000);
});
