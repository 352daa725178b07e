import { leave, runClient } from "./client_command.ts";
import { connectionOf, integer } from "./client_flags.ts";

/**
 * `flux-mqtt health`: connects and disconnects, for a container's health check. Without a user name, a broker that refuses anonymous
 * clients is healthy too: it has answered.
 */
export function health(args: readonly string[]): Promise<number> {
  return runClient("health", args, (flags) => {
    const connectTimeoutMs = integer(flags, "timeout", 5, 1, 3600) * 1000;
    const init = { ...connectionOf(flags), connectTimeoutMs };
    return { init, use: leave, isStrangerWell: init.userName === undefined };
  });
}
