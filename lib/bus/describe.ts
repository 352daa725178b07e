/** Payload bytes that a line shows at most: a log is read by people. */
const SHOWN_SIZE_BYTES = 256;

/** What can break a line, move a terminal's cursor or hide: control characters, line separators, direction marks. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The line for the log about a message that came over the EventBus. */
export function describeMessage(message: { topicName: string; payload: Uint8Array }): string {
  const topic = escape(message.topicName.replace(/["\\]/g, "\\$&"));
  const payload = describePayload(message.payload);
  return `Received message from EventBus: topic="${topic}", payload=${payload}`;
}

/** Text, with escapes for what is not printable, or other bytes in hexadecimal. What is cut off is followed by its whole size. */
function describePayload(payload: Uint8Array): string {
  const shown = payload.subarray(0, SHOWN_SIZE_BYTES);
  const isCut = shown.length < payload.length;
  return describeBytes(shown, isCut) + (isCut ? `... (${payload.length} bytes)` : "");
}

function describeBytes(bytes: Uint8Array, isCut: boolean): string {
  try {
    // As a stream, a character that the cut divides is left out instead of being an error.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return escape(decoder.decode(bytes, { stream: isCut }));
  } catch {
    return `0x${bytes.toHex()}`;
  }
}

function escape(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}
