import { withheldFrom } from "../../broker/mod.ts";
import { isSharedFilter, isTopicFilter } from "../../topic/mod.ts";
import { Problem } from "../problem.ts";
import { wholeOf } from "../query.ts";
import { mayRead } from "../rights.ts";
import type { ApiRequest, Route } from "../route.ts";
import { text } from "../schema.ts";
import type { PayloadFormat } from "../trace/payload_text.ts";
import { Subject } from "../trace/subject.ts";
import { Trace, type TraceInit } from "../trace/trace.ts";
import { TraceStream } from "../trace/trace_stream.ts";

/** Traces that may run at one time. */
const MAX_TRACES = 8;
const SECONDS = 60;
const MAX_SECONDS = 3600;
const LINES = 10_000;
const MAX_LINES = 100_000;
const PAYLOAD_BYTES = 256;
const MAX_PAYLOAD_BYTES = 65_536;
/** Clients that one trace may cover. */
const MAX_CLIENTS = 100;
const FORMATS = ["auto", "text", "json", "hex", "none"] as const;

/** The operation that streams a trace. */
export const TRACE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/trace",
    role: "viewer",
    summary:
      "What happens to a client or a topic, live: a JSON object in a line for each step, or server-sent events where Accept " +
      "asks for them; the last has the event `end`",
    query: [
      {
        name: "client",
        description: "The Client Identifier; or topic",
        schema: { type: "string" },
      },
      { name: "topic", description: "A Topic Filter; or client", schema: { type: "string" } },
      {
        name: "for",
        description: `How long, seconds; default ${SECONDS}`,
        schema: { type: "integer", minimum: 1, maximum: MAX_SECONDS },
      },
      {
        name: "lines",
        description: `Lines at most; default ${LINES}`,
        schema: { type: "integer", minimum: 1, maximum: MAX_LINES },
      },
      {
        name: "payload",
        description:
          "How payloads are shown; default auto: as JSON or text if it is that, else hex",
        schema: { type: "string", enum: FORMATS },
      },
      {
        name: "bytes",
        description: `Bytes of a payload that are shown; default ${PAYLOAD_BYTES}`,
        schema: { type: "integer", minimum: 1, maximum: MAX_PAYLOAD_BYTES },
      },
    ],
    answer: text("Lines of JSON, or events with JSON in them"),
    contentType: "application/jsonl",
    handle: trace,
  },
];

function trace(asked: ApiRequest): Response {
  const { query, context: { broker, log }, traces, ending, caller, request } = asked;
  const subject = subjectOf(query);
  if (traces.size >= MAX_TRACES) {
    throw new Problem(503, `${MAX_TRACES} traces run already: wait until one has ended`);
  }
  const isEvents = (request.headers.get("accept") ?? "").includes("text/event-stream");
  const stream = new TraceStream({
    isEvents,
    seconds: wholeOf(query, "for", SECONDS, 1, MAX_SECONDS),
    maxLines: wholeOf(query, "lines", LINES, 1, MAX_LINES),
    ending,
    traces,
    start: (tell) => {
      const observer = new Trace({ ...traceInit(asked, subject), tell });
      const stop = broker.observe(observer);
      return () => {
        stop();
        return observer.omitted;
      };
    },
  });
  log.info("Trace begun at the dashboard", {
    client: query.get("client") ?? undefined,
    topic: query.get("topic") ?? undefined,
    by: caller!.identity.userName,
  });
  const type = isEvents ? "text/event-stream" : "application/jsonl";
  return new Response(stream.readable, { headers: { "content-type": type } });
}

function traceInit(
  { query, context, caller }: ApiRequest,
  subject: Subject,
): Omit<TraceInit, "tell"> {
  const { broker } = context;
  const payload = (query.get("payload") ?? "auto") as PayloadFormat;
  if (!FORMATS.includes(payload)) {
    throw new Problem(400, `payload: must be one of ${FORMATS.join(", ")}`);
  }
  return {
    subject,
    access: broker.core.ports.access,
    withheldFrom: (topicName) => withheldFrom(broker, topicName, MAX_CLIENTS),
    mayRead: (topicName) => mayRead(broker, caller!, topicName),
    payload,
    maxPayloadBytes: wholeOf(query, "bytes", PAYLOAD_BYTES, 1, MAX_PAYLOAD_BYTES),
    maxClients: MAX_CLIENTS,
    now: () => performance.timeOrigin + performance.now(),
  };
}

function subjectOf(query: URLSearchParams): Subject {
  const clientId = query.get("client") ?? "";
  const topicFilter = query.get("topic") ?? "";
  if ((clientId === "") === (topicFilter === "")) {
    throw new Problem(400, "client or topic: must be given, one of the two");
  }
  if (clientId !== "") return Subject.client(clientId);
  if (!isTopicFilter(topicFilter) || isSharedFilter(topicFilter)) {
    throw new Problem(400, `topic: must be a Topic Filter without $share, is "${topicFilter}"`);
  }
  return Subject.topics(topicFilter);
}
