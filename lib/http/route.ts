import type { RetainedEntry } from "../broker/mod.ts";
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

/** What handlers have in common. */
export interface Services {
  /** The program around. */
  readonly context: HttpContext;
  /** Numbers of now and of the last hour. */
  readonly gauges: Gauges;
  /** What sessions hold. */
  readonly survey: Survey;
  /** Further metrics, which the configuration asks for. */
  readonly extraMetrics: ExtraMetrics;
  /** When certificates end. */
  readonly certificates: CertificateEnds;
  /** What is not well. */
  readonly warnings: Warnings;
  /** Pages that are kept up to date, each as what ends it. */
  readonly streams: Set<() => void>;
  /** Whether the store is being copied. */
  readonly backups: { isRunning: boolean };
  /** Traces that run. */
  readonly traces: Set<unknown>;
  /** Lists of retained messages that somebody is going through. */
  readonly walks: OpenWalks<RetainedEntry | undefined>;
  /** Topics at which messages come. */
  readonly seenTopics: SeenTopics;
  /** What clients do. */
  readonly activity: ClientActivity;
  /** Who comes in at this listener. */
  readonly callers: Callers;
  /** Aborted when the broker ends. */
  readonly ending: AbortSignal;
}

/** A request that was let in. */
export interface ApiRequest extends Services {
  /** As it came. */
  readonly request: Request;
  /** Who asks; absent only on routes for anyone. */
  readonly caller: Caller | undefined;
  /** `127.0.0.1:50123`. */
  readonly remoteAddress: string;
  /** Parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Behind the path. */
  readonly query: URLSearchParams;
}

/** A parameter of the query, for the document. */
export interface QueryParameter {
  /** Its name. */
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  /** What it may be. */
  readonly schema: Schema;
  /** Whether it must be there. */
  readonly required?: true;
}

/** One operation of the API: its handler, and what the document says of it. */
export interface Route {
  /** Of HTTP. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With parameters in braces: `/api/v1/clients/{clientId}`. */
  readonly path: string;
  /** Who may ask. `anyone` need not be known. */
  readonly role: "anyone" | "viewer" | "admin";
  /** One sentence. */
  readonly summary: string;
  /** Of the query. */
  readonly query?: readonly QueryParameter[];
  /** Of the body, where there is one. */
  readonly body?: Schema;
  /** Of the answer; absent: 204 without one. */
  readonly answer?: Schema;
  /** Where the answer is no JSON. */
  readonly contentType?: string;
  /** Answers; throws a `Problem`. */
  readonly handle: (request: ApiRequest) => Promise<Response> | Response;
}

/** A route that fits a request, and the parts of its path. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Routes by their path. */
export class RouteTable {
  readonly #routes: readonly { readonly route: Route; readonly parts: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, parts: route.path.split("/") }));
  }

  /** The route for a request, or the methods that its path has; none: there is no such path. */
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
