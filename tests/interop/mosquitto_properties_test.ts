import { strict as assert } from "node:assert";
import { callFlux } from "../support/flux.ts";
import { publish } from "../support/mosquitto.ts";
import { hasMosquitto } from "../support/mosquitto_broker.ts";

/** Which `-D PACKET NAME VALUE` is taken: every packet and every property that mosquitto_pub knows by name, beside mosquitto_pub itself. */

// deno-fmt-ignore
const PACKETS = [
  "connect", "publish", "subscribe", "unsubscribe", "disconnect", "will", "auth", "puback", "pingreq",
];
// deno-fmt-ignore
const NAMES = [
  "payload-format-indicator", "message-expiry-interval", "content-type", "response-topic", "correlation-data",
  "subscription-identifier", "session-expiry-interval", "assigned-client-identifier", "server-keep-alive",
  "authentication-method", "authentication-data", "request-problem-information", "will-delay-interval",
  "request-response-information", "response-information", "server-reference", "reason-string", "receive-maximum",
  "topic-alias-maximum", "topic-alias", "maximum-qos", "retain-available", "maximum-packet-size",
  "wildcard-subscription-available", "subscription-identifier-available", "shared-subscription-available", "user-property",
];
/** mosquitto_pub takes these, though no client may send them; the packet would be malformed, or a Protocol Error. */
const NOT_OURS = new Set(["disconnect server-reference", "will reason-string"]);
/** A port where nobody listens: a line that is understood ends there. */
const NOWHERE = 1;

function lineOf(packet: string, name: string): string[] {
  const method = name === "authentication-data"
    ? ["-D", "connect", "authentication-method", "m"]
    : [];
  const value = name === "user-property" ? ["k", "1"] : ["1"];
  const will = packet === "will" ? ["--will-topic", "w"] : [];
  return ["-V", "5", "-t", "t", "-m", "x", ...will, ...method, "-D", packet, name, ...value];
}

/** Whether mosquitto_pub goes on to connect. */
async function theyTake(line: readonly string[]): Promise<boolean> {
  const { output } = await publish(NOWHERE, line);
  if (output.includes("in --property argument")) return false;
  assert.match(output, /Connection refused/, line.join(" "));
  return true;
}

Deno.test({
  name: "-D takes the properties of each packet that mosquitto_pub takes, and refuses all others",
  ignore: !hasMosquitto,
  fn: async () => {
    for (const packet of PACKETS) {
      const lines = NAMES.map((name) => ({ name, line: lineOf(packet, name) }));
      const theirs = await Promise.all(lines.map(({ line }) => theyTake(line)));
      for (const [i, { name, line }] of lines.entries()) {
        const key = `${packet} ${name}`;
        const { status, error } = await callFlux(["pub", "-h", "127.0.0.1", "-p", "1", ...line]);
        assert.equal(status, theirs[i] && !NOT_OURS.has(key) ? 11 : 2, `${key}: ${error}`);
        if (status === 2) assert.match(error, /^-D/, key);
      }
    }
  },
});

for (const packet of ["puback", "pubrec", "pubrel", "pubcomp", "auth"]) {
  Deno.test(`-D ${packet} is refused with the reason, by pub, sub and rr alike`, async () => {
    for (const [command, ...rest] of [["pub", "-m", "x"], ["sub"], ["rr", "-m", "x", "-e", "e"]]) {
      const line = [command!, ...rest, "-t", "t", "-D", packet, "reason-string", "r"];
      const { status, error } = await callFlux(line);
      assert.equal(status, 2);
      assert.match(error, new RegExp(`^-D: Properties of ${packet.toUpperCase()} cannot be given`));
    }
  });
}
