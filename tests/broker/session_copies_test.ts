import { deepEqual, equal } from "node:assert/strict";
import type { BrokerOptions, ClusterPort, Message, SessionChange } from "../../lib/broker/mod.ts";
import { Exchange } from "../support/exchange.ts";

/** A cluster that hears of nothing: a test says what its log has. */
class QuietCluster implements ClusterPort {
  readonly node = "here";
  readonly isReady = true;
  readonly currentSinceMs = -Infinity;
  readonly isPrompt = true;
  readonly gone: string[] = [];
  /** Called where a client comes, before the rest of its CONNECT is handled. */
  onClaim: (clientId: string) => void = () => {};
  /** Where set, a claim stands in the log when the test says so. */
  held: (() => void)[] | undefined;
  #done = "";

  hasRoom = false;
  append(): boolean {
    return this.hasRoom;
  }
  forward(): undefined {}
  shareChanged(): void {}
  isShareHere(): boolean {
    return true;
  }
  shareSent(): void {}
  isShareDue(): boolean {
    return false;
  }
  readonly left: number[] = [];
  shareLeft(_: string, { logId = 0 }: Message): void {
    this.left.push(logId);
  }
  claim(clientId: string, _: boolean, whenApplied?: (isOvertaken: boolean) => void): void {
    const apply = () => {
      this.onClaim(clientId);
      whenApplied?.(false);
    };
    if (this.held === undefined) apply();
    else this.held.push(apply);
  }
  unclaim(clientId: string): void {
    this.gone.push(clientId);
  }
  restored(): string {
    return this.#done;
  }
  restoredShared(): void {}
  homeOf(): undefined {}
  keepDone(_: string, text: string): void {
    this.#done = text;
  }
  count(): void {}
}

/** The place in the log of the message of this number. */
const place = (number: number) => number * 1024;

/** A node with a copy of the session of `c`, which has `t/#` and is at another node; one message of its queue is in memory. */
function copyOf(
  isRestarted = false,
  clientId = "c",
  options: Partial<BrokerOptions> = { queueMemoryMessages: 1 },
) {
  const cluster = new QuietCluster();
  const exchange = new Exchange({ store: true, cluster, options });
  const { test } = exchange;
  const apply = (change: SessionChange) =>
    test.turn(() => equal(test.broker.fromCluster.applySession(change, false), true));
  const publish = (...numbers: number[]) => {
    for (const number of numbers) {
      test.turn(() =>
        test.broker.fromCluster.applyShared({
          message: messageOf(number),
          packetId: 0,
          isOthers: true,
        })
      );
    }
  };
  const move = (isHere: boolean) => (clientId: string) =>
    test.broker.fromCluster.applyClaim({ clientId, endsSession: false, isHere, unapplied: [] });
  cluster.onClaim = move(true);
  apply({
    kind: "session",
    clientId,
    expirySeconds: 100,
    expiresAtMs: Infinity,
    // What a store keeps of a session that is another node's.
    owner: isRestarted ? "]there" : undefined,
    subscriptions: [{
      topicFilter: "t/#",
      qos: 2,
      noLocal: false,
      retainAsPublished: false,
      subscriptionIdentifier: 0,
    }],
  });
  return {
    cluster,
    exchange,
    test,
    apply,
    publish,
    leave: () => test.turn(() => move(false)("c")),
  };
}

function messageOf(number: number): Message {
  return {
    topicName: "t/a",
    payload: new TextEncoder().encode(String(number)),
    qos: 2,
    retain: false,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: "p",
    logId: place(number),
  };
}

const COME = `
  c> CONNECT sessionExpiryInterval=100
  c< CONNACK sessionPresent
`;

