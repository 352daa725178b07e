import { strict as assert } from "node:assert";
import type { ClientIdentity } from "../../lib/broker/mod.ts";
import { haveSameRights, ownerName, ownerOf } from "../../lib/broker/ground/owner.ts";
import { FunctionAccess } from "../../lib/auth/mod.ts";
import { Exchange, testExchange } from "../support/exchange.ts";

/** Alice's session, with a message that waits in it, a will that waits for its delay, and alice away. */
const ALICE_IS_AWAY = `
  a> CONNECT clientId=dev userName=alice sessionExpiryInterval=600 will.topic=w will.payload="gone"
  + will.willDelayInterval=300
  a< CONNACK
  a> SUBSCRIBE id=1 secret qos=1
  a< SUBACK id=1 1
  c> CONNECT
  c< CONNACK
  c> SUBSCRIBE id=1 w
  c< SUBACK id=1 0
  a x
  c> PUBLISH secret qos=1 id=1 "for alice"
  c< PUBACK id=1
`;
const RESUMES = "CONNECT clientId=dev sessionExpiryInterval=600";

testExchange(
  "Another user who comes with a Client Identifier while its owner is away begins anew, and gets nothing of the owner's",
  `${ALICE_IS_AWAY}
    b> ${RESUMES} userName=bob
    c< PUBLISH w "gone"           (its session is over, so its will is due)
    b< CONNACK
    b< nothing
    dropped session_ended=1
    c> PUBLISH secret qos=1 id=2 "for alice"
    c< PUBACK id=2 NoMatchingSubscribers
  `,
);

testExchange(
  "With session_owner refuse the owner's session waits for its owner",
  `${ALICE_IS_AWAY}
    b> ${RESUMES} userName=bob
    b< CONNACK ClientIdentifierNotValid
    b! closed
    b> CONNECT v=4 clientId=dev userName=bob cleanStart
    b< CONNACK 2
    b! closed
    b> ${RESUMES} cleanStart
    b< CONNACK ClientIdentifierNotValid
    b! closed
    a> ${RESUMES} userName=alice
    a< CONNACK sessionPresent
    a< PUBLISH secret qos=1 id=1 "for alice"
  `,
  { options: { sessionOwner: "refuse" } },
);

testExchange(
  "With session_owner any whoever comes with the Client Identifier has the session",
  `${ALICE_IS_AWAY}
    b> ${RESUMES} userName=bob
    b< CONNACK sessionPresent
    b< PUBLISH secret qos=1 id=1 "for alice"
  `,
  { options: { sessionOwner: "any" } },
);

for (const cleanStart of ["", " cleanStart"]) {
  testExchange(
    `Whoever is connected is not taken over by another user${cleanStart}`,
    `
      a> CONNECT clientId=dev userName=alice will.topic=w will.payload="gone"
      a< CONNACK
      b> CONNECT clientId=dev userName=bob${cleanStart}
      b< CONNACK ClientIdentifierNotValid
      b! closed
      b> CONNECT clientId=dev${cleanStart}
      b< CONNACK ClientIdentifierNotValid
      b! closed
      a> PINGREQ
      a< PINGRESP
    `,
  );
}

testExchange(
  "A device that gets its first password is not locked out of its Client Identifier",
  `
    a> CONNECT clientId=dev sessionExpiryInterval=600
    a< CONNACK
    a x
    a> CONNECT clientId=dev userName=dev sessionExpiryInterval=600
    a< CONNACK
    a x
    a> CONNECT clientId=dev userName=dev sessionExpiryInterval=600
    a< CONNACK sessionPresent
  `,
);

testExchange(
  "The same user under another mount point is another owner",
  `
    a> CONNECT clientId=dev userName=u sessionExpiryInterval=600
    a< CONNACK
    a x
    b> CONNECT clientId=dev userName=u sessionExpiryInterval=600
    b< CONNACK
    a> CONNECT clientId=dev userName=u
    a< CONNACK ClientIdentifierNotValid
    a! closed
  `,
  { listeners: { b: { mountPoint: "tenant/" } } },
);

testExchange(
  "Whose a session is outlives the process",
  `
    a> CONNECT clientId=dev userName=alice sessionExpiryInterval=600
    a< CONNACK
    crash
    b> CONNECT clientId=dev userName=bob sessionExpiryInterval=600
    b< CONNACK ClientIdentifierNotValid
    b! closed
    a> CONNECT clientId=dev userName=alice
    a< CONNACK sessionPresent
  `,
  { store: true, options: { sessionOwner: "refuse" } },
);

