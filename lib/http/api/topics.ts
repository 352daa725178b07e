import { isTopicName } from "../../topic/mod.ts";
import { json } from "../answers.ts";
import { Problem } from "../problem.ts";
import { cursorOf, encodeCursor, limitOf, PAGE_PARAMETERS } from "../query.ts";
import { mayRead } from "../rights.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, list, number, object, text, whole } from "../schema.ts";
import { Slices, STEPS } from "../slices.ts";

/** The messages seen at a level and below it. */
interface SeenLevel {
  readonly level: string;
  messages: number;
  rate: number;
  lastMs: number;
  topics: number;
  isTopic: boolean;
}

/** The operation that lists topics with current messages. */
export const TOPIC_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/api/v1/topics",
  role: "viewer",
  summary:
    "The levels right below a topic at which messages come, how many and how often. The broker looks from the first such " +
    "request on until nobody has asked for a minute, and remembers 20,000 topics",
  query: [
    {
      name: "below",
      description: "The levels above, such as `home/cellar`; absent: the first level",
      schema: { type: "string" },
    },
    ...PAGE_PARAMETERS,
  ],
  answer: object({
    items: list(object({
      level: text("The level's name"),
      messages: whole("Messages at the level and below it since the broker observes them"),
      perSecond: number("Messages a second, an average of about ten seconds"),
      lastMs: number("When the last one was published"),
      topics: whole("Topics at the level and below it"),
      isTopic: flag("Whether there were messages at the level itself"),
    })),
    next: {
      type: ["string", "null"],
      description: "The `after` of the next page; null: this is the last",
    },
    sinceMs: number("Since when the broker observes messages"),
    omitted: whole("Messages on topics beyond the limit"),
  }),
  handle: browse,
}];

async function browse(request: ApiRequest): Promise<Response> {
  const { query, seenTopics } = request;
  const below = query.get("below");
  if (below !== null && below !== "" && !isTopicName(below)) {
    throw new Problem(400, `below: must be a Topic Name, is "${below}"`);
  }
  const limit = limitOf(query);
  const after = cursorOf(query)?.[1];
  const levels = await gather(request, below === null ? "" : `${below}/`);
  const sorted = [...levels.values()]
    .filter(({ level }) => after === undefined || level > after)
    .sort((a, b) => a.level < b.level ? -1 : 1);
  const items = sorted.slice(0, limit)
    .map(({ rate, ...level }) => ({ ...level, perSecond: Math.round(rate * 100) / 100 }));
  const next = sorted.length > limit ? encodeCursor(["", items.at(-1)!.level]) : null;
  const { sinceMs, omitted } = seenTopics;
  return json({ items, next, sinceMs, omitted });
}

async function gather(
  { context, caller, seenTopics, ending }: ApiRequest,
  prefix: string,
): Promise<ReadonlyMap<string, SeenLevel>> {
  const levels = new Map<string, SeenLevel>();
  const slices = new Slices(ending);
  let steps = 0;
  for (const [topicName, seen] of seenTopics.look()) {
    if (++steps % STEPS === 0 && slices.isOver) await slices.pause();
    if (!topicName.startsWith(prefix) || !mayRead(context.broker, caller!, topicName)) continue;
    const end = topicName.indexOf("/", prefix.length);
    const level = topicName.slice(prefix.length, end < 0 ? undefined : end);
    let sum = levels.get(level);
    if (sum === undefined) {
      sum = { level, messages: 0, rate: 0, lastMs: 0, topics: 0, isTopic: false };
      levels.set(level, sum);
    }
    sum.messages += seen.messages;
    sum.rate += seenTopics.rateOf(seen);
    sum.lastMs = Math.max(sum.lastMs, seen.lastMs);
    sum.topics++;
    if (end < 0) sum.isTopic = true;
  }
  return levels;
}
