import { json } from "../answers.ts";
import type { Route } from "../route.ts";
import { object, type Schema, text, whole } from "../schema.ts";

/** The route that answers with the OpenAPI document of the other routes. */
export function documentRoute(routes: readonly Route[]): Route {
  const route: Route = {
    method: "GET",
    path: "/api/v1/openapi.json",
    role: "viewer",
    summary: "This document",
    answer: { type: "object" },
    handle: ({ context }) => json(openApiDocument([...routes, route], context.version)),
  };
  return route;
}

/** Writes the OpenAPI 3.1 document for these routes. */
export function openApiDocument(routes: readonly Route[], version: string): Schema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "flux-mqtt",
      version,
      description:
        "Looks into a broker and changes what it holds. Whatever changes something needs the header X-Flux-MQTT, " +
        "which pages of other sites cannot send, or a bearer token.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "flux_mqtt_LISTENER" },
      },
    },
  };
}

const PROBLEM = object({
  type: text("Always about:blank"),
  title: text("The status in words"),
  status: whole("The HTTP status"),
  detail: text("The problem, in one sentence"),
});

const FOR_WHOM: Readonly<Record<Route["role"], string>> = {
  anyone: "For anyone.",
  viewer: "For viewers and admins.",
  admin: "For admins.",
};

function operationOf(route: Route): Schema {
  const { method, path, role, summary, query = [], body, answer } = route;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = query.map(({ name, description, schema, required = false }) => ({
    name,
    in: "query",
    required,
    description,
    schema,
  }));
  const parameters = [...inPath, ...inQuery];
  return {
    operationId: operationId(method, path),
    summary,
    description: FOR_WHOM[role],
    ...role === "anyone" ? {} : { security: [{ token: [] }, { session: [] }, {}] },
    ...parameters.length === 0 ? {} : { parameters },
    ...body === undefined ? {} : {
      requestBody: { required: true, content: { "application/json": { schema: body } } },
    },
    responses: {
      ...answer === undefined
        ? { "204": { description: "Done" } }
        : { "200": contentOf("The answer", route.contentType ?? "application/json", answer) },
      "default": contentOf("What is wrong", "application/problem+json", {
        $ref: "#/components/schemas/Problem",
      }),
    },
  };
}

function contentOf(description: string, contentType: string, schema: Schema): Schema {
  return { description, content: { [contentType]: { schema } } };
}

/** An operationId such as `getClientsByClientId`. */
function operationId(method: string, path: string): string {
  const words = path.replace("/api/v1", "").split(/[/.]/).filter((word) => word !== "");
  return method.toLowerCase() + words.map((word) => {
    const name = word.replace(/[{}]/g, "");
    const upper = name.charAt(0).toUpperCase() + name.slice(1);
    return word.startsWith("{") ? `By${upper}` : upper;
  }).join("");
}
