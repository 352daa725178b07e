import type { SessionChange } from "../broker/mod.ts";

const BYTES = "base64:";

/** JSON has no bytes, and what a will has of them must stay what it is: a replacer for it. */
export function writeBytes(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? `${BYTES}${value.toBase64()}` : value;
}

/** Reads what was written so. JSON has no `Infinity` either, and says `null`. */
export function parseChange(text: string): SessionChange {
  const change = JSON.parse(text) as SessionChange;
  if (change.kind === "session") {
    return {
      ...change,
      expirySeconds: endless(change.expirySeconds),
      expiresAtMs: endless(change.expiresAtMs),
    };
  }
  if (change.kind !== "will" || change.will === undefined) return change;
  const { will, dueAtMs, ...rest } = change.will;
  const { properties } = will;
  const payload = readBytes(will.payload)!;
  const correlationData = readBytes(properties?.correlationData);
  return {
    ...change,
    will: {
      ...rest,
      dueAtMs: endless(dueAtMs),
      will: {
        ...will,
        payload,
        ...properties === undefined ? {} : {
          properties: correlationData === undefined
            ? properties
            : { ...properties, correlationData },
        },
      },
    },
  };
}

function endless(value: number | null): number {
  return value ?? Infinity;
}

function readBytes(written: unknown): Uint8Array | undefined {
  if (typeof written !== "string") return undefined;
  return Uint8Array.fromBase64(written.slice(BYTES.length));
}
