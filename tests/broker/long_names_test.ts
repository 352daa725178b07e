/** Names of clients count: each may be as long as text can be, and a session keeps them. */
import { strict as assert } from "node:assert";
import { encodePacket } from "../../lib/codec/mod.ts";
import { connectPacket } from "../support/raw_client.ts";
import { TestBroker } from "../support/test_broker.ts";

const LIMIT_BYTES = 1_000_000;
const setup = { options: { maxTotalQueuedBytes: LIMIT_BYTES } };

function connect(test: TestBroker, clientId: string, userName?: string) {
  const link = test.open();
  const properties = { sessionExpiryInterval: 600 };
  link.send(encodePacket(
    { ...connectPacket({ clientId, properties }), ...userName === undefined ? {} : { userName } },
    5,
  ));
  const [connack] = link.take();
  assert.ok(connack?.type === "connack");
  return { link, reasonCode: connack.reasonCode };
}

const kinds: [
  kind: string,
  names: (i: number) => readonly [clientId: string, userName?: string],
][] = [
  ["Client Identifiers", (i) => [`${i}`.padStart(60_000, "c")]],
  ["user names", (i) => [`c${i}`, `${i}`.padStart(20_000, "u")]],
];
for (const [kind, names] of kinds) {
  Deno.test(`Sessions with long ${kind} fill no more than the limit, keep nobody else out, and give back what they took`, () => {
    const test = new TestBroker(setup);
    const { core } = test.broker;
    const links = [];
    let refused = 0;
    for (let i = 0; i < 40; i++) {
      const { link, reasonCode } = connect(test, ...names(i));
      if (reasonCode === 0) links.push(link);
      else {
        assert.equal(reasonCode, 0x97);
        refused++;
      }
    }
    assert.ok(refused > 0 && links.length > 10, `${links.length} came in, ${refused} did not`);
    assert.ok(core.longNames.bytes > LIMIT_BYTES / 2, `${core.longNames.bytes} bytes`);
    assert.ok(core.longNames.bytes <= LIMIT_BYTES, `${core.longNames.bytes} bytes`);
    // Who is known comes back, who has a name like others comes in.
    links[0]!.lose();
    assert.equal(connect(test, ...names(0)).reasonCode, 0);
    assert.equal(connect(test, "a-device-with-an-everyday-name", "somebody").reasonCode, 0);
    for (const link of links) link.lose();
    test.wait(601_000);
    test.links.forEach((link) => link.isClosed || link.lose());
    test.wait(601_000);
    assert.equal(core.clients.size, 0);
    assert.equal(core.longNames.bytes, 0);
  });
}
