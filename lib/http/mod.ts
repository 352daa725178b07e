/**
 * The dashboard page, its API and the metrics: everything served over HTTP with `Deno.serve`.
 *
 * `HttpServer` opens listeners. `Guard` checks that a request names this broker and does not come from a foreign page; `Callers` identifies
 * its sender (by session, token or certificate; everybody on this machine if no user is configured); then one `Route` of the table answers.
 * The OpenAPI document is written from the same table, so the two cannot differ. A WebSocket at `/mqtt` becomes an ordinary client: the
 * page gets its live data by MQTT, with the rights of its user.
 *
 * Rules: every answer is bounded. Work over many items is done in slices with pauses, so that paging through a million topics stalls no
 * client. Nothing here is on the path of a message. The room is loaded after the MQTT ports are open, and only if it is configured.
 *
 * The guide is served below `/guide/`. May import `broker`, `observe`, `auth`, `topic`, `codec` and `guide`. Network, configuration and
 * store are passed in.
 *
 * @module
 */
export type { Caller } from "./caller.ts";
export type {
  HttpContext,
  HttpListenerInit,
  HttpStream,
  HttpTls,
  ListenerView,
  SettingView,
  StreamPeer,
} from "./context.ts";
export type { Role } from "./role.ts";
export { HttpServer } from "./server.ts";
