/**
 * flux-mqtt as a library: a whole MQTT broker inside a program.
 *
 * `Server` is the broker with its listeners; `EventBus` lets the program publish and subscribe without a connection, `BusBridge` and
 * `WorkerBus` do the same for its Workers. Access control is the `AccessPort`, storage the `Store`, logging the `LogPort`: plain interfaces
 * that a program may implement itself.
 *
 * @example A broker, a program's subscription, and an MQTT client's message
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { encodePacket, EventBus, Server } from "./mod.ts";
 *
 * const server = new Server();
 * const port = server.listen({ port: 0 });
 * const bus = new EventBus(server.hub);
 * const arrived = Promise.withResolvers<string>();
 * bus.subscribe("home/+/temperature", ({ topicName }) => arrived.resolve(topicName));
 *
 * // Any MQTT client will do; this one is two packets.
 * const client = await Deno.connect({ port });
 * const connect = {
 *   type: "connect", protocolVersion: 5, cleanStart: true, keepAliveSeconds: 30, clientId: "example",
 * } as const;
 * const publish = {
 *   type: "publish", topicName: "home/cellar/temperature", payload: new TextEncoder().encode("12.5"),
 *   qos: 0, retain: false, dup: false, packetId: 0, properties: undefined,
 * } as const;
 * await client.write(encodePacket(connect, 5));
 * await client.write(encodePacket(publish, 5));
 * equal(await arrived.promise, "home/cellar/temperature");
 *
 * client.close();
 * bus.close();
 * await server.close();
 * ```
 *
 * @module
 */
export {
  AccessChain,
  type AccessChainInit,
  type AccessFileReader,
  type AccessFunctions,
  type AclType,
  type Argon2idHash,
  type ControlTopic,
  type ControlTopicInit,
  DEFAULT_LISTENER_ACCESS,
  type DefaultType,
  type Described,
  type DynamicAccess,
  type DynamicAccessInit,
  type DynamicAcl,
  type DynamicClient,
  type DynamicDocument,
  type DynamicGroup,
  type DynamicPassword,
  type DynamicRole,
  FileAccess,
  type FileAccessInit,
  type ForListeners,
  FunctionAccess,
  type FunctionAccessOptions,
  type HttpAccess,
  type HttpAccessInit,
  type HttpAccessOptions,
  type JwtAccess,
  type JwtAccessInit,
  type JwtOptions,
  type ListenerAccess,
  type MayStay,
  openControlTopic,
  openDynamicAccess,
  openHttpAccess,
  openJwtAccess,
  type PasswordHash,
  type Ranked,
  type SharedTextPort,
  type TopicAction,
} from "./auth/mod.ts";
export * from "./broker/mod.ts";
export * from "./bus/mod.ts";
export {
  Backoff,
  type BackoffInit,
  type BrokerUrl,
  Carrier,
  ClientConnection,
  ClientError,
  type ClientErrorKind,
  type ClientOptions,
  type ClientPorts,
  ClientSession,
  type ClientSessionInit,
  type ClientStream,
  type ClientTls,
  type ClientWebSocket,
  CONNECT_TIMEOUT_MS,
  type ConnectInit,
  type ConnectionHandler,
  type ConnectionLimits,
  connectPacket,
  type InFlightStore,
  MemoryInFlightStore,
  type MessageHandler,
  MqttClient,
  type MqttClientInit,
  nameOfPlace,
  openStream,
  type OutgoingInFlight,
  type OutgoingMessage,
  parseBrokerUrl,
  type Place,
  type PublishInit,
  type ReceivedMessage,
  type ReconnectInit,
  type SessionHandler,
  type SessionPacket,
  type Settlement,
  type SocksProxy,
  type SubscriptionInput,
  SYSTEM_PORTS,
  type UrlClientInit,
} from "./client/mod.ts";
export * from "./codec/mod.ts";
export {
  type ByteStream,
  DEFAULT_UNFINISHED_LIMITS,
  type FoundTransport,
  type ListenInit,
  loadTls,
  loadTransport,
  nowMs,
  type Peer,
  type ProxyOptions,
  Server as NetServer,
  type ServerInit,
  SILENT,
  type StreamPair,
  type TlsInit,
  type TlsLayer,
  type Transport,
  type TransportChoice,
  type UnfinishedLimits,
} from "./net/mod.ts";
export * from "./embed/mod.ts";
export {
  type BackupContent,
  MemoryStore,
  type OpenedStore,
  openStore,
  type OpenStoreInit,
  type SqliteStore,
  type StoreBackup,
  type StoreClock,
  type StoreStats,
} from "./store/mod.ts";
export { isTopicFilter, isTopicName, topicMatches } from "./topic/mod.ts";
export { VERSION } from "./version.ts";
