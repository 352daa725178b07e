import { strict as assert } from "node:assert";
import {
  type Leave,
  leaveOf,
  type PromiseFacts,
  PROMISES,
  type PromisingPacket,
} from "../../lib/broker/ground/promises.ts";
import { Exchange } from "../support/exchange.ts";

const NOTHING_SPECIAL: PromiseFacts = {
  isStoreFailing: false,
  isPersistent: false,
  hasWritten: false,
  hasHeld: false,
  isRepeat: false,
  canRefuse: true,
};
const FACTS = Object.keys(NOTHING_SPECIAL) as (keyof PromiseFacts)[];
const PACKETS = [...new Set(PROMISES.map(({ packet }) => packet))];

/** Every combination of facts. */
function* combinations(): Generator<PromiseFacts> {
  for (let bits = 0; bits < 1 << FACTS.length; bits++) {
    const entries = FACTS.map((fact, i) => [fact, (bits >> i & 1) === 1] as const);
    yield Object.fromEntries(entries) as unknown as PromiseFacts;
  }
}

/** The rows that fit, the deciding one first. */
function fitting(packet: PromisingPacket, facts: PromiseFacts) {
  return PROMISES.filter((row) =>
    row.packet === packet &&
    FACTS.every((fact) => row[fact] === undefined || row[fact] === facts[fact])
  );
}

for (const packet of PACKETS) {
  Deno.test(`Every combination of facts has an answer for ${packet.toUpperCase()}: that of the first row that fits`, () => {
    for (const facts of combinations()) {
      const [row] = fitting(packet, facts);
      assert.ok(row, JSON.stringify(facts));
      assert.equal(leaveOf(packet, facts), row.leave, JSON.stringify(facts));
    }
  });
}

PROMISES.forEach((row, i) => {
  Deno.test(`Row ${i} decides something: ${row.packet.toUpperCase()} ${row.leave}, ${row.because}`, () => {
    const decided = [...combinations()].filter((facts) => fitting(row.packet, facts)[0] === row);
    assert.notEqual(decided.length, 0);
  });
});

const cases: [packet: PromisingPacket, facts: string, leave: Leave, why: string][] = [
  ["connack", "", "now", "a new session that ends with its connection promises nothing"],
  ["connack", "isPersistent", "waits", "Session Present promises what is stored [MQTT-3.2.2-3]"],
  ["connack", "hasWritten", "waits", "the session before does not come back [MQTT-3.1.2-4]"],
  ["connack", "isStoreFailing hasWritten", "refused", "the session before stays [MQTT-3.1.2-4]"],
  ["connack", "isStoreFailing isPersistent", "now", "nobody is locked out"],
  ["puback", "", "now", "nothing was stored"],
  ["puback", "hasWritten", "waits", "the message is stored first [MQTT-4.3.2-4]"],
  ["puback", "hasHeld", "waits", "acknowledgements keep their order [MQTT-4.6.0-2]"],
  ["puback", "isStoreFailing canRefuse", "refused", "it is told, and sends the message again"],
  ["puback", "isStoreFailing !canRefuse", "closed", "before 5.0 nothing can be told"],
  ["pubrec", "hasWritten", "waits", "the Packet Identifier is stored first [MQTT-4.3.3-8]"],
  ["pubrec", "isPersistent isRepeat", "waits", "what it repeats may not be stored [MQTT-4.3.3-8]"],
  ["pubrec", "isStoreFailing isPersistent isRepeat", "waits", "a repeat is not refused any more"],
  ["pubrec", "isStoreFailing isRepeat", "now", "the session ends with its connection"],
  ["pubrec", "isStoreFailing !canRefuse", "closed", "before 5.0 nothing can be told"],
  ["pubrel", "isPersistent", "waits", "after it nothing is published again [MQTT-4.3.3-4]"],
  ["pubrel", "isStoreFailing isPersistent", "waits", "until it can be stored [MQTT-4.3.3-4]"],
  ["pubrel", "", "now", "the session ends with its connection"],
  ["pubcomp", "isPersistent", "waits", "the Packet Identifier is free for good [MQTT-4.3.3-11]"],
  ["pubcomp", "hasHeld", "waits", "acknowledgements keep their order [MQTT-4.6.0-2]"],
  ["suback", "isPersistent", "waits", "the subscription is stored first [MQTT-3.8.4-1]"],
  ["suback", "isStoreFailing isPersistent", "refused", "it would not outlive the process"],
  ["suback", "isStoreFailing", "now", "the subscription ends with its connection"],
  ["unsuback", "isPersistent", "waits", "it is gone in the store too [MQTT-3.10.4-4]"],
  ["unsuback", "isStoreFailing isPersistent", "waits", "it is not refused: it is gone here"],
  ["publish", "isPersistent", "waits", "of QoS 2: its Packet Identifier is stored [MQTT-4.3.3-2]"],
  ["publish", "", "now", "the session ends with its connection"],
];
for (const [packet, given, leave, why] of cases) {
  Deno.test(`${packet.toUpperCase()} ${given || "in general"}: ${leave}, since ${why}`, () => {
    const facts = given.split(" ").filter((fact) => fact !== "").map((fact) =>
      fact.startsWith("!") ? [fact.slice(1), false] : [fact, true]
    );
    for (const [fact] of facts) assert.ok(FACTS.includes(fact as keyof PromiseFacts));
    const all = { ...NOTHING_SPECIAL, ...Object.fromEntries(facts) };
    assert.equal(leaveOf(packet, all), leave);
  });
}

