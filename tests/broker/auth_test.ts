import { strict as assert } from "node:assert";
import type { EnhancedExchange, EnhancedStep } from "../../lib/broker/mod.ts";
import { Exchange, testExchange } from "../support/exchange.ts";
import type { Setup } from "../support/test_broker.ts";

/** The method `two`: asks `who?`, and lets in who answers `me`, as the user `myself`. */
function twoSteps(): EnhancedExchange {
  let hasAsked = false;
  return {
    step(data, reply) {
      const answer = new TextDecoder().decode(data);
      if (!hasAsked) {
        hasAsked = true;
        return reply({ type: "continue", data: new TextEncoder().encode("who?") });
      }
      reply(
        answer === "me"
          ? { type: "success", data: new TextEncoder().encode("hello"), userName: "myself" }
          : { type: "failure", reasonCode: 0x87 },
      );
    },
  };
}

const TWO_STEPS: Setup = {
  access: { beginEnhanced: (method) => method === "two" ? twoSteps() : undefined },
};
const AUTHENTICATED = `
  a> CONNECT authenticationMethod=two
  a< AUTH ContinueAuthentication authenticationMethod=two authenticationData=who?
  a> AUTH ContinueAuthentication authenticationMethod=two authenticationData=me
  a< CONNACK authenticationMethod=two authenticationData=hello
`;

Deno.test("An enhanced authentication goes by AUTH 0x18 to CONNACK, each with the method [MQTT-4.12.0-2] [MQTT-4.12.0-5] [MQTT-3.2.0-1]", () => {
  const exchange = new Exchange(TWO_STEPS).play(AUTHENTICATED);
  assert.equal(exchange.link("a").connection!.identity!.userName, "myself");
  exchange.play(`
    a> PINGREQ
    a< PINGRESP
  `);
});

testExchange(
  "A client that fails it is refused and closed [MQTT-4.12.0-4] [MQTT-3.2.2-7] [MQTT-4.13.2-1]",
  `
  a> CONNECT authenticationMethod=two
  a< AUTH ContinueAuthentication authenticationMethod=two authenticationData=who?
  a> AUTH ContinueAuthentication authenticationMethod=two authenticationData=him & PINGREQ
  a< CONNACK NotAuthorized
  a! closed
  `,
  TWO_STEPS,
);

testExchange(
  "A method that is not supported is answered with 0x8C [MQTT-4.12.0-1]",
  `
  a> CONNECT authenticationMethod=three
  a< CONNACK BadAuthenticationMethod
  a! closed
  b> CONNECT authenticationMethod=two
  b< AUTH ContinueAuthentication authenticationMethod=two authenticationData=who?
  `,
  TWO_STEPS,
);

testExchange(
  "Where there are no methods, any is answered with 0x8C; without one no AUTH is sent [MQTT-4.12.0-1] [MQTT-4.12.0-6]",
  `
  a> CONNECT authenticationMethod=two
  a< CONNACK BadAuthenticationMethod
  a! closed
  a> CONNECT userName=u password=p
  a< CONNACK !authenticationMethod !authenticationData
  `,
);

const wrong: [what: string, script: string, answer: string][] = [
  ["another method", "AUTH ContinueAuthentication authenticationMethod=one", "ProtocolError"],
  ["no method", "AUTH ContinueAuthentication", "ProtocolError"],
  ["Re-authenticate", "AUTH ReAuthenticate authenticationMethod=two", "ProtocolError"],
  ["success", "AUTH Success authenticationMethod=two", "ProtocolError"],
  ["another packet", "PUBLISH t retain x", "ProtocolError"],
  ["another CONNECT", "CONNECT", "ProtocolError"],
  ["a Topic Alias of 0: CONNACK has no 0x94", "hex 30 07 00 01 't' 03 23 00 00", "ProtocolError"],
];
for (const [what, packet, answer] of wrong) {
  testExchange(
    `During an enhanced authentication ${what} is refused: ${answer} ` +
      "[MQTT-3.1.4-6] [MQTT-4.13.1-1] [MQTT-4.12.0-5]",
    `
    a> CONNECT authenticationMethod=two
    a< AUTH ContinueAuthentication authenticationMethod=two authenticationData=who?
    a> ${packet}
    a< CONNACK ${answer}
    a! closed
    `,
    TWO_STEPS,
  );
}

