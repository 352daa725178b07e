import { openDynamicAccess } from "../auth/mod.ts";
import type { ClientIdentity } from "../broker/mod.ts";
import { SILENT } from "../net/mod.ts";
import { parseTopicFilter } from "../topic/mod.ts";
import { messageOf } from "./output.ts";

/** The question whether a client may do something with a topic. */
export interface Question {
  /** What it wants to do. */
  readonly verb: "publish" | "read" | "subscribe";
  /** A Topic Name, or a Topic Filter. */
  readonly topic: string;
}

/** The answer of a file of dynamic security. */
export interface DynamicAnswer {
  /** Whether the file names this client. */
  readonly isKnown: boolean;
  /** Whether it may. */
  readonly isAllowed: boolean;
  /** The role and the rule that decide, or that none does. */
  readonly reason: string;
}

/** Asks a file of dynamic security, or returns what is wrong with it. */
export async function explainDynamic(
  path: string,
  names: Pick<ClientIdentity, "clientId" | "userName">,
  { verb, topic }: Question,
): Promise<DynamicAnswer | { readonly problems: readonly string[] }> {
  let access;
  try {
    access = await openDynamicAccess({
      path,
      listeners: new Set(),
      log: SILENT,
      maxFailureDelaySeconds: 0,
    });
  } catch (error) {
    return { problems: messageOf(error).split("\n") };
  }
  const client: ClientIdentity = { ...names, protocolVersion: 5, remoteAddress: "", listener: "" };
  const asked = verb === "subscribe" ? parseTopicFilter(topic)!.topicFilter : topic;
  const isAllowed = verb === "subscribe"
    ? access.maySubscribe(client, asked)
    : verb === "publish"
    ? access.mayPublish(client, asked, 0, false)
    : access.mayRead(client, asked);
  return { isKnown: access.knows(client), isAllowed, reason: access.explain(client, verb, asked) };
}
