/**
 * A small client of NATS and its JetStream, as far as a cluster of brokers needs them.
 *
 * `Parser` and `Writer` are the protocol without I/O: bytes in, events out. `Link` is one connection to one server; `NatsConnection`
 * finds its way back over several, with all its subscriptions. `JetStream` makes streams and stores messages, `Tail` reads a
 * stream from a number on, in order and once, `KeyValue` has values by key with compare-and-set, `ObjectStore` large ones by name.
 *
 * @module
 */
export {
  type Credentials,
  parseCredentialsFile,
  parseSeedFile,
  publicNkey,
  seedOf,
} from "./credentials.ts";
export { NatsConnection, type NatsInit } from "./connection.ts";
export { NatsError, type NatsErrorKind } from "./error.ts";
export { decodeHeaders, encodeHeaders, type HeaderEntries, type NatsHeaders } from "./headers.ts";
export {
  JetStream,
  type MessageQuery,
  type StoredMessage,
  type StreamConfig,
} from "./jetstream.ts";
export { ackOf, type PublishAck, type StreamInfo } from "./jetstream_answers.ts";
export { type Entry, KeyValue } from "./key_value.ts";
export { type FoundObject, type ObjectInfo, ObjectStore } from "./object_store.ts";
export type { NatsMessage } from "./message.ts";
export { Parser, type ParserEvents } from "./parser.ts";
export { nameOfPlace, type NatsPlace } from "./place.ts";
export type { ServerInfo } from "./protocol_line.ts";
export type { ClientCertificate, NatsTls } from "./stream.ts";
export { Tail, type TailEvents } from "./tail.ts";
export { Writer } from "./writer.ts";
