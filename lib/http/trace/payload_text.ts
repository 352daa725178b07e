/** How a payload is shown; `auto` means as JSON or text if it is that, else in hexadecimal. */
export type PayloadFormat = "auto" | "text" | "json" | "hex" | "none";

/** A payload in the form in which it is shown. */
export interface PayloadView {
  /** The format used. */
  readonly format: "text" | "json" | "hex";
  readonly text: string;
  /** Whether the payload was cut. */
  readonly isCut: boolean;
}

/** Shows a payload, cut at `maxBytes`; `undefined` if it is empty or not to be shown. */
export function payloadView(
  payload: Uint8Array,
  format: PayloadFormat,
  maxBytes: number,
): PayloadView | undefined {
  if (format === "none" || payload.length === 0) return undefined;
  const isCut = payload.length > maxBytes;
  const bytes = isCut ? payload.subarray(0, maxBytes) : payload;
  const text = format === "hex" ? undefined : decode(bytes, isCut);
  if (text === undefined) return { format: "hex", text: bytes.toHex(), isCut };
  if (format === "text") return { format, text, isCut };
  if (hasControls(text)) return { format: "hex", text: bytes.toHex(), isCut };
  // A cut payload is not valid JSON.
  const compact = isCut ? undefined : compactJson(text);
  return compact === undefined
    ? { format: "text", text, isCut }
    : { format: "json", text: compact, isCut };
}

/** Decodes UTF-8; a cut payload may end within a character. */
function decode(bytes: Uint8Array, isCut: boolean): string | undefined {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}

/** Whether a text has control characters: then it is binary data that happens to be valid UTF-8. */
function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d || code === 0x7f) {
      return true;
    }
  }
  return false;
}

/** Writes JSON in one line; only objects and lists count as JSON. */
function compactJson(text: string): string | undefined {
  if (!text.trimStart().startsWith("{") && !text.trimStart().startsWith("[")) return undefined;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
}
