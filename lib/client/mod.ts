/**
 * An MQTT client, on the broker's own codec: for `sub`, `pub`, `rr`, `health` and `bench`, for bridges, and for programs.
 *
 * `MqttClient.connect` resolves when the broker has accepted; every request resolves when the broker has answered it. With `reconnect` it
 * makes the next connection by itself, with growing delays, and requests wait for it. Without, `closed` tells when and why the
 * connection ended, and the program decides. Errors are `ClientError`, whose `kind` says which part failed (the name, the network,
 * the certificate, the broker's refusal, a limit).
 *
 * `protocol/` does no I/O and reads no clock: `ClientConnection` is one Network Connection, bytes in and bytes out; `ClientSession` is
 * what outlives it, with the messages in flight in an `InFlightStore`. A simulation or a bridge can use them directly. Around them,
 * `open` makes streams (TCP, TLS, Unix sockets, WebSockets), `Carrier` carries bytes between a stream and a connection, and `MqttClient`
 * returns promises.
 *
 * Rules: a packet is written only after the store has committed what it promises; the broker's Receive Maximum, Maximum Packet Size, Maximum QoS and Topic
 * Alias Maximum are kept; what waits has a limit. May import `codec` and `session`.
 *
 * ```ts
 * import { ClientError, MqttClient } from "./mod.ts";
 *
 * try {
 *   const client = await MqttClient.connect("mqtt://localhost:1", { clientId: "cellar" });
 *   await client.publish("home/cellar/temperature", "12.5", { qos: 1 });
 *   await client.disconnect();
 * } catch (error) {
 *   if (!(error instanceof ClientError) || error.kind !== "unreachable") throw error;
 * }
 * ```
 *
 * @module
 */
export { Carrier } from "./carrier.ts";
export {
  type ClientOptions,
  CONNECT_TIMEOUT_MS,
  type PublishInit,
  type ReconnectInit,
  type SubscriptionInput,
} from "./init.ts";
export { LoadConnection, loadTopic } from "./load_connection.ts";
export {
  type MessageHandler,
  MqttClient,
  type MqttClientInit,
  type UrlClientInit,
} from "./mqtt_client.ts";
export {
  type BrokerUrl,
  type ClientTls,
  type ClientWebSocket,
  hostnameOf,
  nameOfPlace,
  parseBrokerUrl,
  type Place,
  type SocksProxy,
} from "./place.ts";
export { type ClientPorts, SYSTEM_PORTS } from "./ports.ts";
export { Backoff, type BackoffInit } from "./protocol/backoff.ts";
export {
  ClientConnection,
  type ConnectionHandler,
  type ConnectionLimits,
  type SessionPacket,
} from "./protocol/client_connection.ts";
export { ClientError, type ClientErrorKind } from "./protocol/client_error.ts";
export {
  ClientSession,
  type ClientSessionInit,
  type OutgoingMessage,
  type SessionHandler,
  type Settlement,
} from "./protocol/client_session.ts";
export { type ConnectInit, connectPacket } from "./protocol/handshake.ts";
export {
  type InFlightStore,
  MemoryInFlightStore,
  type OutgoingInFlight,
} from "./protocol/in_flight_store.ts";
export type { ReceivedMessage } from "./received_message.ts";
export type { ClientStream } from "./stream.ts";
export { open as openStream } from "./transport.ts";
