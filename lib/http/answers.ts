/** JSON. */
export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value, replaceInfinity), {
    headers: { "content-type": "application/json", ...headers },
  });
}

/** Done, and nothing to say. */
export function done(headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 204, headers });
}

/** JSON has no infinity: what never comes is null. */
function replaceInfinity(_: string, value: unknown): unknown {
  return value === Infinity ? null : value;
}