/** a has a session that is stored; from here on commits wait. */
const STORED = `
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK
  hold commits
`;
const AGAIN = "a> CONNECT sessionExpiryInterval=600";

/** An exchange with a store whose disk the test breaks. */
class Failing extends Exchange {
  constructor() {
    super({ store: true });
  }

  /** Plays while the store fails. */
  fails(script: string): this {
    this.test.store!.isFailing = true;
    return this.play(script);
  }

  /** Plays after it has recovered. */
  works(script: string): this {
    this.test.store!.isFailing = false;
    return this.play(script);
  }
}

for (const end of ["committed", "lost with the process"] as const) {
  Deno.test(`PUBREC of a repeat on a new connection waits, though the store has just recovered; what it repeats is ${end} [MQTT-4.3.3-8]`, () => {
    new Failing().play(`${STORED}
      a> PUBLISH u qos=2 id=1 1
    `).fails(`
      a x
      ${AGAIN}
      a< CONNACK sessionPresent
    `).works(`
      a> PUBLISH u qos=2 id=1 dup 1
      a< nothing
      ${
      end === "committed" ? "commit all\na< PUBREC id=1" : `
        crash
        ${AGAIN}
        commit all
        a< CONNACK sessionPresent
        a> PUBLISH u qos=2 id=1 dup 1      (not acknowledged before, and new to this process)
        a< PUBREC id=1 NoMatchingSubscribers
      `
    }
    `);
  });
}

for (const end of ["committed", "lost with the process"] as const) {
  Deno.test(`PUBCOMP of a repeated PUBREL on a new connection waits, though the store has just recovered; the release is ${end} [MQTT-4.3.3-11]`, () => {
    new Failing().play(`${STORED}
      a> PUBLISH u qos=2 id=1 1
      commit
      a< PUBREC id=1 NoMatchingSubscribers
      a> PUBREL id=1
    `).fails(`
      a x
      ${AGAIN}
      a< CONNACK sessionPresent
    `).works(`
      a> PUBREL id=1
      a< nothing
      ${
      end === "committed" ? "commit all\na< PUBCOMP id=1 PacketIdentifierNotFound" : `
        crash
        ${AGAIN}
        commit all
        a< CONNACK sessionPresent
        a> PUBREL id=1                     (the Packet Identifier was never free)
        a< PUBCOMP id=1
      `
    }
    `);
  });
}

Deno.test("A PUBREL that is sent again waits while the store fails: a killed process publishes the message under the same Packet Identifier, and no other [MQTT-4.3.3-4]", () => {
  new Failing().play(`
    a> CONNECT sessionExpiryInterval=600
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=2
    a< SUBACK id=1 2
    b> CONNECT
    b< CONNACK
    b> PUBLISH t qos=2 id=1 1
    b< PUBREC id=1
    a< PUBLISH t qos=2 id=1 1
    hold commits
    a> PUBREC id=1
    a< nothing
  `).fails(`
    a x
    ${AGAIN}
    a< CONNACK sessionPresent
    a> PINGREQ
    a< PINGRESP
    crash
  `).works(`
    commit all
    ${AGAIN}
    a< CONNACK sessionPresent
    a< PUBLISH t qos=2 id=1 dup 1
    a> PUBREC id=1
    a< PUBREL id=1
    a> PUBCOMP id=1
  `);
});

