import type { ProtocolVersion } from "../../../lib/codec/mod.ts";

/** An exchange that is played at this broker and at mosquitto. */
export interface Case {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly script: string;
}

/** Versions that a case is played in. */
export const BOTH = [4, 5] as const;

/** A line that connects a client; its Client Identifier is made unique for each case. */
export function connect(name: string, more = "cleanStart"): string {
  return `${name}> CONNECT clientId=${name} keepAlive=60 ${more}`;
}

/** The same exchange in several versions. */
export function inEach(
  versions: readonly ProtocolVersion[],
  name: string,
  ...lines: readonly string[]
): Case[] {
  return versions.map((version) => ({ name, version, script: lines.join("\n") }));
}

/** An exchange of a client that has connected as `a`. */
export function connected(
  versions: readonly ProtocolVersion[],
  name: string,
  ...lines: readonly string[]
): Case[] {
  return inEach(versions, name, connect("a"), ...lines);
}

/** What is played in 3.1.1, in 3.1. */
export function in31(...cases: readonly Case[]): Case[] {
  return cases.filter(({ version }) => version === 4).map((one) => ({ ...one, version: 3 }));
}

/** Bytes of a property section with its length before it: `'text'` stands for its bytes. */
export function section(bytes: string): string {
  const all = [...bytes.matchAll(/'([^']*)'|[\da-f]{2}/g)];
  const length = all.reduce((sum, [, text]) => sum + (text?.length ?? 1), 0);
  return `${length.toString(16).padStart(2, "0")} ${bytes}`;
}

/** A PUBLISH of QoS 2 with its PUBREL behind it: mosquitto passes the message on only then. */
export function publishQos2(id: number, topicName: string, text: string): string {
  return `PUBLISH ${topicName} qos=2 id=${id} "${text}" & PUBREL id=${id}`;
}
