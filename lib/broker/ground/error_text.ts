/**
 * What was thrown, as text, with its stack. Never throws itself: a program may throw what cannot be made into text, and a fault while a
 * fault is logged would end the process.
 */
export function errorText(error: unknown): string {
  try {
    return String(error instanceof Error ? error.stack ?? error.message : error);
  } catch {
    return "Something was thrown that is no text";
  }
}
