import type { Connect } from "../../lib/codec/mod.ts";
import type { ConnectFacts } from "./records.ts";

/** What a CONNECT says that wants nothing special: the session as it was, and for good. */
export const PLAIN: Omit<ConnectFacts, "clientId" | "version"> = {
  cleanStart: false,
  expirySeconds: Infinity,
  keepAliveSeconds: 0,
  receiveMaximum: 65_535,
  topicAliasMaximum: 0,
  will: undefined,
};

/** The same, but for a session that is to begin anew. */
export function startClean(facts: ConnectFacts): ConnectFacts {
  return {
    ...facts,
    cleanStart: true,
    expirySeconds: facts.version === 5 ? facts.expirySeconds : 0,
  };
}

/** Seconds as the wire has them: 0xFFFFFFFF is for ever. */
export function wireExpiry(seconds: number): number {
  return seconds === Infinity ? 0xffffffff : seconds;
}

/** The packet that says it. */
export function connectPacket(facts: ConnectFacts): Connect {
  const { clientId, version, cleanStart, keepAliveSeconds, will } = facts;
  const { receiveMaximum, topicAliasMaximum, expirySeconds } = facts;
  const isNew = version === 5;
  return {
    type: "connect",
    protocolVersion: version,
    cleanStart,
    keepAliveSeconds,
    clientId,
    ...(will === undefined ? {} : {
      will: {
        topicName: will.record.topicName,
        payload: will.record.payload,
        qos: will.record.qos,
        retain: will.record.retain,
        ...(isNew
          ? { properties: { ...will.record.properties, willDelayInterval: will.delaySeconds } }
          : {}),
      },
    }),
    ...(isNew
      ? {
        properties: {
          sessionExpiryInterval: wireExpiry(expirySeconds),
          topicAliasMaximum,
          ...(receiveMaximum < 65_535 || facts.maximumPacketSize !== undefined
            ? { receiveMaximum }
            : {}),
          ...(facts.maximumPacketSize === undefined
            ? {}
            : { maximumPacketSize: facts.maximumPacketSize }),
        },
      }
      : {}),
  };
}
