import { BrokerProcess } from "./broker_process.ts";
import { whyNoNatsServer } from "./nats_server.ts";
import { type Brokers, type BrokersInit, initOf, TwoNodes } from "./two_nodes.ts";

/** Where a test is played. */
export interface Stand {
  /** What its name ends with there. */
  readonly suffix: string;
  readonly start: (init?: BrokersInit) => Promise<Brokers>;
  /** Whether it is two nodes. */
  readonly isCluster: boolean;
}

const missing = whyNoNatsServer();

/** One broker, and two nodes where there is a nats-server: tests that are played at each of them are the same. */
export const STANDS: readonly Stand[] = [
  { suffix: "", start: startAlone, isCluster: false },
  ...missing === undefined
    ? [{ suffix: ", at two nodes", start: TwoNodes.start, isCluster: true }]
    : [],
];
// deno-lint-ignore no-console -- whoever reads the results is to know
if (missing !== undefined) console.log(`Skipped: at two nodes: ${missing}`);

/** One broker. */
async function startAlone(init: BrokersInit = {}): Promise<Brokers> {
  const broker = await BrokerProcess.start(initOf(init));
  return {
    here: broker,
    there: broker,
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}
