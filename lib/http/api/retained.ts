import {
  type Broker,
  type FoundRetained,
  isRetained,
  type Message,
  readManyRetained,
  readRetained,
  type RetainedEntry,
  walkRetained,
} from "../../broker/mod.ts";
import { isSharedFilter, isTopicFilter, isTopicName } from "../../topic/mod.ts";
import { done, json } from "../answers.ts";
import { LevelSelection } from "../level_selection.ts";
import { payloadOf, payloadSchema, propertiesOf } from "../payload.ts";
import { Problem } from "../problem.ts";
import { cursorOf, encodeCursor, limitOf, PAGE_PARAMETERS, requiredOf } from "../query.ts";
import { mayPublish, mayRead } from "../rights.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, object, page, text, whole } from "../schema.ts";
import { Slices, STEPS } from "../slices.ts";

/** Topics that one request may delete. */
const MAX_DELETED = 100_000;
/** Messages that are read from the store at a time. */
const READ_TOGETHER = 128;

const ENTRY = {
  topicName: text("The topic"),
  qos: whole("The QoS at which it was published", 0, 2),
  payloadBytes: whole("The length of the payload"),
  expiresAtMs: { type: ["number", "null"], description: "When it expires; null: never" },
  publisherId: text("The publisher; empty: the broker, or not known"),
};
const FILTER = { name: "filter", description: "A Topic Filter", schema: { type: "string" } };
const TOPIC = {
  name: "topic",
  description: "A Topic Name",
  schema: { type: "string" },
  required: true,
} as const;

/** Operations on retained messages: browse, read, delete. */
export const RETAINED_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/retained",
    role: "viewer",
    summary:
      "Retained messages without their payloads, in no certain order, a page at a time; ask for the next within a minute",
    query: [{ ...FILTER, description: "A Topic Filter; default #" }, ...PAGE_PARAMETERS],
    answer: page(object(ENTRY)),
    handle: list,
  },
  {
    method: "GET",
    path: "/api/v1/retained/levels",
    role: "viewer",
    summary: "The levels directly below a topic, with the number of their retained messages",
    query: [
      {
        name: "below",
        description: "The levels above, such as `home/cellar`; absent: the first level",
        schema: { type: "string" },
      },
      ...PAGE_PARAMETERS,
    ],
    answer: page(object({
      level: text("The level's name"),
      messages: whole("Retained messages at the level and below it"),
      hasMessage: flag("Whether there is one at the level itself"),
    })),
    handle: browse,
  },
  {
    method: "GET",
    path: "/api/v1/retained/message",
    role: "viewer",
    summary: "One retained message with its payload",
    query: [TOPIC],
    answer: object({ ...ENTRY, ...payloadSchema }),
    handle: read,
  },
  {
    method: "DELETE",
    path: "/api/v1/retained/message",
    role: "admin",
    summary: "Deletes the retained message of a topic, like an empty one published there",
    query: [TOPIC],
    handle: remove,
  },
  {
    method: "DELETE",
    path: "/api/v1/retained",
    role: "admin",
    summary: `Deletes the retained messages that match a filter, ${MAX_DELETED} at most`,
    query: [
      { ...FILTER, required: true },
      {
        name: "dryRun",
        description: "true: only counts the messages that would be deleted",
        schema: { type: "string", enum: ["true", "false"] },
      },
    ],
    answer: object({
      deleted: whole("The number of deleted messages; with dryRun, of those that would be"),
      isDryRun: flag("Whether nothing was deleted"),
      hasMore: flag("Whether there are more than one request may delete"),
    }),
    handle: removeMany,
  },
];

/** Calls `visit` with those retained messages of a walk that the caller may read, until it returns false. */
async function visitRetained(
  { context, ending, caller }: ApiRequest,
  walk: Iterable<FoundRetained | undefined>,
  visit: (entry: FoundRetained) => boolean | void,
): Promise<void> {
  const slices = new Slices(ending);
  for (const entry of walk) {
    if (entry === undefined) {
      if (slices.isOver) await slices.pause();
    } else if (mayRead(context.broker, caller!, entry.topicName) && visit(entry) === false) return;
  }
}

async function list(request: ApiRequest): Promise<Response> {
  const { query, context, walks } = request;
  const limit = limitOf(query);
  const after = query.get("after") ?? "";
  const walk = after === ""
    ? walkRetained(context.broker, filterOf(query.get("filter") ?? "#"), STEPS)
    : walks.resume(after);
  const found: FoundRetained[] = [];
  await visitRetained(request, resumable(walk), (entry) => {
    found.push(entry);
    return found.length < limit;
  });
  const next = found.length < limit ? null : walks.rest(walk);
  const items: RetainedEntry[] = [];
  for (let i = 0; i < found.length; i += READ_TOGETHER) {
    items.push(...await entriesOf(context.broker, found.slice(i, i + READ_TOGETHER)));
  }
  return json({ items, next });
}

