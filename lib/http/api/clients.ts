import {
  type Client,
  CLIENT_COLUMNS,
  type ClientColumn,
  type ClientDetail,
  type ClientSummary,
  deleteSession,
  describeClient,
  disconnectClient,
  otherNodeOf,
  summarizeClient,
} from "../../broker/mod.ts";
import { done, json } from "../answers.ts";
import { Problem } from "../problem.ts";
import { cursorOf, encodeCursor, limitOf, PAGE_PARAMETERS } from "../query.ts";
import type { ApiRequest, Route } from "../route.ts";
import { counts, flag, list as listOf, number, object, page, text, whole } from "../schema.ts";
import { Selection } from "../selection.ts";
import { inSlices } from "../slices.ts";

const COLUMNS = Object.keys(CLIENT_COLUMNS) as readonly ClientColumn[];

const SUMMARY = {
  clientId: text("The Client Identifier"),
  userName: text("Empty: anonymous, or not connected since the broker started"),
  remoteAddress: text("Address and port"),
  listener: text("The listener's name"),
  protocolVersion: whole("3 (MQTT 3.1), 4 (3.1.1) or 5; 0: not connected since the broker started"),
  isConnected: flag("Whether it is connected"),
  keepAliveSeconds: whole("0: off"),
  lastReceivedMs: whole("When bytes were last received, milliseconds since 1970; 0: not connected"),
  subscriptionCount: whole("Subscriptions of its session"),
  queuedMessages: whole("Messages that wait"),
  queuedBytes: whole("Bytes of waiting messages"),
  inFlight: whole("QoS 1 and 2 messages in flight"),
  unsentBytes: whole("Bytes not yet written to its connection"),
  dropped: whole("Messages dropped for this client"),
  node: text(
    "The node of the cluster that its session belongs to, where it is another one; else empty",
  ),
};

/** Operations on clients and their sessions. */
export const CLIENT_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/clients",
    role: "viewer",
    summary: "Clients and sessions, a page at a time",
    query: [
      {
        name: "filter",
        description: "Part of the Client Identifier, the user name or the address",
        schema: { type: "string" },
      },
      {
        name: "connected",
        description: "Only connected clients, or only disconnected ones",
        schema: { type: "string", enum: ["true", "false"] },
      },
      {
        name: "sort",
        description: "The column to sort by; default clientId",
        schema: { type: "string", enum: COLUMNS },
      },
      {
        name: "order",
        description: "Default asc",
        schema: { type: "string", enum: ["asc", "desc"] },
      },
      ...PAGE_PARAMETERS,
    ],
    answer: page(object(SUMMARY)),
    handle: list,
  },
  {
    method: "GET",
    path: "/api/v1/clients/{clientId}",
    role: "viewer",
    summary: "The details of one client",
    answer: object({
      ...SUMMARY,
      sessionExpirySeconds: {
        type: ["number", "null"],
        description: "How long the session outlives its connection; null: without limit",
      },
      sessionExpiresAtMs: whole(
        "When the session expires; absent: never, or the client is connected",
      ),
      wantsCleanStart: flag("Whether its CONNECT asked for a new session"),
      hasWill: flag("Whether a will is kept for it"),
      isStopped: flag(
        "Whether its packets are not handled at present: it sends too fast, or an answer is awaited",
      ),
      activity: object({
        sinceMs: whole("Since when the broker observes it: since the first such request"),
        publishedPerSecond: number(
          "Messages that it publishes, an average of the last ten seconds",
        ),
        deliveredPerSecond: number("Messages delivered to it"),
        events: listOf(object({
          atMs: whole("When"),
          text: text("What it did, or what happened to it"),
        })),
      }),
      droppedByReason: counts("Messages dropped for this client"),
      slowness: {
        type: "array",
        items: { type: "string" },
        description: "Why it is slow, in words; empty if it is not",
      },
    }, ["sessionExpiresAtMs"]),
    handle: one,
  },
  {
    method: "POST",
    path: "/api/v1/clients/{clientId}/disconnect",
    role: "admin",
    summary: "Disconnects a client (0x98); its session stays",
    handle: kick,
  },
  {
    method: "DELETE",
    path: "/api/v1/clients/{clientId}",
    role: "admin",
    summary: "Deletes a session with its waiting messages; its client is disconnected first",
    handle: remove,
  },
];

