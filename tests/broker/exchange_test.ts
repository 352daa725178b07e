import { strict as assert } from "node:assert";
import { Exchange, testExchange } from "../support/exchange.ts";

testExchange(
  "A message goes from one client to another",
  `
  a> CONNECT v=5 clientId=a cleanStart
  a< CONNACK success receiveMaximum=500
  b> CONNECT v=4 clientId=b cleanStart
  b< CONNACK
  a> SUBSCRIBE id=1 t/# qos=1
  a< SUBACK id=1 1
  b> PUBLISH t/x qos=1 id=7 "hello"
  b< PUBACK id=7
  a< PUBLISH t/x qos=1 id=1 "hello"
  a< nothing
  wait 30s             (the clock moves; ticks happen)
  b> hex 30 00         (raw bytes)
  b! closed            (connection is closed)
  a x
  `,
);

const CONNECTED = `
  a> CONNECT
  a< CONNACK
  a> SUBSCRIBE id=1 t
  a< SUBACK id=1 0
`;

const failing: [why: string, script: string, message: RegExp][] = [
  ["a packet did not come", "a< PINGRESP", /Nothing has come to a/],
  ["a packet came that nobody expected", "a> PINGREQ", /PINGRESP before this/],
  [
    "a packet came before the one expected",
    "a> PINGREQ & PUBLISH t\na< PUBLISH t",
    /type is wrong/,
  ],
  ["a field is another", "a> PUBLISH t 1\na< PUBLISH t 2", /payload is wrong/],
  ["a field is not mentioned", "a> PUBLISH t contentType=c\na< PUBLISH t", /contentType is wrong/],
  ["a field is not there", "a> PUBLISH t\na< PUBLISH t contentType=*", /contentType is wrong/],
  ["a field should not be there", "b> CONNECT\nb< CONNACK !receiveMaximum", /receiveMaximum is wr/],
  ["a connection was closed unnoticed", "a> DISCONNECT", /a was closed before this/],
  ["a connection is open", "a! closed", /a is still open/],
  ["something came and nothing should", "a> PINGREQ\na< nothing", /Got PINGRESP/],
  ["the line is none", "a dances", /no line of the notation/],
  ["the drops are others", "dropped expired=1", /Counted/],
];
for (const [why, script, message] of failing) {
  Deno.test(`A script fails where ${why}`, () => {
    const exchange = new Exchange().play(CONNECTED);
    assert.throws(() => exchange.play(script), message);
  });
}

Deno.test("A script's failure shows the line that failed below those that went well", () => {
  assert.throws(
    () => new Exchange().play(`${CONNECTED}\na< PINGRESP`),
    /a< SUBACK id=1 0\n {2}→ a< PINGRESP/,
  );
});
