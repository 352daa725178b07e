import type { Broker } from "../broker/mod.ts";
import type { ListenerInit, OpenListener } from "./listener.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { Turns } from "./turns.ts";

/** What carries plain connections: `deno` is Deno's own sockets, `epoll` the system's calls, `auto` the faster one of those there are. */
export type TransportChoice = "auto" | "deno" | "epoll";

/** What a transport is connected with. */
export interface TransportInit {
  /** Gets the connections. */
  readonly broker: Broker;
  /** Those of the broker. */
  readonly turns: Turns;
  /** Shared by all listeners of the broker. */
  readonly buffers: ReadBuffers;
}

/** Carries the plain connections of one server, in the place of Deno's own sockets. `loadTransport` makes one. */
export interface Transport {
  /** Once, before the first `listen`. */
  connect(init: TransportInit): void;
  /** Listens at once; throws what `Deno.listen` throws. For listeners without TLS and WebSockets. */
  listen(init: ListenerInit): OpenListener;
  /** Ends it, when all its listeners are closed. */
  close(): Promise<void>;
}

/** The transport that was found. */
export interface FoundTransport {
  /** Absent: Deno's own sockets. */
  readonly transport?: Transport;
  /** Why Deno's own sockets serve though another one might have; `""`: nothing to say. */
  readonly reason: string;
}

/**
 * Finds the transport, for `Server`. `auto` takes what there is; `epoll` rejects with a `TypeError` that says why it cannot be. Nothing of
 * another transport is loaded where Deno's sockets are to serve, or it cannot be anyway.
 */
export async function loadTransport(choice: TransportChoice): Promise<FoundTransport> {
  if (choice === "deno") return { reason: "" };
  const found = await openEpoll();
  if (typeof found !== "string") return { transport: found, reason: "" };
  if (choice === "epoll") throw new TypeError(`Cannot use the transport epoll: ${found}`);
  return { reason: found };
}

async function openEpoll(): Promise<Transport | string> {
  if (Deno.build.os !== "linux") return `it needs Linux, this is ${Deno.build.os}`;
  const { openLibc } = await import("./epoll/libc.ts");
  const libc = openLibc();
  if (typeof libc === "string") return libc;
  const { EpollTransport } = await import("./epoll/transport.ts");
  return new EpollTransport(libc);
}
