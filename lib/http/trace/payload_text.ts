/** How a payload is to be shown; `auto`: as JSON or text where it is one, else in hexadecimal. */
export type PayloadFormat = "auto" | "text" | "json" | "hex" | "none";

/** A payload as it is shown. */
export interface PayloadView {
  /** What it is shown as. */
  readonly format: "text" | "json" | "hex";
  readonly text: string;
  /** Whether there is more of it. */
  readonly isCut: boolean;
}

/** The payload, cut at `maxBytes`; `undefined`: it is not to be shown, or empty. */
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
  // What is cut is no JSON any more.
  const compact = isCut ? undefined : compactJson(text);
  return compact === undefined
    ? { format: "text", text, isCut }
    : { format: "json", text: compact, isCut };
}

/** What is cut may end within a character. */
function decode(bytes: Uint8Array, isCut: boolean): string | undefined {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}

/** Bytes that happen to be UTF-8: nobody writes such characters. */
function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d || code === 0x7f) {
      return true;
    }
  }
  return false;
}

/** In one line; only objects and lists are worth the name. */
function compactJson(text: string): string | undefined {
  if (!text.trimStart().startsWith("{") && !text.trimStart().startsWith("[")) return undefined;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
}