for (const isRestarted of [false, true]) {
  const when = isRestarted ? "after a restart of this node" : "at once";
  Deno.test(`what is in flight and waits in the store alone is sent again first, under its Packet Identifier, ${when} [MQTT-4.4.0-1]`, () => {
    const { exchange, test, apply, publish } = copyOf(isRestarted);
    publish(1, 2, 3, 4);
    apply({
      kind: "inFlight",
      clientId: "c",
      logId: place(3),
      packetId: 7,
      state: "published",
    });
    // The client's node may be ahead.
    apply({ kind: "done", clientId: "c", floor: place(1), above: [place(2)] });
    if (isRestarted) test.crash();
    exchange.play(`
      ${COME}
      c< PUBLISH dup id=7 qos=2 t/a "3"
      c< PUBLISH id=8 qos=2 t/a "1"
      c< PUBLISH id=9 qos=2 t/a "4"
      c< nothing
    `);
  });

  Deno.test(`what is done with is not sent again, though it is in the store alone here, ${when}`, () => {
    const { exchange, test, apply, publish } = copyOf(isRestarted);
    publish(1, 2, 3, 4, 5);
    apply({ kind: "done", clientId: "c", floor: place(3), above: [place(4)] });
    publish(6);
    if (isRestarted) test.crash();
    exchange.play(`
      ${COME}
      c< PUBLISH id=1 qos=2 t/a "3"
      c< PUBLISH id=2 qos=2 t/a "5"
      c< PUBLISH id=3 qos=2 t/a "6"
      c< nothing
    `);
  });
}

Deno.test("what is in flight is not taken for received where the client's node changes meanwhile", () => {
  const { exchange, apply, publish, leave } = copyOf();
  publish(1, 2, 3);
  apply({ kind: "inFlight", clientId: "c", logId: place(3), packetId: 7, state: "published" });
  leave();
  exchange.play(`
    ${COME}
    c< PUBLISH dup id=7 qos=2 t/a "3"
    c< PUBLISH id=8 qos=2 t/a "1"
    c< PUBLISH id=9 qos=2 t/a "2"
  `);
});

Deno.test("a released message that waits in the store alone is not published again", () => {
  const { exchange, test, apply, publish } = copyOf(true);
  publish(1, 2, 3);
  const change = { kind: "inFlight", clientId: "c", logId: place(3), packetId: 7 } as const;
  apply({ ...change, state: "published" });
  apply({ ...change, state: "released" });
  test.crash();
  exchange.play(`
    ${COME}
    c< PUBREL id=7
    c< PUBLISH id=8 qos=2 t/a "1"
    c< PUBLISH id=9 qos=2 t/a "2"
    c< nothing
  `);
});

Deno.test("the Packet Identifier of a message in flight is another one's no more, though the message waits in the store alone", () => {
  const { exchange, apply, publish } = copyOf();
  publish(1, 2, 3);
  apply({ kind: "inFlight", clientId: "c", logId: place(1), packetId: 7, state: "published" });
  apply({ kind: "inFlight", clientId: "c", logId: place(3), packetId: 7, state: "published" });
  exchange.play(`
    ${COME}
    c< PUBLISH dup id=65535 qos=2 t/a "1"
    c< PUBLISH dup id=7 qos=2 t/a "3"
    c< PUBLISH id=1 qos=2 t/a "2"
    c< nothing
  `);
});

Deno.test("a retained message of QoS 1 that the client has not acknowledged is not kept where it goes to another node", () => {
  const { exchange, test, leave } = copyOf();
  test.turn(() =>
    test.broker.core.retained.put({ ...messageOf(1), qos: 1, retain: true, logId: 0 })
  );
  exchange.play(`
    ${COME}
    c> SUBSCRIBE id=1 t/a qos=1
    c< PUBLISH id=1 qos=1 retain t/a "1"
    c< SUBACK id=1 1
  `);
  leave();
  exchange.play(`
    c< DISCONNECT SessionTakenOver
    c! closed
  `);
  const { session } = test.broker.clients.get("c")!;
  deepEqual([session.sender.size, session.queue.length], [0, 0]);
  equal(test.broker.metrics.dropped.get("session_ended"), 1);
});

Deno.test("a client that is gone before the log has its first session leaves nothing at the other nodes", () => {
  const { cluster, exchange, test } = copyOf();
  cluster.held = [];
  exchange.play(`
    new> CONNECT sessionExpiryInterval=100
    new x
  `);
  deepEqual(cluster.gone, []);
  for (const apply of cluster.held) test.turn(apply);
  deepEqual(cluster.gone, ["new"]);
});

