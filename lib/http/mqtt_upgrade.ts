import type { Caller } from "./caller.ts";
import type { HttpContext, HttpListenerInit, StreamPeer } from "./context.ts";
import { Problem } from "./problem.ts";

/** The path for MQTT over a WebSocket. */
const MQTT_PATH = "/mqtt";
/** Milliseconds between frames when there is much to send: the page draws four times a second. */
const PAUSE_MS = 50;

/** Makes a WebSocket a client of the broker, with the rights of the user who has logged in. Throws a {@linkcode Problem}. */
export function upgradeToMqtt(
  request: Request,
  url: URL,
  caller: Caller | undefined,
  { options }: HttpListenerInit,
  { adopt }: HttpContext,
): Response {
  if (url.pathname !== MQTT_PATH) throw new Problem(404, `WebSockets are at ${MQTT_PATH}`);
  if (caller === undefined) throw new Problem(401, "Log in first");
  if (caller.by === "token") throw new Problem(403, "Tokens are for the API, not for MQTT");
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",")
    .map((name) => name.trim());
  // The client has to offer this protocol, and we select it. [MQTT-6.0.0-3] [MQTT-6.0.0-4]
  if (!offered.includes("mqtt")) {
    throw new Problem(400, "The WebSocket must offer the protocol mqtt");
  }
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "mqtt", idleTimeout: 0 });
  const { userName, remoteAddress } = caller.identity;
  const peer: StreamPeer = { remoteAddress, ...certified(userName) };
  socket.addEventListener("open", () => {
    if (!adopt(socket, peer, options, PAUSE_MS)) socket.close();
  });
  return response;
}

/** Presents the user who has logged in as the subject of a certificate, the form in which the broker knows proven names. */
function certified(userName: string | undefined): Pick<StreamPeer, "certificate"> {
  if (userName === undefined) return {};
  return { certificate: { subject: `CN=${userName}`, commonName: userName, fingerprint: "" } };
}
