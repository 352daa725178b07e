import { type Case, connected, section } from "./case.ts";

/** Single packets of a client that has connected, byte by byte: those that are wrong, and those just on the right side. */

/** `P` stands for an empty property section in 5.0, and for nothing before. */
// deno-fmt-ignore
const PACKETS: readonly (readonly [name: string, first: string, body: string])[] = [
  ["PINGREQ with a flag", "c1", ""], ["PINGREQ with a body", "c0", "00 00"], ["PINGRESP", "d0", ""], ["CONNACK", "20", "00 00"],
  ["SUBACK", "90", "00 01 P 00"], ["UNSUBACK", "b0", "00 01 P"], ["type 0", "00", ""], ["AUTH", "f0", ""],
  ["PUBLISH of QoS 3", "36", "00 01 'p' 00 01 P 'x'"], ["PUBLISH of QoS 0 with DUP", "38", "00 01 'p' P 'x'"],
  ["PUBLISH without topic", "30", "00 00 P 'x'"], ["PUBLISH to +", "30", "00 01 '+' P 'x'"], ["PUBLISH to a/#", "30", "00 03 'a/#' P 'x'"],
  ["PUBLISH to a topic with NUL", "30", "00 02 'p' 00 P 'x'"], ["PUBLISH to no text", "30", "00 01 ff P 'x'"],
  ["PUBLISH to a topic with U+0001", "30", "00 02 'p' 01 P 'x'"], ["PUBLISH to a topic with U+FFFF", "30", "00 03 ef bf bf P 'x'"],
  ["PUBLISH to a surrogate", "30", "00 03 ed a0 80 P 'x'"], ["PUBLISH of QoS 1 with id 0", "32", "00 01 'p' 00 00 P 'x'"],
  ["PUBLISH of QoS 2 with id 0", "34", "00 01 'p' 00 00 P 'x'"], ["PUBLISH that ends in its topic", "30", "00 05 'p'"],
  ["PUBLISH of nothing", "30", ""], ["PUBLISH of QoS 1 without id", "32", "00 01 'p'"],
  ["PUBLISH of QoS 0 to $SYS", "30", "00 05 '$SYS/' P 'x'"], ["PUBLISH of QoS 1 to $SYS", "32", "00 06 '$SYS/x' 00 01 P 'x'"],
  ["PUBLISH of QoS 2 to $SYS", "34", "00 06 '$SYS/x' 00 01 P 'x'"], ["PUBLISH to $share", "32", "00 0a '$share/a/b' 00 01 P 'x'"],
  ["PUBLISH to $foo", "32", "00 06 '$foo/x' 00 01 P 'x'"],
  ...[["PUBACK", "4"], ["PUBREC", "5"], ["PUBCOMP", "7"]].flatMap(([type, digit]): [string, string, string][] => [
    [`${type} with id 0`, `${digit}0`, "00 00"], [`${type} of an unknown id`, `${digit}0`, "00 09"],
    [`${type} that ends early`, `${digit}0`, "00"], [`${type} with a flag`, `${digit}1`, "00 09"],
    [`${type} with bytes too many`, `${digit}0`, "00 09 00 00 00"],
  ]),
  ["PUBREL with id 0", "62", "00 00"], ["PUBREL of an unknown id", "62", "00 09"], ["PUBREL without its flag", "60", "00 09"],
  ["PUBREL that ends early", "62", "00"],
  ["SUBSCRIBE without its flag", "80", "00 01 P 00 01 'p' 00"], ["SUBSCRIBE with id 0", "82", "00 00 P 00 01 'p' 00"],
  ["SUBSCRIBE to nothing", "82", "00 01 P"], ["SUBSCRIBE of QoS 3", "82", "00 01 P 00 01 'p' 03"],
  ["SUBSCRIBE without options", "82", "00 01 P 00 01 'p'"], ["SUBSCRIBE to an empty filter", "82", "00 01 P 00 00 00"],
  ["SUBSCRIBE to a filter with NUL", "82", "00 01 P 00 02 'p' 00 00"], ["SUBSCRIBE to no text", "82", "00 01 P 00 01 ff 00"],
  ...["a#", "#/a", "a+", "++", "a/+b/c"].map((filter): [string, string, string] =>
    [`SUBSCRIBE to ${filter}`, "82", `00 01 P 00 0${filter.length} '${filter}' 00`]
  ),
  ["SUBSCRIBE to $share/a", "82", "00 01 P 00 08 '$share/a' 00"], ["SUBSCRIBE to $share//b", "82", "00 01 P 00 09 '$share//b' 00"],
  ["SUBSCRIBE to $share/+/b", "82", "00 01 P 00 0a '$share/+/b' 00"], ["SUBSCRIBE to $share/a/", "82", "00 01 P 00 09 '$share/a/' 00"],
  ["SUBSCRIBE to $share/a/b", "82", "00 01 P 00 0a '$share/a/b' 01"], ["SUBSCRIBE to one filter twice", "82", "00 01 P 00 01 'p' 00 00 01 'p' 02"],
  ["SUBSCRIBE to p and a#", "82", "00 01 P 00 01 'p' 00 00 02 'a#' 02"],
  ...["f0", "30", "40", "04"].map((options): [string, string, string] =>
    [`SUBSCRIBE with options 0x${options}`, "82", `00 01 P 00 01 'p' ${options}`]
  ),
  ["UNSUBSCRIBE without its flag", "a0", "00 01 P 00 01 'p'"], ["UNSUBSCRIBE with id 0", "a2", "00 00 P 00 01 'p'"],
  ["UNSUBSCRIBE from nothing", "a2", "00 01 P"], ["UNSUBSCRIBE from an empty filter", "a2", "00 01 P 00 00"],
  ["UNSUBSCRIBE from a#", "a2", "00 01 P 00 02 'a#'"], ["UNSUBSCRIBE from no text", "a2", "00 01 P 00 01 ff"],
  ["UNSUBSCRIBE from what is not subscribed", "a2", "00 01 P 00 01 'z'"], ["UNSUBSCRIBE that ends early", "a2", "00 01 P 00 05 'z'"],
  ["UNSUBSCRIBE from two", "a2", "00 01 P 00 01 'z' 00 01 'y'"], ["DISCONNECT with a flag", "e1", ""], ["DISCONNECT with a byte", "e0", "00"],
];

