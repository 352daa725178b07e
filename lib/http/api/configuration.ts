import { json } from "../answers.ts";
import { readJson } from "../body.ts";
import { textOf } from "../query.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, list, object, text, whole } from "../schema.ts";

/** Operations on the configuration: each option's value and its origin. */
export const CONFIGURATION_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/listeners",
    role: "viewer",
    summary: "All listeners",
    answer: object({
      items: list(object({
        name: text("Its name in logs"),
        protocol: text("mqtt, websockets or http_api"),
        address: text("Empty: every address"),
        port: whole("The configured port"),
        path: text("The path of a Unix socket; empty: none"),
        origin: text("Where it is configured"),
        isTls: flag("Whether connections are encrypted"),
        certificateEndsMs: {
          type: ["number", "null"],
          description: "When its certificate expires; null: it has none",
        },
        allowAnonymous: flag("Whether clients may connect without a user name"),
        maxConnections: whole("-1: no limit"),
        clients: whole("Connected clients"),
      })),
    }),
    handle: listeners,
  },
  {
    method: "GET",
    path: "/api/v1/configuration",
    role: "viewer",
    summary: "All options: the value of each, and the file and line, variable or flag that sets it",
    answer: object({
      items: list(object({
        name: text("The option's name"),
        theme: text("The heading that it is listed under"),
        listener: text("The listener's name; empty: the whole broker"),
        value: text("The value as written in a file"),
        origin: text("default, FILE:LINE, a variable or a flag"),
        description: text("What it means"),
        isReloadable: flag("Whether SIGHUP changes it in a running broker"),
      })),
    }),
    handle: ({ context }) => json({ items: context.settings() }),
  },
  {
    method: "POST",
    path: "/api/v1/configuration/check",
    role: "viewer",
    summary: "Checks the text of a configuration file; changes nothing",
    body: object({ text: text("The file's text") }),
    answer: object({
      isValid: flag("Whether there are no problems"),
      problems: list(text("Line, option and what is wrong")),
    }),
    handle: check,
  },
];

async function listeners({ context, certificates }: ApiRequest): Promise<Response> {
  const ends = await certificates.read(Date.now());
  const clients = new Map<string, number>();
  for (const { listener: { name } } of context.broker.connections) {
    clients.set(name, (clients.get(name) ?? 0) + 1);
  }
  const items = context.listeners.map(
    ({ certfile: _, aclFile: _acl, isAclStrict: _s, ...view }) => {
      const seconds = ends.get(view.name);
      return {
        ...view,
        certificateEndsMs: seconds === undefined ? null : seconds * 1000,
        clients: clients.get(view.name) ?? 0,
      };
    },
  );
  return json({ items });
}

async function check({ request, context, callers, caller }: ApiRequest): Promise<Response> {
  callers.checkPage(caller, request);
  const body = await readJson(request);
  const problems = context.checkConfiguration(textOf(body, "text"));
  return json({ isValid: problems.length === 0, problems });
}