testExchange(
  "max_sessions_per_user counts a user's sessions, and those of an address where there is no user; others have theirs",
  `
    a> CONNECT userName=u sessionExpiryInterval=600
    a< CONNACK
    b> CONNECT userName=u
    b< CONNACK
    c> CONNECT userName=u
    c< CONNACK QuotaExceeded
    c! closed
    d> CONNECT
    d< CONNACK
    e> CONNECT
    e< CONNACK
    f> CONNECT
    f< CONNACK QuotaExceeded
    f! closed
    b x
    c> CONNECT userName=u
    c< CONNACK
    a x
    a> CONNECT userName=u sessionExpiryInterval=600
    a< CONNACK sessionPresent
  `,
  { options: { maxSessionsPerUser: 2 } },
);

testExchange(
  "Who has as many sessions as max_sessions_per_user allows may begin one of them anew",
  `
    a> CONNECT userName=u sessionExpiryInterval=600
    a< CONNACK
    a x
    a> CONNECT userName=u sessionExpiryInterval=600 cleanStart
    a< CONNACK
    b> CONNECT userName=u
    b< CONNACK QuotaExceeded
    b! closed
  `,
  { options: { maxSessionsPerUser: 1 } },
);

testExchange(
  "use_username_as_clientid: the user name names the session, and who has none is refused",
  `
    a> CONNECT clientId=anything userName=u sessionExpiryInterval=600
    a< CONNACK
    a x
    a> CONNECT clientId=other userName=u
    a< CONNACK sessionPresent
    b> CONNECT clientId=u
    b< CONNACK NotAuthorized
    b! closed
  `,
  { listener: { useUserNameAsClientId: true } },
);

const ALICE: ClientIdentity = {
  clientId: "dev",
  userName: "alice",
  protocolVersion: 5,
  remoteAddress: "192.0.2.1:1000",
  listener: "1883",
  certificate: { subject: "CN=dev", commonName: "dev", fingerprint: "AB" },
};
const { userName: _, ...NO_USER } = ALICE;
const CHANGES: readonly [what: string, other: Partial<ClientIdentity>][] = [
  ["user", { userName: "bob" }],
  ["listener", { listener: "1884" }],
  ["certificate", { certificate: { ...ALICE.certificate!, fingerprint: "CD" } }],
  ["protocol version", { protocolVersion: 4 }],
  ["address", { remoteAddress: "192.0.2.2:1000" }],
];
for (const [what, other] of CHANGES) {
  Deno.test(`Rights are not those of a session's client before where the ${what} is another`, () => {
    assert.equal(haveSameRights(ALICE, { ...ALICE, ...other }), false);
    assert.equal(haveSameRights(ALICE, { ...ALICE, remoteAddress: "192.0.2.1:2000" }), true);
  });
}

Deno.test("Owners are told apart by kind, name and mount point, and named for people", () => {
  const owners = [
    ownerOf(ALICE, ""),
    ownerOf(ALICE, "site/"),
    ownerOf({ ...ALICE, userName: "CN=dev" }, ""),
    ownerOf({ ...NO_USER, userName: undefined }, ""),
  ];
  assert.equal(new Set(owners).size, owners.length);
  assert.deepEqual(owners.map(ownerName), [
    "user alice",
    "user alice under site/",
    "user CN=dev",
    "certificate CN=dev",
  ]);
});

for (const who of ["bob", ""]) {
  Deno.test(`What was remembered of a topic is not delivered to ${who || "anonymous"} who comes by another listener`, () => {
    const exchange = new Exchange({
      options: { sessionOwner: "any" },
      listeners: { b: { name: "other" } },
      access: {
        checksTopics: true,
        mayRead: (client, topicName) =>
          client.listener === "test" || !topicName.startsWith("secret"),
      },
    });
    exchange.play(`
      c> CONNECT
      c< CONNACK
      a> CONNECT clientId=dev sessionExpiryInterval=600
      a< CONNACK
      a> SUBSCRIBE id=1 #
      a< SUBACK id=1 0
      c> PUBLISH secret/x "1"
      a< PUBLISH secret/x "1"
      a x
      b> CONNECT clientId=dev ${who === "" ? "" : `userName=${who}`}
      b< CONNACK sessionPresent
      c> PUBLISH secret/x "2"
      b< nothing
    `);
  });
}

Deno.test("Where only SUBSCRIBE is authorized, a session does not pass to the same user by another listener", () => {
  const access = new FunctionAccess({ authorize: (client) => client.listener === "test" });
  const exchange = new Exchange({ access, listeners: { b: { name: "other" } } });
  exchange.play(`
    a> CONNECT clientId=dev userName=u sessionExpiryInterval=600
    a< CONNACK
    a> SUBSCRIBE id=1 # qos=1
    a< SUBACK id=1 1
    a x
    a> CONNECT clientId=dev userName=u sessionExpiryInterval=600
    a< CONNACK sessionPresent
    a x
    c> CONNECT
    c< CONNACK
    c> PUBLISH t qos=1 id=1 "1"
    c< PUBACK id=1
    b> CONNECT clientId=dev userName=u sessionExpiryInterval=600
    b< CONNACK
    c> PUBLISH t qos=1 id=2 "2"
    c< PUBACK id=2 NoMatchingSubscribers
  `);
});
