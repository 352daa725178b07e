import type { BrokerOptions, ListenerOptions } from "../../lib/broker/mod.ts";
import { loadTransport, type ServerInit } from "../../lib/net/mod.ts";
import { LocalServer } from "./local_server.ts";
import { netTest } from "./net_test.ts";

/** The transport of plain connections. */
export type TransportName = "deno" | "epoll";

/** Opens a server in this process; settings left out have defaults. */
export type OpenServer = (
  options?: Partial<BrokerOptions>,
  listener?: Partial<ListenerOptions>,
) => Promise<LocalServer>;

/** The transport of this name, for a server that the test opens itself. */
export async function transportOf(name: TransportName): Promise<Pick<ServerInit, "transport">> {
  const { transport } = await loadTransport(name);
  return transport === undefined ? {} : { transport };
}

/** The transports available here. */
export const TRANSPORTS: readonly TransportName[] = await findTransports();

/**
 * A test of plain connections that runs over each transport. All connections must be closed at its end. A long one may be left out: that
 * over one transport, or over both.
 */
export function transportTest(
  name: string,
  fn: (open: OpenServer, transport: TransportName) => Promise<void>,
  isLong: boolean | TransportName = false,
): void {
  for (const transport of TRANSPORTS) {
    const open: OpenServer = async (options = {}, listener = {}) =>
      new LocalServer(options, listener, (await loadTransport(transport)).transport);
    netTest(
      `${name}, over ${transport}`,
      () => fn(open, transport),
      isLong === true || isLong === transport,
    );
  }
}

async function findTransports(): Promise<readonly TransportName[]> {
  const { transport, reason } = await loadTransport("auto");
  await transport?.close();
  if (transport !== undefined) return ["deno", "epoll"];
  // deno-lint-ignore no-console -- whoever reads the results is to know
  console.log(`Skipped: plain connections over epoll: ${reason}`);
  return ["deno"];
}
