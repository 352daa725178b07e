import type { LogPort } from "../../lib/broker/mod.ts";
import { Server, type ServerInit } from "../../lib/mod.ts";
import { RawClient, type RawConnect } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_web_socket.ts";

/** A line of the log. */
export interface Line {
  readonly level: "info" | "warning" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Connects a client, and expects it to be let in. */
export type Connect = (init?: RawConnect) => Promise<RawClient>;

/** A server of a test, and one way into it. */
export interface House {
  readonly server: Server;
  readonly log: readonly Line[];
  /** A connection that has said nothing. */
  readonly open: () => Promise<RawClient>;
  readonly connect: Connect;
}

/** Ways for clients to come in. */
const DOORS: Readonly<Record<string, (server: Server) => () => Promise<RawClient>>> = {
  TCP: (server) => {
    const port = server.listen({ port: 0 });
    return () => RawClient.open(port);
  },
  WebSocket: (server) => {
    const port = server.listen({ port: 0, protocol: "websockets" });
    return async () => RawClient.over(await RawWebSocket.connect(port));
  },
};

/** A test of what a program sees and does, once over each of the ways in. */
export function doorTest(
  name: string,
  fn: (house: House, door: string) => Promise<void>,
  init: () => ServerInit = () => ({}),
): void {
  for (const [door, openDoor] of Object.entries(DOORS)) {
    Deno.test(`${name}, over ${door}`, async () => {
      const log: Line[] = [];
      await using server = new Server({ log: logInto(log), ...init() });
      const opened: RawClient[] = [];
      const openOne = openDoor(server);
      const open = async () => {
        const client = await openOne();
        opened.push(client);
        return client;
      };
      const connect = async (init: RawConnect = {}) => {
        const client = await open();
        await client.introduce(init);
        return client;
      };
      try {
        await fn({ server, log, open, connect }, door);
      } finally {
        for (const client of opened) client[Symbol.dispose]();
      }
    });
  }
}

function logInto(lines: Line[]): LogPort {
  const write = (level: Line["level"]) => (message: string, fields = {}) =>
    void lines.push({ level, message, fields });
  return {
    debugOn: false,
    debug: () => {},
    info: write("info"),
    warning: write("warning"),
    error: write("error"),
  };
}

/** Waits until a condition holds; fails after ten seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
