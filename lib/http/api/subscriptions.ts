import type { Subscription } from "../../broker/mod.ts";
import { json } from "../answers.ts";
import { Problem } from "../problem.ts";
import { cursorOf, encodeCursor, limitOf, PAGE_PARAMETERS } from "../query.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, object, page, text, whole } from "../schema.ts";
import { Selection } from "../selection.ts";
import { inSlices } from "../slices.ts";

/** Who subscribed to what. */
export const SUBSCRIPTION_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/subscriptions",
    role: "viewer",
    summary: "Subscriptions of all clients or of one, sorted by Topic Filter, a page at a time",
    query: [
      { name: "filter", description: "Part of the Topic Filter", schema: { type: "string" } },
      { name: "clientId", description: "Of this client only", schema: { type: "string" } },
      ...PAGE_PARAMETERS,
    ],
    answer: page(object({
      clientId: text("Whose it is"),
      topicFilter: text("Whole, with $share and mount point"),
      qos: whole("The highest at which its messages are sent", 0, 2),
      noLocal: flag("The client's own messages stay away from it"),
      retainAsPublished: flag("RETAIN is passed on as it was published"),
      subscriptionIdentifier: whole("0: none"),
    })),
    handle: list,
  },
];

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
      // A client without subscriptions is work as well.
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
