import { leave, runClient } from "./client_command.ts";
import { connectionOf, integer } from "./client_flags.ts";

/** `flux-mqtt health`: connects and leaves; for a container's health check. */
export function health(args: readonly string[]): Promise<number> {
  return runClient("health", args, (flags) => {
    const connectTimeoutMs = integer(flags, "timeout", 5, 1, 3600) * 1000;
    return { init: { ...connectionOf(flags), connectTimeoutMs }, use: leave };
  });
}
