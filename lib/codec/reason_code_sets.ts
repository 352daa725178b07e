import { protocolError } from "./error.ts";
import type { ReasonCode } from "./reason_code.ts";

/** Packets that carry Reason Codes. */
export type Answer =
  | "connack"
  | "puback"
  | "pubrec"
  | "pubrel"
  | "pubcomp"
  | "suback"
  | "unsuback"
  | "disconnect"
  | "auth";

const PUBACK = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const PUBREL = [0x00, 0x92];

/**
 * Which Reason Codes each 5.0 packet may carry, whoever sends it. DISCONNECT has all that the list of Reason Codes names
 * for it, which includes 0x8C.
 */
// deno-fmt-ignore
const ALLOWED: Readonly<Record<Answer, ReadonlySet<number>>> = {
  connack: new Set<number>([
    0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97,
    0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
  ]),
  puback: new Set<number>(PUBACK),
  pubrec: new Set<number>(PUBACK),
  pubrel: new Set<number>(PUBREL),
  pubcomp: new Set<number>(PUBREL),
  suback: new Set<number>([
    0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2,
  ]),
  unsuback: new Set<number>([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]),
  disconnect: new Set<number>([
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
  ]),
  auth: new Set<number>([0x00, 0x18, 0x19]),
};

/** Whether this packet may carry the Reason Code. */
export function mayCarry(answer: Answer, code: number): boolean {
  return ALLOWED[answer].has(code);
}

/** The Reason Code, or a Protocol Error where this packet cannot have it: a value that the protocol does not allow. */
export function allowedReasonCode(code: number, answer: Answer): ReasonCode {
  if (mayCarry(answer, code)) return code as ReasonCode;
  throw protocolError(`Cannot accept Reason Code 0x${code.toString(16)} in ${answer}`);
}
