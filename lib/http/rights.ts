import type { Broker } from "../broker/mod.ts";
import type { Caller } from "./caller.ts";

/** Whether the caller may read a topic, by the access control of clients. */
export function mayRead(
  { core: { ports: { access } } }: Broker,
  caller: Caller,
  topicName: string,
): boolean {
  return !access.checksTopics || access.mayRead(caller.identity, topicName);
}

/** Whether the caller may publish to a topic, by the access control of clients. */
export async function mayPublish(
  { core: { ports: { access } } }: Broker,
  { identity }: Caller,
  topicName: string,
  qos: 0 | 1 | 2,
  retain: boolean,
): Promise<boolean> {
  if (!access.checksTopics) return true;
  const decision = access.mayPublish(identity, topicName, qos, retain);
  if (decision !== "pending") return decision;
  await new Promise<void>((resolve) => access.decided?.(identity, resolve));
  return access.mayPublish(identity, topicName, qos, retain) === true;
}
