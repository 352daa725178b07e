import { EXPOSITION_TYPES, formatFor, metricFamilies, writeExposition } from "../../observe/mod.ts";
import { json } from "../answers.ts";
import { processLevels } from "../gauges.ts";
import { Problem } from "../problem.ts";
import type { ApiRequest, Route } from "../route.ts";
import { object, oneOf, text } from "../schema.ts";

/** Metrics and health checks. */
export const METRICS_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/metrics",
    role: "viewer",
    summary: "The metrics, in the text format of Prometheus or OpenMetrics, by Accept",
    answer: text("The metrics"),
    contentType: EXPOSITION_TYPES.prometheus,
    handle: metrics,
  },
  {
    method: "GET",
    path: "/health/live",
    role: "anyone",
    summary: "Answers while the process runs",
    answer: object({ status: oneOf("Always this", "live") }),
    handle: () => json({ status: "live" }),
  },
  {
    method: "GET",
    path: "/health/ready",
    role: "anyone",
    summary:
      "Whether messages are accepted: 503 while the store fails or is full, the cluster is not reached, or the broker ends",
    answer: object({ status: oneOf("Always this", "ready") }),
    handle: ready,
  },
];

async function metrics(request: ApiRequest): Promise<Response> {
  const { context, gauges, survey, certificates } = request;
  const format = formatFor(request.request.headers.get("accept") ?? "");
  const families = metricFamilies({
    broker: context.levels(),
    queues: await survey.take(),
    process: await processLevels(),
    latency: context.broker.core.latency.seconds.histogram,
    loopDelay: gauges.loopDelay.histogram,
    certificateEnds: await certificates.read(Date.now()),
    build: { version: context.version, deno: Deno.version.deno },
  });
  const all = [...families, ...request.extraMetrics.families()];
  return new Response(writeExposition(all, format), {
    headers: { "content-type": EXPOSITION_TYPES[format] },
  });
}

function ready({ context: { broker } }: ApiRequest): Response {
  if (broker.core.isShuttingDown) throw new Problem(503, "The broker ends");
  // First: a node without its log cannot commit, and its store is well.
  if (broker.core.cluster?.isReady === false) {
    throw new Problem(503, "The cluster cannot be reached");
  }
  if (broker.core.store?.isFull) throw new Problem(503, "The store is full");
  if (broker.core.store?.isFailing) throw new Problem(503, "The store cannot write");
  return json({ status: "ready" });
}
