/**
 * The page, its API and the metrics: everything that is spoken over HTTP, on `Deno.serve`.
 *
 * `HttpServer` opens listeners. A request passes the `Guard` (is it for a name of ours, and from our own page?), then it is asked who
 * sends it (`Callers`: everybody on this machine where nobody is named, else a session or a token), and then one `Route` of the
 * table answers. The same table is what the OpenAPI document is written from, so the two cannot differ. A WebSocket at `/mqtt`
 * becomes a client of the broker like any other: what the page shows live comes by MQTT, under the rights of its user.
 *
 * Rules: nothing of an answer is unbounded, and whoever pages through a million topics stalls no client: what goes over many things
 * does it in slices, with pauses. Nothing here is on the path of a message. The room is loaded when the ports for MQTT are open, and
 * not at all where nobody wants it.
 *
 * Below `/guide/` stands the guide. May import `broker`, `observe`, `auth`, `topic`, `codec` and `guide`. What it needs of network, configuration and store is handed in.
 *
 * @module
 */
export type { Caller } from "./caller.ts";
export type {
  HttpContext,
  HttpListenerInit,
  ListenerView,
  SettingView,
  StreamPeer,
} from "./context.ts";
export type { Role } from "./role.ts";
export { HttpServer } from "./server.ts";
