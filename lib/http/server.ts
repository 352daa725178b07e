import type { FoundRetained } from "../broker/mod.ts";
import { done } from "./answers.ts";
import { API_ROUTES } from "./api/routes.ts";
import { ASSETS } from "./assets.ts";
import { type Caller, Callers } from "./caller.ts";
import { CertificateEnds } from "./certificate_ends.ts";
import type { HttpContext, HttpListenerInit, StreamPeer } from "./context.ts";
import { ExtraMetrics } from "./extra_metrics.ts";
import { Front, type FrontLimits } from "./front.ts";
import { Gauges } from "./gauges.ts";
import { Guard, secure } from "./guard.ts";
import { answerGuide } from "./guide.ts";
import { upgradeToMqtt } from "./mqtt_upgrade.ts";
import { OpenWalks } from "./open_walks.ts";
import { Problem } from "./problem.ts";
import { type ApiRequest, RouteTable, type Services } from "./route.ts";
import { ClientActivity } from "./client_activity.ts";
import { SeenTopics } from "./seen_topics.ts";
import { Survey } from "./survey.ts";
import { Tokens } from "./tokens.ts";
import { Warnings } from "./warnings.ts";

/** Requests that are answered at one time; streams have a limit of their own. */
const MAX_REQUESTS = 256;

/** Serves the page, its API and the metrics at any number of listeners. */
export class HttpServer {
  readonly #context: HttpContext;
  readonly #gauges: Gauges;
  readonly #survey: Survey;
  readonly #extraMetrics: ExtraMetrics;
  readonly #certificates: CertificateEnds;
  readonly #warnings: Warnings;
  readonly #streams = new Set<() => void>();
  readonly #backups = { isRunning: false };
  readonly #traces = new Set<unknown>();
  readonly #walks = new OpenWalks<FoundRetained | undefined>(Date.now);
  readonly #routes = new RouteTable(API_ROUTES);
  readonly #servers: Deno.HttpServer[] = [];
  readonly #fronts: Front[] = [];
  readonly #limits: FrontLimits;
  readonly #seenTopics: SeenTopics;
  readonly #activity: ClientActivity;
  readonly #stopGauges: () => void;
  /** Ends the streams. */
  readonly #ending = new AbortController();
  #running = 0;

  /** Nobody can connect before `listen`. */
  constructor(context: HttpContext, limits: FrontLimits = {}) {
    this.#context = context;
    this.#limits = limits;
    this.#gauges = new Gauges(context.levels, context.broker.core.latency.seconds, Date.now);
    this.#survey = new Survey(context.broker);
    this.#extraMetrics = new ExtraMetrics(context);
    this.#certificates = new CertificateEnds(context.listeners);
    const { broker } = context;
    this.#seenTopics = new SeenTopics(broker, Date.now);
    this.#activity = new ClientActivity(broker, Date.now);
    const loopDelay = () => this.#gauges.latest.loopDelayP99;
    const cluster = () => context.levels().cluster;
    this.#warnings = new Warnings(broker, this.#survey, this.#certificates, loopDelay, cluster);
    this.#gauges.watch(({ atMs }) => this.#warnings.tick(atMs));
    this.#stopGauges = this.#gauges.start();
    broker.core.latency.start(() => performance.timeOrigin + performance.now());
  }