testExchange(
  "During an enhanced authentication a client may leave",
  `
  a> CONNECT authenticationMethod=two
  a< AUTH ContinueAuthentication authenticationMethod=two authenticationData=who?
  a> DISCONNECT
  a! closed
  `,
  TWO_STEPS,
);

testExchange(
  "A client may authenticate anew while it is connected; messages go on meanwhile [MQTT-4.12.0-5]",
  `${AUTHENTICATED}
  a> AUTH ReAuthenticate authenticationMethod=two
  a< AUTH ContinueAuthentication authenticationMethod=two authenticationData=who?
  a> PINGREQ
  a< PINGRESP
  a> AUTH ContinueAuthentication authenticationMethod=two authenticationData=me
  a< AUTH Success authenticationMethod=two authenticationData=hello
  a> PINGREQ
  a< PINGRESP
  `,
  TWO_STEPS,
);

testExchange(
  "Who fails a re-authentication is disconnected [MQTT-4.12.1-2] [MQTT-4.12.0-4]",
  `${AUTHENTICATED}
  a> AUTH ReAuthenticate authenticationMethod=two
  a< AUTH ContinueAuthentication authenticationMethod=two authenticationData=who?
  a> AUTH ContinueAuthentication authenticationMethod=two authenticationData=him
  a< DISCONNECT NotAuthorized
  a! closed
  `,
  TWO_STEPS,
);

Deno.test("Who has a wrong password at a re-authentication hears 0x87: DISCONNECT has no 0x86 [MQTT-3.14.2-1]", () => {
  let isRight = true;
  const step: EnhancedExchange["step"] = (data, reply) =>
    reply(isRight ? { type: "success", data } : { type: "failure", reasonCode: 0x86 });
  const exchange = new Exchange({ access: { beginEnhanced: () => ({ step }) } }).play(`
    a> CONNECT authenticationMethod=m
    a< CONNACK authenticationMethod=m
  `);
  isRight = false;
  exchange.play(`
    a> AUTH ReAuthenticate authenticationMethod=m
    a< DISCONNECT NotAuthorized
    a! closed
    b> CONNECT authenticationMethod=m
    b< CONNACK BadUserNameOrPassword
    b! closed
  `);
});

testExchange(
  "AUTH from a client that named no method in CONNECT is a Protocol Error [MQTT-4.12.0-6] [MQTT-4.13.1-1]",
  `
  a> CONNECT
  a< CONNACK
  a> AUTH ReAuthenticate authenticationMethod=two
  a< DISCONNECT ProtocolError
  a! closed
  `,
  TWO_STEPS,
);

testExchange(
  "AUTH 0x18 without a re-authentication under way is a Protocol Error",
  `${AUTHENTICATED}
  a> AUTH ContinueAuthentication authenticationMethod=two authenticationData=me
  a< DISCONNECT ProtocolError
  a! closed
  `,
  TWO_STEPS,
);

Deno.test("An answer may take its time, and what the client sends meanwhile waits [MQTT-3.1.4-6]", () => {
  let answer: ((step: EnhancedStep) => void) | undefined;
  const exchange = new Exchange({
    access: { beginEnhanced: () => ({ step: (_data, reply) => void (answer = reply) }) },
  }).play(`
    a> CONNECT authenticationMethod=slow
    a< nothing
    a> SUBSCRIBE id=1 t
    a< nothing
  `);
  exchange.test.turn(() => answer!({ type: "success", data: undefined }));
  exchange.play(`
    a< CONNACK authenticationMethod=slow !authenticationData
    a< SUBACK id=1 0
    a x
    a> CONNECT authenticationMethod=slow
    a x
  `);
  exchange.test.turn(() => answer!({ type: "success", data: undefined }));
  assert.equal(exchange.test.broker.clients.size, 0);
});
