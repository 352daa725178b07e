import type { Transport } from "./transport.ts";

/** What carries plain connections: `deno` is Deno's own sockets, `epoll` the system's calls, `auto` the faster one of those there are. */
export type TransportChoice = "auto" | "deno" | "epoll";

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