for (const cleanStart of ["", "cleanStart "]) {
  const how = cleanStart === "" ? "" : ", with Clean Start too";
  Deno.test(`of two connections that wait for the log the second takes the first one over${how} [MQTT-3.1.4-3]`, () => {
    const { cluster, exchange, test } = copyOf();
    const endsSession = cleanStart !== "";
    const claim = { endsSession, isHere: true, unapplied: [] };
    cluster.onClaim = (clientId) => void test.broker.fromCluster.applyClaim({ clientId, ...claim });
    cluster.held = [];
    exchange.play(`
      one> CONNECT clientId=new ${cleanStart}sessionExpiryInterval=100
      two> CONNECT clientId=new ${cleanStart}sessionExpiryInterval=100
    `);
    test.turn(cluster.held[0]!);
    exchange.play(`
      one< CONNACK
      one> SUBSCRIBE id=1 t/#
      one< SUBACK id=1 0
    `);
    test.turn(cluster.held[1]!);
    exchange.play(`
      one< DISCONNECT reasonCode=0x8e reasonString="Session taken over"
      one! closed
      two< CONNACK${cleanStart === "" ? " sessionPresent" : ""}
    `);
  });
}

Deno.test("a message of a shared subscription that no member of this node can take is left to those of other nodes", () => {
  const { cluster, test, publish } = copyOf();
  test.turn(() => test.broker.fromCluster.holdShare("$share/g/t/#", true));
  publish(1);
  deepEqual(cluster.left, [place(1)]);
});

Deno.test("what a session of this node had of a shared subscription goes to others, where the session ends before the node is back", () => {
  const { cluster, exchange, test, apply, publish } = copyOf();
  const [share, subscription] = ["$share/g/t/#", { noLocal: false, retainAsPublished: false }];
  exchange.play(`
    ${COME}
    c> UNSUBSCRIBE id=1 t/#
    c< UNSUBACK id=1 0
    c> SUBSCRIBE id=2 ${share} qos=1
    c< SUBACK id=2 1
  `);
  publish(1, 2);
  exchange.play(`
    c< PUBLISH id=1 qos=1 t/a "1"
    c< PUBLISH id=2 qos=1 t/a "2"
    c> PUBACK id=1
    c x
  `);
  const ofNode = { kind: "session", expirySeconds: 100, expiresAtMs: Infinity } as const;
  const subscriptions = [
    { ...subscription, topicFilter: share, qos: 1 as const, subscriptionIdentifier: 0 },
  ];
  apply({ ...ofNode, clientId: "c", owner: "]here", subscriptions });
  test.crash();
  const claim = { clientId: "c", endsSession: true, isHere: false, unapplied: [] };
  test.turn(() => test.broker.fromCluster.applyClaim(claim));
  deepEqual(cluster.left, [place(2)]);
});

Deno.test("a session that comes here is stored with its node at once, though its client has to wait", () => {
  const { test } = copyOf();
  test.turn(() =>
    test.broker.fromCluster.applyClaim({
      clientId: "c",
      endsSession: false,
      isHere: true,
      unapplied: [],
    })
  );
  const { writes } = test.store!;
  test.turn(() => test.broker.fromCluster.keepHomes(["c"]));
  equal(test.store!.writes, writes + 1);
});

Deno.test("what waits for a bridge at another node is bounded by that node; here publishers of a full one are refused", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  const options = { maxQueuedMessages: 50 };
  const waiting = (clientId: string) => {
    const { test, publish } = copyOf(false, clientId, options);
    publish(...hundred);
    return test.broker.clients.get(clientId)!.session.queue.length;
  };
  equal(waiting("c"), 50);
  equal(waiting("$bridge/far"), 100);
  const { cluster, exchange, test, publish } = copyOf(false, "$bridge/far", options);
  cluster.hasRoom = true;
  test.broker.clients.get("$bridge/far")!.bridge = {
    maxQueuedBytes: 5000,
    queueFullPolicy: "refuse",
    forgetsReceived: false,
  };
  publish(1);
  exchange.play(`
    p> CONNECT
    p< CONNACK
    p> PUBLISH t/a qos=1 id=1 x
    p< PUBACK id=1
  `);
  publish(...hundred);
  exchange.play(`
    p> PUBLISH t/a qos=1 id=2 x
    p< PUBACK id=2 reasonCode=0x97
    p> PUBLISH u/a qos=1 id=3 x
    p< PUBACK id=3
  `);
  const far = test.broker.clients.get("$bridge/far")!;
  far.bridge = { ...far.bridge!, queueFullPolicy: "drop_new" };
  exchange.play(`
    p> PUBLISH t/a qos=1 id=4 x
    p< PUBACK id=4
  `);
});