async function list({ query, context, ending }: ApiRequest): Promise<Response> {
  const sort = (query.get("sort") ?? "clientId") as ClientColumn;
  if (!COLUMNS.includes(sort)) throw new Problem(400, `sort: must be one of ${COLUMNS.join(", ")}`);
  const isDescending = query.get("order") === "desc";
  const selection = new Selection<Client>(limitOf(query), cursorOf(query), isDescending);
  const fits = filterOf(query);
  const read = CLIENT_COLUMNS[sort];
  await inSlices(context.broker.clients.values(), (client) => {
    if (!fits(client)) return;
    const value = read(client);
    const key = typeof value === "boolean" ? Number(value) : value;
    selection.offer(key, client.session.clientId, client);
  }, ending);
  const { items, next } = selection.page();
  return json({
    items: items.map((client) => ({
      ...shown(summarizeClient(client)),
      node: otherNodeOf(context.broker, client),
    })),
    next: next === undefined ? null : encodeCursor(next),
  });
}

function filterOf(query: URLSearchParams): (client: Client) => boolean {
  const part = (query.get("filter") ?? "").toLowerCase();
  const connected = query.get("connected");
  return (client) => {
    if (connected !== null && (client.connection !== null) !== (connected === "true")) return false;
    if (part === "") return true;
    const { clientId, userName = "", remoteAddress } = client.identity;
    return [clientId, userName, remoteAddress].some((text) => text.toLowerCase().includes(part));
  };
}

function one({ params, context, activity }: ApiRequest): Response {
  const { clientId = "" } = params;
  const detail = describeClient(context.broker, clientId);
  if (detail === undefined) throw notThere(clientId);
  const { subscriptions: _, droppedByReason, hasQuota: _quota, writingSinceMs: _since, ...rest } =
    detail;
  return json({
    ...shown(rest),
    activity: activity.look(clientId),
    droppedByReason: Object.fromEntries(droppedByReason),
    slowness: slownessOf(detail, context.broker.nowMs),
  });
}

/** Explains in words why messages wait. */
function slownessOf(detail: ClientDetail, nowMs: number): readonly string[] {
  const reasons: string[] = [];
  if (!detail.isConnected && detail.node === "" && detail.queuedMessages > 0) {
    reasons.push(`It is away, and ${detail.queuedMessages} messages wait for it`);
  }
  if (detail.writingSinceMs !== undefined && nowMs - detail.writingSinceMs > 1000) {
    const seconds = Math.round((nowMs - detail.writingSinceMs) / 1000);
    reasons.push(
      `Its connection has taken nothing for ${seconds} s: ${detail.unsentBytes} bytes wait`,
    );
  }
  if (detail.isConnected && !detail.hasQuota && detail.queuedMessages > 0) {
    reasons.push(
      `It has not acknowledged ${detail.inFlight} messages, and may not get more before that (its Receive Maximum or max_inflight_messages)`,
    );
  }
  if (detail.isStopped) {
    reasons.push(
      "What it sends is not read at present: it sends too fast, or an answer is waited for",
    );
  }
  return reasons;
}

function kick({ params, context, caller }: ApiRequest): Response {
  const { clientId = "" } = params;
  if (!context.broker.clients.has(clientId)) throw notThere(clientId);
  if (!disconnectClient(context.broker, clientId, "Disconnected by an administrator")) {
    throw new Problem(409, `Client ${clientId} is not connected`);
  }
  const by = caller?.identity.userName;
  context.log.info("Client disconnected at the dashboard", { clientId, by });
  return done();
}

function remove({ params, context, caller }: ApiRequest): Response {
  const { clientId = "" } = params;
  if (!deleteSession(context.broker, clientId, "Session deleted by an administrator")) {
    throw notThere(clientId);
  }
  const by = caller?.identity.userName;
  context.log.info("Session deleted at the dashboard", { clientId, by });
  return done();
}

function notThere(clientId: string): Problem {
  return new Problem(404, `There is no session of client ${clientId}`);
}

/** Rounds the times of a row to whole milliseconds. */
function shown<T extends ClientSummary | Omit<ClientSummary, never>>(row: T): T {
  return {
    ...row,
    lastReceivedMs: Math.round(row.lastReceivedMs),
  };
}
