import {
  type Broker,
  subscribeClient,
  type Subscription,
  unsubscribeClient,
} from "../../broker/mod.ts";
import { reasonCodeName, type SubscriptionRequest } from "../../codec/mod.ts";
import { isSharedFilter, isTopicFilter } from "../../topic/mod.ts";
import { done, json } from "../answers.ts";
import { readJson } from "../body.ts";
import { Problem } from "../problem.ts";
import { cursorOf, encodeCursor, limitOf, PAGE_PARAMETERS, requiredOf, textOf } from "../query.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, object, page, text, whole } from "../schema.ts";
import { Selection } from "../selection.ts";
import { inSlices } from "../slices.ts";

/** Operations on subscriptions. */
export const SUBSCRIPTION_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/subscriptions",
    role: "viewer",
    summary: "Subscriptions of all clients or of one, sorted by Topic Filter, a page at a time",
    query: [
      { name: "filter", description: "Part of the Topic Filter", schema: { type: "string" } },
      {
        name: "clientId",
        description: "Only subscriptions of this client",
        schema: { type: "string" },
      },
      ...PAGE_PARAMETERS,
    ],
    answer: page(object({
      clientId: text("The client"),
      topicFilter: text("The whole filter, with $share and mount point"),
      qos: whole("The highest QoS of its messages", 0, 2),
      noLocal: flag("Whether the client's own messages are not sent to it"),
      retainAsPublished: flag("Whether RETAIN is forwarded as published"),
      subscriptionIdentifier: whole("0: none"),
    })),
    handle: list,
  },
  {
    method: "POST",
    path: "/api/v1/clients/{clientId}/subscriptions",
    role: "admin",
    summary: "Subscribes a connected client, with the client's own rights",
    body: object({
      topicFilter: text("The filter as the client would write it, with $share if it is shared"),
      qos: whole("Default 0", 0, 2),
      noLocal: flag("Default false"),
      retainAsPublished: flag("Default false"),
      retainHandling: whole("0: always, 1: for a new subscription, 2: never. Default 0", 0, 2),
    }, ["qos", "noLocal", "retainAsPublished", "retainHandling"]),
    answer: object({ qos: whole("The granted QoS", 0, 2) }),
    handle: add,
  },
  {
    method: "DELETE",
    path: "/api/v1/clients/{clientId}/subscriptions",
    role: "admin",
    summary: "Ends a subscription of a connected client",
    query: [{
      name: "topicFilter",
      description: "The filter as the client has written it",
      schema: { type: "string" },
      required: true,
    }],
    handle: remove,
  },
];

async function add({ request, params, context, caller }: ApiRequest): Promise<Response> {
  const { clientId = "" } = params;
  const body = await readJson(request);
  const topicFilter = textOf(body, "topicFilter");
  if (!isTopicFilter(topicFilter)) {
    throw new Problem(400, `topicFilter: must be a Topic Filter, is "${topicFilter}"`);
  }
  const asked: SubscriptionRequest = {
    topicFilter,
    qos: smallOf(body, "qos"),
    noLocal: body.noLocal === true,
    retainAsPublished: body.retainAsPublished === true,
    retainHandling: smallOf(body, "retainHandling"),
  };
  if (asked.noLocal && isSharedFilter(topicFilter)) {
    throw new Problem(400, "noLocal: does not go with a shared subscription");
  }
  const code = await decided(context.broker, clientId, asked);
  if (code === undefined) throw notConnected(context.broker, clientId);
  if (code >= 0x80) throw new Problem(403, `${clientId} is refused: ${reasonCodeName(code)}`);
  const by = caller?.identity.userName;
  context.log.info("Client subscribed at the dashboard", { clientId, topicFilter, by });
  return json({ qos: code });
}

/** Resolves with the Reason Code that the client gets, once access control has decided. */
async function decided(
  broker: Broker,
  clientId: string,
  asked: SubscriptionRequest,
): Promise<number | undefined> {
  const { access } = broker.core.ports;
  for (;;) {
    const code = subscribeClient(broker, clientId, asked);
    if (code !== "pending") return code;
    const { identity } = broker.clients.get(clientId)!;
    await new Promise<void>((resolve) => access.decided?.(identity, resolve));
  }
}

function remove({ query, params, context, caller }: ApiRequest): Response {
  const { clientId = "" } = params;
  const topicFilter = requiredOf(query, "topicFilter");
  const code = unsubscribeClient(context.broker, clientId, topicFilter);
  if (code === undefined) throw notConnected(context.broker, clientId);
  if (code !== 0) throw new Problem(404, `${clientId} has not subscribed to ${topicFilter}`);
  const by = caller?.identity.userName;
  context.log.info("Client unsubscribed at the dashboard", { clientId, topicFilter, by });
  return done();
}

function smallOf(body: Readonly<Record<string, unknown>>, name: string): 0 | 1 | 2 {
  const value = body[name] ?? 0;
  if (value === 0 || value === 1 || value === 2) return value;
  throw new Problem(400, `${name}: must be 0, 1 or 2`);
}

function notConnected({ clients }: Broker, clientId: string): Problem {
  return clients.has(clientId)
    ? new Problem(409, `Client ${clientId} is not connected`)
    : new Problem(404, `There is no session of client ${clientId}`);
}

async function list({ query, context, ending }: ApiRequest): Promise<Response> {
  const part = query.get("filter") ?? "";
  const clientId = query.get("clientId");
  const { clients } = context.broker;
  const only = clientId === null ? undefined : clients.get(clientId);
  if (clientId !== null && only === undefined) {
    throw new Problem(404, `There is no session of client ${clientId}`);
  }
  const selection = new Selection<Subscription & { clientId: string }>(
    limitOf(query),
    cursorOf(query),
  );
  const all = function* () {
    for (const client of only === undefined ? clients.values() : [only]) {
      for (const subscription of client.session.subscriptions.values()) {
        yield [client.session.clientId, subscription] as const;
      }
      // A client without subscriptions counts as a step too.
      yield undefined;
    }
  };
  await inSlices(all(), (found) => {
    if (found === undefined) return;
    const [owner, subscription] = found;
    if (!subscription.topicFilter.includes(part)) return;
    selection.offer(subscription.topicFilter, owner, { clientId: owner, ...subscription });
  }, ending);
  const { items, next } = selection.page();
  return json({ items, next: next === undefined ? null : encodeCursor(next) });
}