/** What is known of the messages; those that are in the store alone are read. Some may have been deleted meanwhile. */
async function entriesOf(
  broker: Broker,
  found: readonly FoundRetained[],
): Promise<RetainedEntry[]> {
  const names = found.flatMap((entry) => "qos" in entry ? [] : [entry.topicName]);
  const messages = await new Promise<readonly (Message | undefined)[]>((resolve) =>
    readManyRetained(broker, names, resolve)
  );
  let read = 0;
  return found.flatMap((entry) => {
    if ("qos" in entry) return [entry];
    const message = messages[read++];
    if (message === undefined) return [];
    const { topicName, qos, payload, expiresAtMs, publisherId } = message;
    return [{ topicName, qos, payloadBytes: payload.length, expiresAtMs, publisherId }];
  });
}

/** Lets a loop over a generator be left without ending the generator. */
function resumable<T>(walk: Generator<T, void>): Iterable<T> {
  return { [Symbol.iterator]: () => ({ next: () => walk.next() as IteratorResult<T> }) };
}

async function browse(request: ApiRequest): Promise<Response> {
  const { query } = request;
  const below = query.get("below");
  const prefix = below === null ? "" : `${below}/`;
  if (below !== null && below !== "" && !isTopicName(below)) {
    throw new Problem(400, `below: must be a Topic Name, is "${below}"`);
  }
  const selection = new LevelSelection(limitOf(query), cursorOf(query)?.[1]);
  const count = ({ topicName }: FoundRetained) => {
    // "a/#" also matches "a", which is not below it.
    if (!topicName.startsWith(prefix)) return;
    const end = topicName.indexOf("/", prefix.length);
    const level = end < 0 ? topicName.slice(prefix.length) : topicName.slice(prefix.length, end);
    selection.offer(level, end < 0);
  };
  const { broker } = request.context;
  await visitRetained(request, walkRetained(broker, `${prefix}#`, STEPS), count);
  // "#" does not match topics that begin with "$". [MQTT-4.7.2-1]
  if (prefix === "") await visitRetained(request, walkRetained(broker, "$SYS/#", STEPS), count);
  const { items, next } = selection.page();
  return json({ items, next: next === undefined ? null : encodeCursor(["", next]) });
}

async function read({ query, context, caller }: ApiRequest): Promise<Response> {
  const topicName = requiredOf(query, "topic");
  if (!mayRead(context.broker, caller!, topicName)) throw noMessage(topicName);
  const message = await new Promise<Message | undefined>((resolve) =>
    readRetained(context.broker, topicName, resolve)
  );
  if (message === undefined) throw noMessage(topicName);
  return json(shown(message));
}

function shown(message: Message): Record<string, unknown> {
  const { topicName, qos, payload, expiresAtMs, publisherId } = message;
  return {
    topicName,
    qos,
    payloadBytes: payload.length,
    expiresAtMs,
    publisherId,
    ...payloadOf(payload),
    ...propertiesOf(message.properties),
  };
}

async function remove({ query, context, caller }: ApiRequest): Promise<Response> {
  const topicName = requiredOf(query, "topic");
  if (!isRetained(context.broker, topicName)) throw noMessage(topicName);
  if (!await mayPublish(context.broker, caller!, topicName, 0, true)) {
    throw new Problem(403, `The ACL does not let you publish to ${topicName}`);
  }
  context.hub.publish({ topicName, payload: new Uint8Array(), retain: true });
  return done();
}

async function removeMany(request: ApiRequest): Promise<Response> {
  const { query, context, caller } = request;
  const topicFilter = filterOf(requiredOf(query, "filter"));
  const isDryRun = query.get("dryRun") === "true";
  let topics: string[] = [];
  let deleted = 0;
  let hasMore = false;
  const walk = walkRetained(context.broker, topicFilter, STEPS);
  await visitRetained(request, walk, ({ topicName }) => {
    if (topics.length === MAX_DELETED) return !(hasMore = true);
    topics.push(topicName);
  });
  if (isDryRun) [deleted, topics] = [topics.length, []];
  const slices = new Slices(request.ending);
  for (const topicName of topics) {
    if (!await mayPublish(context.broker, caller!, topicName, 0, true)) continue;
    context.hub.publish({ topicName, payload: new Uint8Array(), retain: true });
    if (++deleted % STEPS === 0 && slices.isOver) await slices.pause();
  }
  return json({ deleted, isDryRun, hasMore });
}

function filterOf(text: string): string {
  if (isTopicFilter(text) && !isSharedFilter(text)) return text;
  throw new Problem(400, `filter: must be a Topic Filter, is "${text}"`);
}

function noMessage(topicName: string): Problem {
  return new Problem(404, `${topicName} has no retained message`);
}
