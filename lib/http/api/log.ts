import type { LogLevel } from "../../observe/mod.ts";
import { done, json } from "../answers.ts";
import { readJson } from "../body.ts";
import { Problem } from "../problem.ts";
import { MAX_LIMIT, textOf, wholeOf } from "../query.ts";
import type { ApiRequest, Route } from "../route.ts";
import { list, object, oneOf, text, whole } from "../schema.ts";

const LEVELS = ["debug", "info", "warning", "error"] as const;
const LINES = 200;

/** Operations on the log. */
export const LOG_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/log",
    role: "viewer",
    summary: "The newest lines of the log, in their order",
    query: [
      {
        name: "after",
        description: "Only lines after this sequence: the `last` of the previous answer",
        schema: { type: "integer", minimum: 0 },
      },
      {
        name: "limit",
        description: `Lines at most; default ${LINES}`,
        schema: { type: "integer", minimum: 1, maximum: MAX_LIMIT },
      },
    ],
    answer: object({
      items: list(object({
        sequence: whole("Grows by one with each line"),
        atMs: whole("Milliseconds since 1970"),
        level: oneOf("The severity", ...LEVELS),
        text: text("Message and fields"),
      })),
      last: whole("The sequence of the newest line"),
      level: oneOf("The lowest level that is logged", ...LEVELS, "none"),
    }),
    handle: tail,
  },
  {
    method: "PUT",
    path: "/api/v1/log/level",
    role: "admin",
    summary: "Changes the log level until the configuration is read again",
    body: object({ level: oneOf("The lowest level that is logged", ...LEVELS) }),
    handle: setLevel,
  },
];

function tail({ query, context }: ApiRequest): Response {
  const after = wholeOf(query, "after", 0, 0, Number.MAX_SAFE_INTEGER);
  const limit = wholeOf(query, "limit", LINES, 1, MAX_LIMIT);
  const items = context.tail.after(after, limit);
  return json({ items, last: context.tail.lastSequence, level: context.logLevel() });
}

async function setLevel({ request, context, caller }: ApiRequest): Promise<Response> {
  const level = textOf(await readJson(request), "level") as LogLevel;
  if (!LEVELS.includes(level)) throw new Problem(400, `level: must be one of ${LEVELS.join(", ")}`);
  context.setLogLevel(level);
  context.log.info("Log level changed at the dashboard", { level, by: caller?.identity.userName });
  return done();
}
