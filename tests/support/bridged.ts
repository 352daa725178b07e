import { FluxBroker } from "./bridge_ends.ts";
import type { BrokerProcess } from "./broker_process.ts";
import { freePort } from "./free_port.ts";
import { NatsServer } from "./nats_server.ts";
import { startNode } from "./two_nodes.ts";

/** A broker with a bridge that is connected, or two nodes of which one has it. */
export interface Bridged extends AsyncDisposable {
  /** Where clients come in: of two nodes the one without the bridge. */
  readonly port: number;
  /** The broker with the bridge. */
  readonly process: BrokerProcess;
}

const CONNECTED = /Bridge connected/;
const CONNECT_LIMIT_MS = 15_000;
const UNLIMITED = "max_queued_messages 0\n";

/** Starts one broker with this `connection` block, or two nodes. */
export async function startBridged(block: string, isCluster: boolean): Promise<Bridged> {
  const bridged = isCluster
    ? await startNodes(block)
    : await FluxBroker.start(freePort(), UNLIMITED + block);
  await bridged.process.untilLog(CONNECTED, CONNECT_LIMIT_MS);
  return bridged;
}

async function startNodes(block: string): Promise<Bridged> {
  await using started = new AsyncDisposableStack();
  const nats = started.use(await NatsServer.start());
  const { port } = started.use(await startNode(nats, "a", UNLIMITED));
  const lines = `${UNLIMITED}${block}\nbridge_node b\n`;
  const process = started.use(await startNode(nats, "b", lines));
  const all = started.move();
  return { port, process, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