  /** Begins to listen; returns the port, 0 for a Unix socket. Rejects with what `Deno.serve` throws, and if the tokens are invalid. */
  async listen(init: HttpListenerInit): Promise<number> {
    const tokens = init.tokens === undefined ? undefined : await Tokens.parse(init.tokens);
    const { access } = this.#context.broker.core.ports;
    const callers = new Callers(init, access, tokens, Date.now);
    const guard = new Guard(init.hostname, init.hosts);
    const services: Services = {
      context: this.#context,
      gauges: this.#gauges,
      survey: this.#survey,
      extraMetrics: this.#extraMetrics,
      certificates: this.#certificates,
      warnings: this.#warnings,
      streams: this.#streams,
      traces: this.#traces,
      backups: this.#backups,
      walks: this.#walks,
      seenTopics: this.#seenTopics,
      activity: this.#activity,
      callers,
      ending: this.#ending.signal,
    };
    const answer = (request: Request, peer: StreamPeer) =>
      this.#answer(request, peer, init, guard, services);
    const { server, front } = init.path === ""
      ? serve(init, answer, this.#limits)
      : { server: serveUnix(init.path, answer), front: undefined };
    this.#servers.push(server);
    if (front !== undefined) this.#fronts.push(front);
    return front?.port ?? 0;
  }

  /** Accepts no more connections, and ends the requests in progress. */
  async close(): Promise<void> {
    this.#stopGauges();
    this.#extraMetrics.stop();
    this.#seenTopics.stop();
    this.#activity.stop();
    this.#ending.abort();
    for (const front of this.#fronts) front.shut();
    await Promise.all(this.#servers.map((server) => server.shutdown()));
    await Promise.all(this.#fronts.map((front) => front.close()));
  }

  async #answer(
    request: Request,
    peer: StreamPeer,
    init: HttpListenerInit,
    guard: Guard,
    services: Services,
  ): Promise<Response> {
    this.#running++;
    try {
      if (this.#running > MAX_REQUESTS) throw new Problem(503, "Too many requests at one time");
      const url = urlOf(request);
      guard.check(request, url);
      const { remoteAddress } = peer;
      const caller = await services.callers.find(request, peer);
      if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
        return upgradeToMqtt(request, url, caller, init, this.#context);
      }
      const asset = ASSETS.get(url.pathname);
      if (asset !== undefined) return secure(asset(request));
      const guide = await answerGuide(url.pathname);
      if (guide !== undefined) return secure(guide);
      return secure(await this.#answerApi(request, url, caller, remoteAddress, services));
    } catch (error) {
      return secure(this.#problemOf(error, request).toResponse());
    } finally {
      this.#running--;
    }
  }

  async #answerApi(
    request: Request,
    url: URL,
    caller: Caller | undefined,
    remoteAddress: string,
    services: Services,
  ): Promise<Response> {
    const match = this.#routes.find(request.method, url.pathname);
    if (!("route" in match)) {
      if (match.length === 0) throw new Problem(404, `There is nothing at ${url.pathname}`);
      const allow = match.join(", ");
      if (request.method === "OPTIONS") return done({ allow });
      throw new Problem(405, `${url.pathname} takes ${allow}`, { allow });
    }
    const { route, params } = match;
    if (route.role !== "anyone") {
      if (caller === undefined) throw new Problem(401, "Log in first, or send a token");
      if (route.role === "admin") services.callers.checkChange(caller, request);
    }
    const asked: ApiRequest = {
      ...services,
      request,
      caller,
      remoteAddress,
      params,
      query: url.searchParams,
    };
    return await route.handle(asked);
  }

  /** Makes an error into a problem. The details of our own faults are not sent to the caller. */
  #problemOf(error: unknown, request: Request): Problem {
    if (error instanceof Problem) return error;
    if (this.#ending.signal.aborted) return new Problem(503, "The broker ends");
    this.#context.log.error("Cannot answer a request", {
      method: request.method,
      path: urlOf(request).pathname,
      error: error instanceof Error ? error.message : String(error),
    });
    return new Problem(500, "An error occurred in the broker; its log says more");
  }
}

/** The URL of a request. The Host header is part of it, and may be anything; throws a {@linkcode Problem} if it is no URL then. */
function urlOf(request: Request): URL {
  const url = URL.parse(request.url);
  if (url === null) throw new Problem(400, "The Host header names no host");
  return url;
}

type Answer = (request: Request, peer: StreamPeer) => Promise<Response>;

/** Runs `Deno.serve` on the loopback interface at any port, behind the front that clients connect to. */
function serve(
  { hostname, port, tls, options: { maxConnections } }: HttpListenerInit,
  answer: Answer,
  limits: FrontLimits,
): { readonly server: Deno.HttpServer; readonly front: Front } {
  const handle = async (request: Request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>) => {
    const peer = front.asks(remoteAddr.port);
    // A program on this machine has connected to the inner port directly.
    if (peer === undefined) return new Response(null, { status: 403 });
    const response = await answer(request, peer);
    if (isStream(response)) front.streams(remoteAddr.port);
    return response;
  };
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, handle);
  const whole = maxConnections < 0 ? limits : { maxConnections, ...limits };
  let front: Front;
  try {
    front = new Front(hostname === "" ? "::" : hostname, port, server.addr.port, whole, tls);
  } catch (error) {
    server.shutdown();
    throw error;
  }
  return { server, front };
}

function serveUnix(path: string, answer: Answer): Deno.HttpServer {
  return Deno.serve(
    { path, onListen: () => {} },
    (request) => answer(request, { remoteAddress: `unix:${path}` }),
  );
}

/** Whether the answer is a WebSocket or an event stream. */
function isStream({ status, headers }: Response): boolean {
  const type = headers.get("content-type") ?? "";
  return status === 101 || type.startsWith("text/event-stream") ||
    type.startsWith("application/jsonl");
}
