/** The bytes of padded base64 of the standard alphabet; `undefined` for any other text, also for white space in it. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  if (/\s/.test(text)) return undefined;
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return undefined;
  }
}
