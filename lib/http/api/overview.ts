import { json } from "../answers.ts";
import { Problem } from "../problem.ts";
import type { ApiRequest, Route } from "../route.ts";
import { list, number, object, oneOf, type Schema, text, whole } from "../schema.ts";

/** Event streams that may be open at one time. */
const MAX_STREAMS = 64;
/** Seconds between two collections of warnings. */
const WARN_SECONDS = 5;
/** Unsent events at which a stream is closed; the page reconnects by itself. */
const MAX_UNSENT = 64;

const GAUGES: Readonly<Record<string, Schema>> = {
  atMs: whole("The time of the sample, milliseconds since 1970"),
  clients: whole("Clients that are connected"),
  sessions: whole("Sessions"),
  subscriptions: whole("Subscriptions"),
  retained: whole("Retained messages"),
  retainedBytes: whole("Bytes of retained messages"),
  receivedRate: number("PUBLISH packets in, per second"),
  sentRate: number("PUBLISH packets out, per second"),
  receivedBytesRate: number("Bytes in, per second"),
  sentBytesRate: number("Bytes out, per second"),
  droppedRate: number("Messages dropped, per second"),
  dropped: whole("Messages dropped since the start"),
  queuedBytes: whole("Bytes that wait in sessions"),
  bufferedBytes: whole("Bytes not yet written to connections"),
  memoryBytes: whole("Resident memory"),
  cpu: number("Processors in use"),
  loopDelayP50: number("The median delay of the event loop, seconds"),
  loopDelayP99: number("The 99th percentile of these delays, seconds"),
  latencyP50: number("The median time of messages through the broker, of a sample, seconds"),
  latencyP99: number("The 99th percentile of these times, seconds"),
  commitRate: number("Commits per second"),
  commitP99: number("The 99th percentile of the time of commits, seconds"),
  storeBytes: whole("Bytes of the database in use"),
};
const WARNING = object({
  level: oneOf("The severity", "warning", "error"),
  text: text("One sentence"),
  clientId: text("The client concerned"),
}, ["clientId"]);

/** Operations behind the page's first view. */
export const OVERVIEW_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/overview",
    role: "viewer",
    summary: "Present figures, and warnings in words",
    answer: object({
      version: text("The broker's version"),
      startedMs: whole("When it started, milliseconds since 1970"),
      hasStore: { type: "boolean", description: "Whether there is a durable store" },
      gauges: object(GAUGES),
      warnings: list(WARNING),
    }),
    handle: overview,
  },
  {
    method: "GET",
    path: "/api/v1/history",
    role: "viewer",
    summary:
      "The same numbers of the last hour, every ten seconds, the oldest first: one list each",
    answer: object(
      Object.fromEntries(
        Object.entries(GAUGES).map(([name, schema]) => [name, list(schema)]),
      ),
    ),
    handle: history,
  },
  {
    method: "GET",
    path: "/api/v1/events",
    role: "viewer",
    summary: "Server-sent events: `gauges` once a second, `warnings` every five",
    answer: text("Events with JSON in them"),
    contentType: "text/event-stream",
    handle: events,
  },
];

async function overview({ context, gauges, warnings }: ApiRequest): Promise<Response> {
  return json({
    version: context.version,
    startedMs: Math.round(performance.timeOrigin),
    hasStore: context.broker.core.store !== undefined,
    gauges: gauges.current,
    warnings: await warnings.take(Date.now()),
  });
}

function history({ gauges }: ApiRequest): Response {
  const names = Object.keys(GAUGES) as (keyof typeof gauges.latest)[];
  return json(
    Object.fromEntries(
      names.map((name) => [name, gauges.history.map((values) => rounded(values[name]))]),
    ),
  );
}

/** Rounds to four significant digits, as many as a chart shows. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

function events(request: ApiRequest): Response {
  const { gauges, warnings, ending, streams } = request;
  if (streams.size >= MAX_STREAMS) throw new Problem(503, "Too many pages are open");
  const encoder = new TextEncoder();
  let stop = () => {};
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      let count = 0;
      const send = (event: string, data: unknown) => {
        try {
          const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
          controller.enqueue(encoder.encode(text));
          // A page that has read nothing for about a minute is gone.
          if ((controller.desiredSize ?? 0) < -MAX_UNSENT) end();
        } catch {
          stop();
        }
      };
      const unwatch = gauges.watch((values) => {
        send("gauges", values);
        if (count++ % WARN_SECONDS === 0) warn();
      });
      const warn = () => warnings.take(Date.now()).then((found) => send("warnings", found));
      const end = () => {
        stop();
        controller.close();
      };
      stop = () => {
        unwatch();
        streams.delete(end);
        ending.removeEventListener("abort", end);
      };
      streams.add(end);
      ending.addEventListener("abort", end);
      send("gauges", gauges.latest);
    },
    cancel: () => stop(),
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream" } });
}