/** Of 5.0 alone. */
// deno-fmt-ignore
const PACKETS_5: readonly (readonly [name: string, first: string, body: string])[] = [
  ...[["PUBACK", "40"], ["PUBREC", "50"], ["PUBCOMP", "70"]].flatMap(([type = "", first = ""]): [string, string, string][] => [
    [`${type} with Reason Code 0x55`, first, "00 09 55"], [`${type} with Reason Code 0x80`, first, "00 09 80"],
    [`${type} with an empty section`, first, "00 09 00 00"], [`${type} with a reason`, first, "00 09 00 04 1f 00 01 'x'"],
    [`${type} with Payload Format Indicator`, first, "00 09 00 02 01 00"],
  ]),
  ["AUTH with 0x18", "f0", "18 00"], ["PUBREL with 0x92", "62", "00 09 92"], ["PUBREL with 0x80", "62", "00 09 80"],
  ...["04", "55", "81", "82 00", "00 00", "8e", "01", "00 05 11 00 00 00 01", "00 04 1c 00 01 'x'", "00 04 03 00 01 'x'",
    "00 08 1f 00 01 'x' 1f 00 01 'y'"].map((body): [string, string, string] => [`DISCONNECT ${body}`, "e0", body]),
];

/** Properties of a PUBLISH to a topic that its sender has subscribed to. */
// deno-fmt-ignore
const PROPERTIES: readonly (readonly [name: string, bytes: string])[] = [
  ["Topic Alias 0", "23 00 00"], ["Topic Alias 1", "23 00 01"], ["Topic Alias twice", "23 00 01 23 00 01"],
  ["Topic Alias 65535", "23 ff ff"], ["Payload Format Indicator 1", "01 01"], ["Message Expiry Interval", "02 00 00 00 05"],
  ["Subscription Identifier", "0b 01"], ["Response Topic +", "08 00 01 '+'"], ["Response Topic that is empty", "08 00 00"],
  ["Response Topic", "08 00 01 'r'"], ["Response Topic twice", "08 00 01 'r' 08 00 01 'r'"], ["property 0x7f", "7f"],
  ["Session Expiry Interval", "11 00 00 00 01"], ["User Properties of one name", "26 00 01 'k' 00 01 'v' 26 00 01 'k' 00 01 'w'"],
  ["Content Type", "03 00 01 'c'"], ["Correlation Data", "09 00 01 'c'"], ["Message Expiry Interval that ends early", "02 00 00"],
  ["Content Type that is no text", "03 00 01 ff"],
];
const SUBSCRIBE_PROPERTIES: typeof PROPERTIES = [
  ["Subscription Identifier 0", "0b 00"],
  ["Subscription Identifier 1", "0b 01"],
  ["Subscription Identifier 268435455", "0b ff ff ff 7f"],
  ["Subscription Identifier twice", "0b 01 0b 02"],
  ["User Property", "26 00 01 'k' 00 01 'v'"],
  ["Reason String", "1f 00 01 'x'"],
];

/** All of them. */
export const LATER_PACKETS: readonly Case[] = [
  ...([4, 5] as const).flatMap((version) =>
    PACKETS.flatMap(([name, first, body]) =>
      connected(
        [version],
        name,
        `a> frame ${first} ${body.replace("P", version === 5 ? "00" : "")}`,
      )
    )
  ),
  ...PACKETS_5.flatMap(([name, first, body]) => connected([5], name, `a> frame ${first} ${body}`)),
  ...PROPERTIES.flatMap(([name, bytes]) =>
    connected(
      [5],
      `PUBLISH with ${name}`,
      "a> SUBSCRIBE id=1 p",
      `a> frame 30 00 01 'p' ${section(bytes)} 'x'`,
    )
  ),
  ...SUBSCRIBE_PROPERTIES.flatMap(([name, bytes]) =>
    connected(
      [5],
      `SUBSCRIBE with ${name}`,
      `a> frame 82 00 01 ${section(bytes)} 00 01 'p' 00`,
      'a> PUBLISH p "x"',
    )
  ),
  ...connected([5], "PUBLISH with an unknown Topic Alias", "a> frame 30 00 00 03 23 00 05 'x'"),
  ...connected([4, 5], "a length of five bytes", "a> hex c0 ff ff ff ff 7f"),
  ...connected([4], "a wrong packet behind a right one", "a> hex 30 04 00 01 'p' 'x' 20 02 00 00"),
];
