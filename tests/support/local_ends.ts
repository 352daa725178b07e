import { EvenNodes } from "./even_nodes.ts";
import { type LocalNode, LocalNodes } from "./local_nodes.ts";
import { LocalServer } from "./local_server.ts";
import { NatsServer, whyNoNatsServer } from "./nats_server.ts";

/** A broker in this process. */
export type LocalEnd = Pick<LocalNode, "port" | "listen" | "broker">;

/** Brokers in this process: the clients of a test come to the one, and who they hear, or who hears them, to the other. It may be the same. */
export interface LocalEnds extends AsyncDisposable {
  readonly here: LocalEnd;
  readonly there: LocalEnd;
  /** Until each has what the other one has sent. */
  even(): Promise<void>;
}

/** One broker. */
export function oneEnd(): LocalEnds {
  const server = new LocalServer();
  return {
    here: server,
    there: server,
    even: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Two nodes that are a cluster of their own at a nats-server, by default one that ends with them. */
export async function twoEnds(at?: NatsServer): Promise<LocalEnds> {
  await using started = new AsyncDisposableStack();
  const nats = at ?? started.use(await NatsServer.start());
  const nodes = started.use(await LocalNodes.start(nats.url));
  const both = started.use(await EvenNodes.open(nodes.ports));
  const [here, there] = nodes.nodes;
  const all = started.move();
  return {
    here,
    there,
    even: () => both.even(),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Where a test in this process is played: at one broker, and at two nodes where there is a nats-server. */
export const LOCAL_STANDS: readonly (readonly [
  suffix: string,
  start: () => LocalEnds | Promise<LocalEnds>,
])[] = [
  ["", oneEnd],
  ...whyNoNatsServer() === undefined ? [[", at two nodes", twoEnds] as const] : [],
];
