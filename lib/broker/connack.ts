import type { Connect, Properties } from "../codec/mod.ts";
import type { Connection } from "./connection.ts";

/** What a 5.0 client is told of our limits, where they differ from what it must assume. */
export function connackProperties(
  connection: Connection,
  connect: Connect,
  authenticationProperties: Properties | undefined,
): Properties {
  const { broker, listener, client } = connection;
  const { options } = broker;
  const { session } = client!;
  const askedSeconds = connection.requestedExpirySeconds;
  const isExpiryChanged = session.expirySeconds !==
    (askedSeconds === 0xffffffff ? Infinity : askedSeconds);
  return {
    ...(isExpiryChanged ? { sessionExpiryInterval: session.expirySeconds } : {}),
    ...(options.maxInflightMessages > 0 && options.maxInflightMessages < 65_535
      ? { receiveMaximum: options.maxInflightMessages }
      : {}),
    ...(listener.maxQos < 2 ? { maximumQos: listener.maxQos as 0 | 1 } : {}),
    ...(options.retainAvailable ? {} : { retainAvailable: false }),
    maximumPacketSize: options.maxPacketSizeBytes,
    ...(connect.clientId === "" ? { assignedClientIdentifier: session.clientId } : {}),
    ...(listener.maxTopicAlias > 0 ? { topicAliasMaximum: listener.maxTopicAlias } : {}),
    ...(connection.keepAliveSeconds !== connect.keepAliveSeconds
      ? { serverKeepAlive: connection.keepAliveSeconds }
      : {}),
    ...(connect.properties?.requestResponseInformation === true &&
        options.responseInformation !== ""
      ? { responseInformation: options.responseInformation + session.clientId }
      : {}),
    ...authenticationProperties,
  };
}
