import { Client } from "../../lib/broker/state/connection.ts";
import type { Subscription } from "../../lib/session/mod.ts";

/** A client without a connection, for machines that only tell clients apart. */
export function aClient(clientId: string): Client {
  return new Client({
    clientId,
    userName: undefined,
    protocolVersion: 5,
    remoteAddress: "127.0.0.1:1",
    listener: "test",
  });
}

/** A subscription; what a test says nothing about is as 3.1.1 has it. */
export function aSubscription(
  topicFilter: string,
  given: Partial<Subscription> = {},
): Subscription {
  return {
    topicFilter,
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    subscriptionIdentifier: 0,
    ...given,
  };
}
