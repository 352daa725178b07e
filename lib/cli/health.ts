import { runClient } from "./client_command.ts";
import { leave } from "./client_command.ts";
import { connectionOf, integer } from "./client_flags.ts";

const HELP = `Says by its exit status whether a broker answers: flux-mqtt health [FLAGS]

  -h, -p, -u, -P, -V            broker, port, user name, password, version
  -W SECONDS                    how long it may take; default 5
  --cafile, --cert, --key, --insecure    TLS
`;

/** `flux-mqtt health`: connects and leaves; for a container's health check. */
export function health(args: readonly string[]): Promise<number> {
  return runClient("health", args, HELP, (flags) => ({
    ...connectionOf(flags),
    connectTimeoutMs: integer(flags, "timeout", 5, 1, 3600) * 1000,
  }), leave);
}
