/** An answer with a JSON body. */
export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value, replaceInfinity), {
    headers: { "content-type": "application/json", ...headers },
  });
}

/** An answer without a body: 204. */
export function done(headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 204, headers });
}

/** JSON has no infinity, so a time that never comes becomes null. */
function replaceInfinity(_: string, value: unknown): unknown {
  return value === Infinity ? null : value;
}
