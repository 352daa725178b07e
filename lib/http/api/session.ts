import { done, json } from "../answers.ts";
import { readJson } from "../body.ts";
import { textOf } from "../query.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, object, text } from "../schema.ts";

const PATH = "/api/v1/session";

/** Operations to log in, to log out, and to ask for one's own user name and role. */
export const SESSION_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: PATH,
    role: "anyone",
    summary: "The caller's user name and role, and whether users can log in",
    answer: object({
      role: {
        type: ["string", "null"],
        enum: ["viewer", "admin", null],
        description: "null: unknown caller, log in first",
      },
      userName: { type: ["string", "null"], description: "null: without a name" },
      by: { type: ["string", "null"], description: "open, session, token or certificate" },
      hasUsers: flag("Whether users can log in"),
      hasCluster: flag("Whether the broker is a node of a cluster; false for an unknown caller"),
      version: text("The broker's version; empty for an unknown caller"),
    }),
    handle: whoIs,
  },
  {
    method: "POST",
    path: PATH,
    role: "anyone",
    summary: "Logs in: the answer sets the cookie of the session",
    body: object({ userName: text("The user"), password: text("The password") }),
    handle: logIn,
  },
  {
    method: "DELETE",
    path: PATH,
    role: "anyone",
    summary: "Logs out",
    handle: logOut,
  },
];

function whoIs({ caller, callers, context }: ApiRequest): Response {
  return json({
    role: caller?.role ?? null,
    userName: caller?.identity.userName ?? null,
    by: caller?.by ?? null,
    hasUsers: callers.hasUsers,
    hasCluster: caller !== undefined && context.broker.core.cluster !== null,
    version: caller === undefined ? "" : context.version,
  });
}

async function logIn({ request, callers, remoteAddress, context }: ApiRequest): Promise<Response> {
  callers.checkPage(undefined, request);
  const body = await readJson(request);
  const userName = textOf(body, "userName");
  const cookie = await callers.logIn(userName, textOf(body, "password"), remoteAddress);
  context.log.info("Logged in at the dashboard", { userName, address: remoteAddress });
  return done({ "set-cookie": cookie });
}

async function logOut({ request, callers }: ApiRequest): Promise<Response> {
  callers.checkPage(undefined, request);
  return done({ "set-cookie": await callers.logOut(request) });
}
