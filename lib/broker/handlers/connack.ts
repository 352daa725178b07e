import type { Connect, Properties } from "../../codec/mod.ts";
import type { Connection } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { BRIDGE_HOPS } from "../ground/ports.ts";

/** The CONNACK properties that tell a 5.0 client the broker's limits, where they differ from the protocol's defaults. */
export function connackProperties(
  core: Core,
  connection: Connection,
  connect: Connect,
  authenticationProperties: Properties | undefined,
): Properties {
  const { listener, client } = connection;
  const { options } = core;
  const { session } = client!;
  const askedSeconds = connection.asked.expirySeconds;
  const isExpiryChanged = session.expirySeconds !==
    (askedSeconds === 0xffffffff ? Infinity : askedSeconds);
  return {
    ...(isExpiryChanged
      ? { sessionExpiryInterval: Math.min(session.expirySeconds, 0xffffffff) }
      : {}),
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
    ...responseInformation(options.responseInformation, session.clientId, connect),
    ...bridgeName(core, connect),
    ...authenticationProperties,
  };
}

/** Sends our name to a bridge that sends its broker's name, so that it can detect loops. */
function bridgeName({ ports, cluster }: Core, { properties }: Connect): Properties {
  const bridgeId = cluster?.bridgeId ?? ports.bridgeId;
  const isBridge = properties?.userProperties?.some(([name]) => name === BRIDGE_HOPS) === true;
  return isBridge && bridgeId !== undefined ? { userProperties: [[BRIDGE_HOPS, bridgeId]] } : {};
}

/** UTF-16 code units that always fit into the 65,535 bytes of a text (section 1.5.4). */
const SHORT_TEXT_LENGTH = 21_845;

/**
 * Response Information only on request [MQTT-3.1.2-28], and only where prefix and Client Identifier together are not too long for a
 * text.
 */
function responseInformation(prefix: string, clientId: string, connect: Connect): Properties {
  const isAsked = connect.properties?.requestResponseInformation === true;
  const text = prefix + clientId;
  return isAsked && prefix !== "" && text.length <= SHORT_TEXT_LENGTH
    ? { responseInformation: text }
    : {};
}
