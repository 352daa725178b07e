import type { Transport } from "./transport.ts";

/** The transport of plain connections: `deno` uses Deno's own sockets, `epoll` system calls, `auto` the faster one that is available. */
export type TransportChoice = "auto" | "deno" | "epoll";

/** The transport that was found. */
export interface FoundTransport {
  /** Absent for Deno's own sockets. */
  readonly transport?: Transport;
  /** Why Deno's own sockets are used although another transport was possible; `""` if there is nothing to say. */
  readonly reason: string;
}

/**
 * Finds the transport for `Server`. `auto` takes what is available; `epoll` rejects with a `TypeError` that says why it is not. The code of
 * another transport is not loaded if Deno's sockets are chosen or nothing else is possible.
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
