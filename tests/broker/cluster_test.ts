import { deepEqual, equal } from "node:assert/strict";
import type { ClusterPort, Message, SharedMessage } from "../../lib/broker/mod.ts";
import { Exchange } from "../support/exchange.ts";

/** A log that a test holds in its hands: what is put into it counts as a write, and is applied when the test says so. */
class TestLog implements ClusterPort {
  isReady = true;
  currentSinceMs = -Infinity;
  isPrompt = true;
  hasRoom = true;
  readonly appended: SharedMessage[] = [];
  readonly forwarded: string[] = [];
  readonly claims: string[] = [];
  readonly filters: string[] = [];
  /** Told of each write. */
  onWrite: () => void = () => {};

  append(message: Message, packetId: number): boolean {
    if (!this.hasRoom) return false;
    const copy = { ...message, payload: message.payload.slice() };
    this.appended.push({ message: copy, packetId, isOthers: false });
    this.onWrite();
    return true;
  }
  forward(message: Message): undefined {
    this.forwarded.push(message.topicName);
  }
  shareChanged(): void {}
  isShareHere(): boolean {
    return true;
  }
  shareSent(): void {}
  isShareDue(): boolean {
    return false;
  }
  shareLeft(): void {}
  readonly node = "n";
  claim(
    clientId: string,
    endsSession: boolean,
    whenApplied?: (isOvertaken: boolean) => void,
  ): void {
    this.claims.push(`${clientId} ${endsSession}`);
    if (whenApplied === undefined) this.onWrite();
    else whenApplied(false);
  }
  unclaim(clientId: string): void {
    this.claims.push(`${clientId} gone`);
  }
  restored(): string {
    return "";
  }
  restoredShared(): void {}
  homeOf(): undefined {}
  keepDone(): void {}
  count(topicFilter: string, change: 1 | -1): void {
    this.filters.push(`${change} ${topicFilter}`);
  }
}

function node(): { log: TestLog; exchange: Exchange; apply(): void } {
  const log = new TestLog();
  const exchange = new Exchange({ store: true, cluster: log });
  const { test } = exchange;
  log.onWrite = () => test.store!.writes++;
  exchange.play(`
    s> CONNECT
    s< CONNACK
    s> SUBSCRIBE id=1 t/# qos=2
    s< SUBACK id=1 2
    p> CONNECT
    p< CONNACK
  `);
  test.store!.isHolding = true;
  const apply = () => {
    for (const shared of log.appended.splice(0)) {
      test.turn(() => equal(test.broker.fromCluster.applyShared(shared), true));
    }
  };
  return { log, exchange, apply };
}

for (const qos of [1, 2]) {
  const ack = qos === 1 ? "PUBACK" : "PUBREC";
  Deno.test(`QoS ${qos} reaches nobody before the log has come to it, and its ${ack} waits for the commit`, () => {
    const { exchange, apply } = node();
    const { test } = exchange;
    exchange.play(`
      p> PUBLISH id=7 qos=${qos} t/a "x"
      s< nothing
      p< nothing
    `);
    apply();
    exchange.play(`
      s< PUBLISH id=1 qos=${qos} t/a "x"
      p< nothing
    `);
    test.turn(() => {
      while (test.store!.waiting > 0) test.store!.commitNext();
    });
    exchange.play(`p< ${ack} id=7`);
  });
}

Deno.test("QoS 0 is delivered at once and handed over; what is retained takes its way by the log", () => {
  const { log, exchange, apply } = node();
  exchange.play(`
    p> PUBLISH t/a "x"
    s< PUBLISH t/a "x"
    p> PUBLISH retain t/r "kept"
    s< nothing
  `);
  equal(exchange.test.broker.core.retained.size, 0);
  apply();
  exchange.play(`s< PUBLISH t/r "kept"`);
  equal(exchange.test.broker.core.retained.size, 1);
  deepEqual(log.forwarded, ["t/a"]);
});

Deno.test("a message that the log has no room for is refused: 0x97, and reaches nobody", () => {
  const { log, exchange } = node();
  log.hasRoom = false;
  exchange.test.store!.isHolding = false;
  exchange.play(`
    p> PUBLISH id=7 qos=1 t/a "x"
    p< PUBACK id=7 QuotaExceeded
    p> PUBLISH id=8 qos=2 t/a "x"
    p< PUBREC id=8 QuotaExceeded
    s< nothing
  `);
  equal(exchange.test.broker.metrics.dropped.get("store_failing"), 2);
});

Deno.test("a repeated QoS 2 message is put into the log once", () => {
  const { log, exchange } = node();
  exchange.play(`p> PUBLISH id=7 qos=2 t/a "x"`);
  exchange.play(`p> PUBLISH dup id=7 qos=2 t/a "x"`);
  equal(log.appended.length, 1);
});

Deno.test("a client that has come to another node is let go, with its session where that ends", () => {
  const { log, exchange } = node();
  const { test } = exchange;
  test.store!.isHolding = false;
  deepEqual(log.claims, ["s false", "p false"]);
  exchange.play(`
    k> CONNECT cleanStart sessionExpiryInterval=100
    k< CONNACK
  `);
  equal(log.claims.at(-1), "k true");
  test.turn(() =>
    test.broker.fromCluster.applyClaim({
      clientId: "k",
      endsSession: false,
      isHere: false,
      unapplied: [],
    })
  );
  exchange.play(`
    k< DISCONNECT SessionTakenOver
    k! closed
  `);
  equal(test.broker.clients.has("k"), true);
  test.turn(() =>
    test.broker.fromCluster.applyClaim({
      clientId: "k",
      endsSession: true,
      isHere: false,
      unapplied: [],
    })
  );
  equal(test.broker.clients.has("k"), false);
});

Deno.test("the cluster is told of each Topic Filter that comes and goes, of a shared subscription's once", () => {
  const { log, exchange } = node();
  exchange.test.store!.isHolding = false;
  log.filters.length = 0;
  exchange.play(`
    p> SUBSCRIBE id=1 a/+
    p< SUBACK id=1 0
    p> SUBSCRIBE id=2 $share/g/b
    p< SUBACK id=2 0
    s> SUBSCRIBE id=3 $share/g/b
    s< SUBACK id=3 0
    p> UNSUBSCRIBE id=4 a/+
    p< UNSUBACK id=4 0
  `);
  deepEqual(log.filters, ["1 a/+", "1 b", "-1 a/+"]);
});

Deno.test("CONNACK waits until the log has the client's arrival, where the log is prompt", () => {
  const { log, exchange } = node();
  exchange.play(`
    x> CONNECT cleanStart
    x< nothing
    commit
    x< CONNACK
  `);
  deepEqual(log.claims.at(-1), "x true");
  // Who cannot reach the cluster, or waits for it, still serves its clients.
  log.isPrompt = false;
  exchange.play(`
    y> CONNECT cleanStart
    y< CONNACK
  `);
});
