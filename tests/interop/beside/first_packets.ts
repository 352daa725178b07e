import type { ProtocolVersion } from "../../../lib/codec/mod.ts";
import { type Case, inEach, section } from "./case.ts";

/** First packets: what is no CONNECT, and CONNECTs byte by byte. */

/** What comes where CONNECT is due. */
// deno-fmt-ignore
const NO_CONNECT: readonly (readonly [name: string, bytes: string])[] = [
  ["PINGREQ", "c0 00"], ["DISCONNECT", "e0 00"], ["PUBLISH", "30 06 00 01 'p' 'abc'"], ["PUBACK", "40 02 00 01"],
  ["PUBREC", "50 02 00 01"], ["PUBREL", "62 02 00 01"], ["PUBCOMP", "70 02 00 01"],
  ["SUBSCRIBE", "82 06 00 01 00 01 'p' 00"], ["SUBACK", "90 03 00 01 00"], ["UNSUBSCRIBE", "a2 05 00 01 00 01 'p'"],
  ["UNSUBACK", "b0 02 00 01"], ["PINGRESP", "d0 00"], ["CONNACK", "20 02 00 00"], ["type 0", "00 00"], ["AUTH", "f0 00"],
  ["a length of five bytes", "10 ff ff ff ff 7f"],
];

const ID = "00 01 'a'";

/** Connect Flags and what follows the properties; `W` stands for the will's properties in 5.0. */
// deno-fmt-ignore
const CONNECTS: readonly (readonly [name: string, flags: string, payload: string])[] = [
  ["nothing special", "02", ID], ["the reserved flag", "03", ID],
  ["an empty Client Identifier", "02", "00 00"], ["an empty Client Identifier without clean start", "00", "00 00"],
  ["Will QoS without will", "0a", ID], ["Will Retain without will", "22", ID], ["Will QoS 3", "1e", `${ID} W 00 01 'w' 00 01 'x'`],
  ["a will", "06", `${ID} W 00 01 'w' 00 01 'x'`], ["a will without topic", "06", `${ID} W 00 00 00 01 'x'`],
  ["a will with a wildcard", "06", `${ID} W 00 01 '#' 00 01 'x'`], ["a will to $SYS", "06", `${ID} W 00 04 '$SYS' 00 01 'x'`],
  ["a will to $CONTROL", "06", `${ID} W 00 0d '$CONTROL/test' 00 01 'x'`],
  ["a will with an overlong NUL", "06", `${ID} W 00 02 c0 80 00 01 'x'`], ["a will without payload", "06", `${ID} W 00 01 'w'`],
  ["a password alone", "42", `${ID} 00 01 'p'`], ["user name and password", "c2", `${ID} 00 01 'u' 00 01 'p'`],
  ["no user name where one is announced", "82", ID], ["no password where one is announced", "c2", `${ID} 00 01 'u'`],
  ["a user name that is no text", "82", `${ID} 00 01 ff`], ["a user name with NUL", "82", `${ID} 00 02 'u' 00`],
  ["a Client Identifier with NUL", "02", "00 02 'a' 00"], ["a Client Identifier that is no text", "02", "00 01 ff"],
  ["a surrogate", "02", "00 03 ed a0 80"], ["a Client Identifier that ends early", "02", "00 05 'a'"],
  ["a byte too many", "02", `${ID} 00`], ["no Client Identifier", "02", ""],
  ["a Client Identifier with #", "02", "00 01 '#'"], ["a Client Identifier with /", "02", "00 03 'a/b'"],
  ["a Client Identifier of 32", "02", "00 20 'abcdefghijklmnopqrstuvwxyz012345'"],
];

/** Whole CONNECTs, for names and levels of the protocol. */
// deno-fmt-ignore
const PROTOCOLS: readonly (readonly [name: string, version: ProtocolVersion, bytes: string])[] = [
  ["MQTX", 4, "00 04 'MQTX' 04"], ["mqtt", 4, "00 04 'mqtt' 04"], ["no name", 4, "00 00 04"], ["MQTTxx", 4, "00 06 'MQTTxx' 04"],
  ["MQIsdp 3", 3, "00 06 'MQIsdp' 03"], ["MQIsdp 4", 4, "00 06 'MQIsdp' 04"], ["MQTT 3", 4, "00 04 'MQTT' 03"],
  ["MQTT 6", 4, "00 04 'MQTT' 06"], ["MQTT 0", 4, "00 04 'MQTT' 00"], ["MQTT 255", 4, "00 04 'MQTT' ff"],
  ["MQTT 0x84", 4, "00 04 'MQTT' 84"],
];

/** Properties of CONNECT. */
// deno-fmt-ignore
const PROPERTIES: readonly (readonly [name: string, bytes: string])[] = [
  ["Session Expiry Interval", "11 00 00 00 01"], ["Session Expiry Interval twice", "11 00 00 00 01 11 00 00 00 01"],
  ["Receive Maximum 0", "21 00 00"], ["Receive Maximum 1", "21 00 01"], ["Maximum Packet Size 0", "27 00 00 00 00"],
  ["Maximum Packet Size 10", "27 00 00 00 0a"], ["Topic Alias Maximum", "22 00 05"], ["Request Response Information 2", "19 02"],
  ["Request Response Information 1", "19 01"], ["Request Problem Information 2", "17 02"],
  ["Request Problem Information 0", "17 00"], ["an Authentication Method", "15 00 01 'm'"],
  ["Authentication Data alone", "16 00 01 'm'"], ["a User Property", "26 00 01 'k' 00 01 'v'"], ["property 0x7f", "7f 00"],
  ["Content Type", "03 00 01 'x'"], ["a User Property that ends early", "26 00 01 'k' 00 05 'v'"],
  ["Will Delay Interval", "18 00 00 00 01"], ["Server Keep Alive", "13 00 01"],
];

function* connects(): Generator<Case> {
  for (const version of [4, 5] as const) {
    const [level, properties] = version === 5 ? ["05", "00"] : ["04", ""];
    for (const [name, flags, payload] of CONNECTS) {
      const rest = payload.replace("W", properties);
      const line = `a> frame 10 00 04 'MQTT' ${level} ${flags} 00 3c ${properties} ${rest}`;
      yield* inEach([version], `CONNECT with ${name}`, line);
    }
  }
  for (const [name, version, head] of PROTOCOLS) {
    yield* inEach([version], `CONNECT of ${name}`, `a> frame 10 ${head} 02 00 3c ${ID}`);
  }
  for (const [name, bytes] of PROPERTIES) {
    const line = `a> frame 10 00 04 'MQTT' 05 02 00 3c ${section(bytes)} ${ID}`;
    yield* inEach([5], `CONNECT with ${name}`, line);
  }
  yield* inEach(
    [4],
    "CONNECT with flags in its first byte",
    `a> frame 11 00 04 'MQTT' 04 02 00 3c ${ID}`,
  );
}

/** 3.1 does not use these flags. */
const FLAGGED_3_1 = [
  ...inEach(
    [3],
    "CONNECT of 3.1 with QoS 1 in its first byte",
    `a> frame 12 00 06 'MQIsdp' 03 02 00 3c ${ID}`,
  ),
  ...inEach(
    [3],
    "CONNECT of 3.1 with QoS 3 in its first byte",
    `a> frame 16 00 06 'MQIsdp' 03 02 00 3c ${ID}`,
  ),
];

/** All of them. */
export const FIRST_PACKETS: readonly Case[] = [
  ...NO_CONNECT.flatMap(([name, bytes]) => inEach([4], `${name} first`, `a> hex ${bytes}`)),
  ...connects(),
  ...FLAGGED_3_1,
];
