/** Blanks of all scripts, which stand for the plain one. */
const SPACES = /[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g;
/** Characters that nobody sees, which stand for nothing. */
const NOTHING = /[\u00AD\u034F\u1806\u180B-\u180D\u200B-\u200D\u2060\uFE00-\uFE0F\uFEFF]/g;
/** Control, private and unassigned characters, lone surrogates among them: not allowed. */
const PROHIBITED = /[\p{Cc}\p{Co}\p{Cn}\p{Cs}\u2028\u2029\u200E\u200F\u202A-\u202E\uFFF9-\uFFFD]/u;

/**
 * A user name or password in the form in which SCRAM compares it (RFC 4013), the same for texts that look the same. `undefined`: it
 * contains a character that is not allowed. The rule for text in both directions is not applied.
 */
export function saslPrep(text: string): string | undefined {
  const prepared = text.replace(NOTHING, "").replace(SPACES, " ").normalize("NFKC");
  return PROHIBITED.test(prepared) ? undefined : prepared;
}
