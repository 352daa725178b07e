/**
 * An MQTT client, on the broker's own codec: for `sub`, `pub`, `rr`, `health` and `bench`, and for programs.
 *
 * `MqttClient.connect` resolves when the broker has accepted; every request resolves when the broker has answered it. It does
 * not reconnect by itself: `closed` tells when and why a connection ended, and who uses it decides. Errors are `ClientError`,
 * whose `kind` says which part failed (the name, the network, the certificate, the broker's refusal).
 *
 * May import `codec`.
 *
 * ```ts
 * import { ClientError, MqttClient } from "./mod.ts";
 *
 * try {
 *   const client = await MqttClient.connect({ hostname: "localhost", port: 1 });
 *   await client.publish("home/cellar/temperature", new TextEncoder().encode("12.5"), { qos: 1 });
 *   await client.disconnect();
 * } catch (error) {
 *   if (!(error instanceof ClientError) || error.kind !== "unreachable") throw error;
 * }
 * ```
 *
 * @module
 */
export { ClientError, type ClientErrorKind } from "./error.ts";
export { CONNECT_TIMEOUT_MS, type ConnectInit } from "./handshake.ts";
export { LoadConnection, loadTopic } from "./load_connection.ts";
export {
  type MessageHandler,
  MqttClient,
  type MqttClientInit,
  type PublishInit,
} from "./mqtt_client.ts";
export { type ClientTls, open as openStream, type Place } from "./transport.ts";