for (const v of [3, 4]) {
  for (const qos of [1, 2]) {
    Deno.test(`A publisher of version ${v} is closed while the store fails, and QoS ${qos} is delivered to nobody: it sends it again`, () => {
      new Failing().play(`
        a> CONNECT
        a< CONNACK
        a> SUBSCRIBE id=1 t qos=2
        a< SUBACK id=1 2
        b> CONNECT v=${v} cleanStart
        b< CONNACK
      `).fails(`
        b> PUBLISH t qos=${qos} id=1 1
        b! closed
        dropped store_failing=1
      `).works(`
        b> CONNECT v=${v} cleanStart
        b< CONNACK
        b> PUBLISH t qos=${qos} id=1 1
        a< PUBLISH t qos=${qos} id=1 1
        b< ${qos === 1 ? "PUBACK" : "PUBREC"} id=1
      `);
    });
  }
}

for (const [v, code] of [[5, "QuotaExceeded"], [4, "3"], [3, "3"]] as const) {
  Deno.test(`Version ${v}: a Clean Start that the store cannot make is refused with ${code}; the old session and its connection stay [MQTT-3.1.2-4]`, () => {
    new Failing().play(`
      a> CONNECT sessionExpiryInterval=600
      a< CONNACK
      a> SUBSCRIBE id=1 t qos=1
      a< SUBACK id=1 1
      b> CONNECT
      b< CONNACK
    `).fails(`
      c> CONNECT v=${v} clientId=a cleanStart
      c< CONNACK ${code}
      c! closed
      b> PUBLISH t 1
      a< PUBLISH t 1
    `).works(`
      c> CONNECT v=${v} clientId=a cleanStart
      a< DISCONNECT SessionTakenOver
      a! closed
      c< CONNACK
      b> PUBLISH t 2
    `);
  });
}

Deno.test("A session that a DISCONNECT ends while the store fails is gone; until that is committed nobody gets its Client Identifier [MQTT-3.1.2-4]", () => {
  const exchange = new Failing().play(STORED).fails(`
    a> DISCONNECT sessionExpiryInterval=0
    a! closed
    a> CONNECT
    a< CONNACK QuotaExceeded
    a! closed
    b> CONNECT v=4 clientId=a
    b< CONNACK 3
    b! closed
    c> CONNECT                         (another one comes in)
    c< CONNACK
  `).works(`
    a> CONNECT sessionExpiryInterval=600
    a< nothing
    commit all
    a< CONNACK
  `);
  assert.equal(exchange.test.broker.clients.size, 2);
});

Deno.test("Once the end of a session is committed its Client Identifier is free, also when the store fails again", () => {
  new Failing().play(STORED).fails(`
    a> DISCONNECT sessionExpiryInterval=0
    a! closed
  `).works(`
    b> CONNECT
    b< CONNACK
    commit all
  `).fails(`
    a> CONNECT
    a< CONNACK
  `);
});

Deno.test("A session that ends twice is gone only when its second end is committed [MQTT-3.1.2-4]", () => {
  new Failing().play(`${STORED}
    a> DISCONNECT sessionExpiryInterval=0
    a! closed
    a> CONNECT sessionExpiryInterval=600
    a< nothing
    a> DISCONNECT sessionExpiryInterval=0
    a! closed
    commit
    a> CONNECT
    a< nothing
    commit all
    a< CONNACK
  `);
});

Deno.test("A stored session that is resumed as one that ends with its connection is gone with the process [MQTT-3.1.2-23]", () => {
  new Failing().play(`${STORED}
    a x
    a> CONNECT
    a< nothing
    commit all
    a< CONNACK sessionPresent
    crash
    a> CONNECT sessionExpiryInterval=600
    a< CONNACK
  `);
});

Deno.test("A DISCONNECT that ends a stored session asks for a commit, though nobody waits for it", () => {
  const { test } = new Exchange({ store: true }).play(`${STORED}
    a> DISCONNECT sessionExpiryInterval=0
    a! closed
  `);
  assert.equal(test.store!.waiting, 1);
  test.turn(() => test.store!.commitNext());
  assert.equal([...test.store!.load().sessions].length, 0);
});

Deno.test("A stored session that a CONNECT resumes as one that ends with its connection has ended in the store before its Client Identifier is free [MQTT-3.1.2-4]", () => {
  new Failing().play(STORED).fails(`
    a x
    a> CONNECT
    a< CONNACK sessionPresent
    a> DISCONNECT
    a! closed
    a> CONNECT
    a< CONNACK QuotaExceeded
    a! closed
  `).works(`
    commit all
    a> CONNECT sessionExpiryInterval=600
    a< CONNACK
  `);
});
