import type { ProtocolVersion } from "../../lib/codec/mod.ts";
import { BrokerProcess, type BrokerProcessInit } from "../support/broker_process.ts";
import type { ClientInit, InteropClient } from "../support/interop_client.ts";
import { SCENARIOS, SCENARIOS_5 } from "./scenarios.ts";

/** Plays every scenario, each a step, against one broker, which then must end well. */
export async function playAll(
  t: Deno.TestContext,
  protocolVersion: ProtocolVersion,
  connect: (init: ClientInit) => Promise<InteropClient>,
  init: BrokerProcessInit = {},
): Promise<void> {
  await using broker = await BrokerProcess.start(init);
  await playAt(t, protocolVersion, connect, [broker.port]);
}

/** Plays every scenario at brokers that run: the clients of a scenario connect to these ports in turn. Several ports are those of a cluster. */
export async function playAt(
  t: Deno.TestContext,
  protocolVersion: ProtocolVersion,
  connect: (init: ClientInit) => Promise<InteropClient>,
  ports: readonly number[],
): Promise<void> {
  let count = 0;
  for (const [name, play] of [...SCENARIOS, ...protocolVersion === 5 ? SCENARIOS_5 : []]) {
    await t.step(name, async () => {
      const connected: InteropClient[] = [];
      try {
        await play({
          protocolVersion,
          isCluster: ports.length > 1,
          connect: async (init = {}) => {
            const clientId = `client-${++count}`;
            const port = ports[count % ports.length]!;
            const client = await connect({ port, clientId, protocolVersion, ...init });
            connected.push(client);
            return client;
          },
        });
      } finally {
        for (const client of connected) await client.drop();
      }
    });
  }
}
