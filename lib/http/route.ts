import type { FoundRetained } from "../broker/mod.ts";
import type { Caller, Callers } from "./caller.ts";
import type { HttpContext } from "./context.ts";
import type { CertificateEnds } from "./certificate_ends.ts";
import type { ExtraMetrics } from "./extra_metrics.ts";
import type { Gauges } from "./gauges.ts";
import type { OpenWalks } from "./open_walks.ts";
import type { Schema } from "./schema.ts";
import type { ClientActivity } from "./client_activity.ts";
import type { SeenTopics } from "./seen_topics.ts";
import type { Survey } from "./survey.ts";
import type { Warnings } from "./warnings.ts";

/** The services that all handlers use. */
export interface Services {
  /** The program around this room. */
  readonly context: HttpContext;
  /** Samples of the present and of the last hour. */
  readonly gauges: Gauges;
  /** Sums over all sessions. */
  readonly survey: Survey;
  /** Optional metrics. */
  readonly extraMetrics: ExtraMetrics;
  /** Expiry times of certificates. */
  readonly certificates: CertificateEnds;
  /** Present warnings. */
  readonly warnings: Warnings;
  /** Open event streams, each as the function that ends it. */
  readonly streams: Set<() => void>;
  /** Whether the store is being copied. */
  readonly backups: { isRunning: boolean };
  /** Running traces. */
  readonly traces: Set<unknown>;
  /** Paused walks over retained messages. */
  readonly walks: OpenWalks<FoundRetained | undefined>;
  /** Topics with current messages. */
  readonly seenTopics: SeenTopics;
  /** The activity of single clients. */
  readonly activity: ClientActivity;
  /** Identifies callers at this listener. */
  readonly callers: Callers;
  /** Aborted when the broker ends. */
  readonly ending: AbortSignal;
}

/** A request that has passed all checks. */
export interface ApiRequest extends Services {
  /** The original request. */
  readonly request: Request;
  /** The sender; absent only on routes for anyone. */
  readonly caller: Caller | undefined;
  /** Such as `127.0.0.1:50123`. */
  readonly remoteAddress: string;
  /** Parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The query parameters. */
  readonly query: URLSearchParams;
}

/** A query parameter, for the document. */
export interface QueryParameter {
  /** Its name. */
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  /** Its allowed values. */
  readonly schema: Schema;
  /** Whether it is required. */
  readonly required?: true;
}

/** One operation of the API: its handler and its description for the document. */
export interface Route {
  /** The HTTP method. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With parameters in braces: `/api/v1/clients/{clientId}`. */
  readonly path: string;
  /** The least role required. `anyone` includes callers who are not identified. */
  readonly role: "anyone" | "viewer" | "admin";
  /** One sentence. */
  readonly summary: string;
  /** The query parameters. */
  readonly query?: readonly QueryParameter[];
  /** The schema of the body, if there is one. */
  readonly body?: Schema;
  /** The schema of the answer; absent for 204. */
  readonly answer?: Schema;
  /** The media type if the answer is not JSON. */
  readonly contentType?: string;
  /** Answers a request, or throws a `Problem`. */
  readonly handle: (request: ApiRequest) => Promise<Response> | Response;
}

/** The route of a request, with the parameters from its path. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds routes by path. */
export class RouteTable {
  readonly #routes: readonly { readonly route: Route; readonly parts: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, parts: route.path.split("/") }));
  }

  /** Returns the route for a request, or the methods that the path allows; an empty list if the path does not exist. */
  find(method: string, pathname: string): Match | readonly string[] {
    const methods: string[] = [];
    const given = pathname.split("/");
    for (const { route, parts } of this.#routes) {
      const params = match(parts, given);
      if (params === undefined) continue;
      if (route.method === method) return { route, params };
      methods.push(route.method);
    }
    return methods;
  }
}

function match(
  parts: readonly string[],
  given: readonly string[],
): Record<string, string> | undefined {
  if (parts.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const text = given[index]!;
    if (!part.startsWith("{")) {
      if (part !== text) return undefined;
      continue;
    }
    try {
      params[part.slice(1, -1)] = decodeURIComponent(text);
    } catch {
      return undefined;
    }
  }
  return params;
}
