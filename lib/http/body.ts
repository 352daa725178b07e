import { Problem } from "./problem.ts";

/** The most bytes of a body. */
const MAX_BODY_BYTES = 64 * 1024;
/** How long a body may take to arrive, milliseconds. */
const MAX_BODY_MS = 10_000;

/** Reads a JSON object; throws a {@linkcode Problem} if the body is too long, too slow, or not a JSON object. */
export async function readJson(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\b/i.test(type)) {
    throw new Problem(415, "The body must be JSON, with Content-Type: application/json");
  }
  let value: unknown;
  try {
    value = JSON.parse(await readText(request));
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(400, "The body is not JSON");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new Problem(400, "The body must be a JSON object");
}

/** Reads a text; throws as {@linkcode readJson} does. */
export async function readText(request: Request): Promise<string> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > MAX_BODY_BYTES) throw tooLong();
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {});
  }, MAX_BODY_MS);
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      bytes += part.value.length;
      if (bytes > MAX_BODY_BYTES) {
        reader.cancel().catch(() => {});
        throw tooLong();
      }
      chunks.push(part.value);
    }
  } finally {
    clearTimeout(timer);
  }
  if (isLate) throw new Problem(408, `The body did not arrive within ${MAX_BODY_MS / 1000} s`);
  return decode(chunks, bytes);
}

function decode(chunks: readonly Uint8Array[], length: number): string {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(whole);
  } catch {
    throw new Problem(400, "The body is not UTF-8");
  }
}

function tooLong(): Problem {
  return new Problem(413, `A body may have ${MAX_BODY_BYTES} bytes`);
}
