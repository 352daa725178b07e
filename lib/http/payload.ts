import type { Message } from "../broker/mod.ts";
import { list, object, type Schema, text, whole } from "./schema.ts";

/** Bytes of a payload that an answer shows. */
const MAX_SHOWN_BYTES = 64 * 1024;

/** The schema of a payload and its message's properties. */
export const payloadSchema: Readonly<Record<string, Schema>> = {
  payload: { type: ["string", "null"], description: "The text; null if it is not UTF-8" },
  payloadBase64: text("The bytes"),
  isCut: { type: "boolean", description: `Whether there are more than ${MAX_SHOWN_BYTES} bytes` },
  contentType: { type: ["string", "null"], description: "In 5.0" },
  responseTopic: { type: ["string", "null"], description: "In 5.0" },
  userProperties: list(object({ name: text("Its name"), value: text("Its value") })),
  payloadFormatIndicator: { ...whole("In 5.0; null: none"), type: ["integer", "null"] },
};

/** Shows a payload as text if it is text, and as bytes; cuts a long one. */
export function payloadOf(payload: Uint8Array): Record<string, unknown> {
  const isCut = payload.length > MAX_SHOWN_BYTES;
  const bytes = isCut ? payload.subarray(0, MAX_SHOWN_BYTES) : payload;
  return { payload: decode(bytes, isCut), payloadBase64: bytes.toBase64(), isCut };
}

/** Selects the properties to show. */
export function propertiesOf(properties: Message["properties"]): Record<string, unknown> {
  return {
    contentType: properties?.contentType ?? null,
    responseTopic: properties?.responseTopic ?? null,
    payloadFormatIndicator: properties?.payloadFormatIndicator ?? null,
    userProperties: (properties?.userProperties ?? []).map(([name, value]) => ({ name, value })),
  };
}

/** Decodes UTF-8; a cut payload may end within a character. */
function decode(bytes: Uint8Array, isCut: boolean): string | null {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}
