/** The supported subprotocols; clients offered `mqttv3.1` before there was a standard. */
const SUBPROTOCOLS: readonly string[] = ["mqtt", "mqttv3.1"];

/**
 * The subprotocol to select for a request; `undefined` if it does not ask for a WebSocket that speaks MQTT. [MQTT-6.0.0-3] [MQTT-6.0.0-4]
 */
export function subprotocolOf(request: Request): string | undefined {
  if (!isForWebSocket(request)) return undefined;
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",")
    .map((name) => name.trim());
  return SUBPROTOCOLS.find((name) => offered.includes(name));
}

/** The answer to a request that does not ask for such a WebSocket. */
export function refusalOf(request: Request): Response {
  if (isForWebSocket(request)) {
    return new Response("The WebSocket must offer the protocol mqtt\n", { status: 400 });
  }
  // RFC 9110 section 15.5.22: the answer 426 has to name the protocol to upgrade to.
  const headers = { upgrade: "websocket", connection: "upgrade" };
  return new Response("MQTT is spoken here, over a WebSocket\n", { status: 426, headers });
}

/** Writes an address as logs and limits use it; `unknown` if there is none. */
export function addressOf(address: Deno.Addr | undefined): string {
  if (address === undefined) return "unknown";
  if ("hostname" in address) {
    const { hostname, port } = address;
    return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  }
  return "path" in address ? `unix:${address.path}` : "unknown";
}

function isForWebSocket({ method, headers }: Request): boolean {
  return method === "GET" && headers.get("upgrade")?.toLowerCase() === "websocket";
}
