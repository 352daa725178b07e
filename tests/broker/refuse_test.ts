import { strict as assert } from "node:assert";
import type { AuthenticationRequest, AuthenticationVerdict } from "../../lib/broker/mod.ts";
import { Exchange, testExchange } from "../support/exchange.ts";
import type { Setup } from "../support/test_broker.ts";

/** Lets in who says that its password is right. */
const withPasswords: Setup = {
  access: {
    authenticate(request, reply) {
      const isAllowed = new TextDecoder().decode(request.password) === "right";
      reply(isAllowed ? { isAllowed } : { isAllowed, reasonCode: 0x86 });
    },
  },
};

testExchange(
  "Who is refused is told why, with Session Present 0 although there is a session, and nothing that it sent " +
    "beside is handled [MQTT-3.1.4-2] [MQTT-3.1.4-6] [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-4.13.2-1]",
  `
  b> CONNECT userName=u password=right
  b< CONNACK
  b> SUBSCRIBE id=1 t
  b< SUBACK id=1 0
  a> CONNECT userName=u password=right sessionExpiryInterval=60
  a< CONNACK
  a x
  a> CONNECT userName=u password=wrong & PUBLISH t "1" & PINGREQ
  a< CONNACK BadUserNameOrPassword
  a! closed
  b< nothing
  a> CONNECT userName=u password=right
  a< CONNACK sessionPresent
  `,
  withPasswords,
);

testExchange(
  "Who is refused under a Client Identifier that is connected takes nothing over",
  `
  a> CONNECT userName=u password=right
  a< CONNACK
  b> CONNECT clientId=a userName=u password=wrong
  b< CONNACK BadUserNameOrPassword
  b! closed
  a> PINGREQ
  a< PINGRESP
  `,
  withPasswords,
);

testExchange(
  "An anonymous client is refused where the listener does not allow it [MQTT-3.1.4-2]",
  `
  a> CONNECT
  a< CONNACK NotAuthorized
  a! closed
  b> CONNECT v=4
  b< CONNACK 5
  b! closed
  `,
  { listener: { allowAnonymous: false } },
);

testExchange(
  "Connections above the limit are told so while they are few, and then closed at once",
  `
  a> CONNECT
  a< CONNACK
  b> CONNECT
  b< CONNACK QuotaExceeded
  b! closed
  c> CONNECT v=4
  c< CONNACK 3
  c! closed
  a> DISCONNECT
  a! closed
  b> CONNECT
  b< CONNACK
  `,
  { options: { globalMaxConnections: 1 } },
);

Deno.test("A listener's limit of connections is its own, and hundreds more do not get past it", () => {
  const exchange = new Exchange({ listeners: { a: { maxConnections: 1 } } }).play(`
    a> CONNECT
    a< CONNACK
    b> CONNECT
    b< CONNACK
    c> CONNECT
    c< CONNACK
  `);
  const links = Array.from({ length: 300 }, () => exchange.test.open("a"));
  assert.equal(links.filter((link) => link.isClosed).length, 300 - 16);
});

testExchange(
  "Sessions above the limit are refused, those that are there go on",
  `
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK
  a x
  b> CONNECT
  b< CONNACK QuotaExceeded
  b! closed
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK sessionPresent
  a x
  wait 60s
  b> CONNECT
  b< CONNACK
  `,
  { options: { maxSessions: 1 } },
);

/** Keeps the question until the test answers. */
function withLateAnswers() {
  const replies = new Map<string, (verdict: AuthenticationVerdict) => void>();
  const authenticate = (
    request: AuthenticationRequest,
    reply: (verdict: AuthenticationVerdict) => void,
  ) => void replies.set(request.clientId, reply);
  const exchange = new Exchange({ access: { authenticate } });
  const answer = (clientId: string, verdict: AuthenticationVerdict) =>
    exchange.test.turn(() => replies.get(clientId)!(verdict));
  return { exchange, answer };
}

Deno.test("While a client's password is looked at, what it sends waits and others go on [MQTT-3.1.4-6]", () => {
  const { exchange, answer } = withLateAnswers();
  exchange.play(`
    a> CONNECT & SUBSCRIBE id=1 t
    a> PUBLISH t "1"
    a< nothing
    b> CONNECT
  `);
  answer("b", { isAllowed: true });
  exchange.play(`
    b< CONNACK
    b> PINGREQ
    b< PINGRESP
  `);
  answer("a", { isAllowed: true, userName: "somebody" });
  exchange.play(`
    a< CONNACK
    a< SUBACK id=1 0
    a< PUBLISH t "1"
  `);
  assert.equal(exchange.link("a").connection!.identity!.userName, "somebody");
});

Deno.test("A client that is refused late has sent its other packets in vain [MQTT-3.1.4-6]", () => {
  const { exchange, answer } = withLateAnswers();
  exchange.play("a> CONNECT & PUBLISH t retain 1");
  answer("a", { isAllowed: false, reasonCode: 0x87 });
  exchange.play(`
    a< CONNACK NotAuthorized
    a! closed
  `);
  assert.equal(exchange.test.broker.core.retained.size, 0);
});

Deno.test("An answer for a client that has gone, or waited too long, does nothing", () => {
  const { exchange, answer } = withLateAnswers();
  exchange.play(`
    a> CONNECT
    a x
    b> CONNECT
    wait 10s
    b! closed
  `);
  answer("a", { isAllowed: true });
  answer("b", { isAllowed: true });
  assert.equal(exchange.test.broker.clients.size, 0);
});
