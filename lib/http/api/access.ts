import type { Acl, ClientRights } from "../../auth/mod.ts";
import { isTopicFilter, isTopicName, parseTopicFilter } from "../../topic/mod.ts";
import { json } from "../answers.ts";
import { Problem } from "../problem.ts";
import { requiredOf } from "../query.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, object, text } from "../schema.ts";

const ACTIONS = ["publish", "read", "subscribe"] as const;
type Action = typeof ACTIONS[number];

/** Operations on access rules. */
export const ACCESS_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/api/v1/access/explain",
    role: "viewer",
    summary: "Whether a client may do something with a topic, and the rule that decides",
    query: [
      {
        name: "action",
        description: "The action",
        schema: { type: "string", enum: ACTIONS },
        required: true,
      },
      {
        name: "topic",
        description: "A Topic Name; for subscribe a Topic Filter",
        schema: { type: "string" },
        required: true,
      },
      {
        name: "listener",
        description: "The listener's name; default: the first",
        schema: { type: "string" },
      },
      {
        name: "userName",
        description: "Absent: an anonymous client",
        schema: { type: "string" },
      },
      { name: "clientId", description: "For %c in patterns", schema: { type: "string" } },
    ],
    answer: object({
      isAllowed: flag("The answer"),
      reason: text("The file, the line and its text, or why no rule decides"),
    }),
    handle: explain,
  },
];

async function explain({ query, context }: ApiRequest): Promise<Response> {
  const action = requiredOf(query, "action") as Action;
  if (!ACTIONS.includes(action)) {
    throw new Problem(400, `action: must be one of ${ACTIONS.join(", ")}`);
  }
  const topic = requiredOf(query, "topic");
  const isValid = action === "subscribe" ? isTopicFilter(topic) : isTopicName(topic);
  if (!isValid) {
    const kind = action === "subscribe" ? "Filter" : "Name";
    throw new Problem(400, `topic: must be a Topic ${kind}, is "${topic}"`);
  }
  const named = query.get("listener");
  const listener = context.listeners.find(({ name }) => named === null || name === named);
  if (listener === undefined) throw new Problem(404, `There is no listener ${named}`);
  const { aclFile, isAclStrict } = listener;
  if (aclFile === "") {
    return json({ isAllowed: true, reason: "There is no acl_file: everything is allowed" });
  }
  if (action === "subscribe" && !isAclStrict) {
    const reason =
      "acl_subscribe is mosquitto, which grants every filter; what may not be read does not come";
    return json({ isAllowed: true, reason });
  }
  const userName = query.get("userName") ?? "";
  // Loaded here, since the room takes memory for cryptography, and brokers without its files do not need it.
  const auth = await import("../../auth/mod.ts");
  const rights = new auth.ClientRights(
    readAcl(aclFile, auth),
    userName === "" ? undefined : userName,
    query.get("clientId") ?? "",
  );
  return json(decide(rights, action, topic, aclFile));
}

function decide(
  rights: ClientRights,
  action: Action,
  topic: string,
  aclFile: string,
): { isAllowed: boolean; reason: string } {
  const { isAllowed, rule } = action === "subscribe"
    ? rights.decideSubscribe(parseTopicFilter(topic)!.topicFilter)
    : rights.decide(action === "publish" ? "write" : "read", topic);
  const verb = action === "publish" ? "write" : "read";
  const reason = rule === undefined
    ? `No line of ${aclFile} lets it ${verb} there`
    : `${aclFile}:${rule.line}: ${rule.text}`;
  return { isAllowed, reason };
}

/** Reads the rules from the file as it is now. The broker uses the same rules, or older ones if the file has become invalid. */
function readAcl(
  path: string,
  { DISK, parseAclFile }: typeof import("../../auth/mod.ts"),
): Acl {
  let problems: readonly string[];
  try {
    const parsed = parseAclFile(path, DISK.readFile(path));
    if (parsed.isValid) return parsed.value;
    problems = parsed.problems;
  } catch {
    problems = [`Cannot read ${path}`];
  }
  throw new Problem(409, `The acl_file is not valid, so the previous rules apply: ${problems[0]}`);
}
