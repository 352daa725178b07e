import { decodePublish, MqttError, type Properties } from "../codec/mod.ts";
import type { ChunkReader } from "./chunk_reader.ts";
import { DatabaseError } from "./database_error.ts";

/** Properties of a message, apart: those that it travels with, and those of the one who gets it. */
interface ReadProperties {
  readonly travelling: Properties | undefined;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
}

/** A Topic Name for a PUBLISH that is only there to be decoded. */
const ANY_NAME = [0, 1, 0x78];

/**
 * The rest of a chunk: nothing, or properties as a PUBLISH of 5.0 has them, with their length before them. So they are read as the
 * codec reads one.
 */
export function readProperties(reader: ChunkReader): ReadProperties | undefined {
  if (reader.left === 0) return undefined;
  const { at } = reader;
  const bytes = reader.bytes(reader.left);
  const size = ANY_NAME.length + bytes.length;
  // QoS 0; four bytes of Remaining Length, whatever it takes.
  const head = [
    0x30,
    ...[0, 7, 14, 21].map((bits, i) => size >>> bits & 0x7f | (i < 3 ? 0x80 : 0)),
  ];
  const packet = new Uint8Array([...head, ...ANY_NAME, ...bytes]);
  try {
    const { properties, payload } = decodePublish(packet, 0, packet.length, 5);
    if (payload.length > 0) {
      throw new DatabaseError("The file is damaged: bytes are left behind properties", at);
    }
    return apart(properties);
  } catch (error) {
    if (!(error instanceof MqttError)) throw error;
    throw new DatabaseError(`The file is damaged: ${error.message}`, at);
  }
}

function apart(properties: Properties | undefined): ReadProperties | undefined {
  if (properties === undefined) return undefined;
  const {
    subscriptionIdentifiers,
    topicAlias: _alias,
    messageExpiryInterval: _expiry,
    ...travelling
  } = properties;
  return {
    travelling: Object.keys(travelling).length === 0 ? undefined : travelling,
    subscriptionIdentifiers,
  };
}
