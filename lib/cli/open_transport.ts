import type { Config } from "../config/mod.ts";
import { loadTransport, type Transport } from "../net/mod.ts";
import type { Logger } from "../observe/mod.ts";
import { EXIT, messageOf } from "./output.ts";
import { StartError } from "./start_error.ts";

/** Chooses the transport and logs it; `undefined`: Deno's own sockets. Throws a `StartError`. */
export async function openTransport(config: Config, log: Logger): Promise<Transport | undefined> {
  try {
    const { transport, reason } = await loadTransport(config.transport);
    log.info(
      `The transport of plain connections is ${transport === undefined ? "deno" : "epoll"}`,
      { ...reason === "" ? {} : { reason } },
    );
    return transport;
  } catch (error) {
    throw new StartError(EXIT.failed, messageOf(error));
  }
}
