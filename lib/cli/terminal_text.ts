/** Controls, invisible characters, those that turn the direction around, and halves of characters. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** As above, without what a text of several lines needs, and without what joins the parts of one sign. */
const HIDDEN_IN_TEXT = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Replaces control characters, since names come from strangers and must not control the terminal. */
export function safe(text: string): string {
  return text.replace(HIDDEN, "?");
}

/** The same for a text that may have lines, such as a payload. Bytes that are no UTF-8 are replaced too. */
export function safeText(text: string | Uint8Array): string {
  const decoded = typeof text === "string" ? text : new TextDecoder().decode(text);
  return decoded.replace(HIDDEN_IN_TEXT, "?");
}
