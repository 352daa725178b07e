import { MqttClient } from "../../../lib/client/mod.ts";
import type { Place } from "./talk.ts";

/** Two nodes of a cluster: the first connection of a script goes to the first node, the second to the second, and so on in turn. */
export class TwoNodesPlace implements Place {
  readonly #ports: readonly [number, number];
  readonly #watchers: readonly Watcher[];
  #passed = 0;

  private constructor(ports: readonly [number, number], watchers: readonly Watcher[]) {
    this.#ports = ports;
    this.#watchers = watchers;
  }

  /** `free`: ports of listeners of the two without users, rules and limits; default: those that the script's connections go to. */
  static async open(
    ports: readonly [number, number],
    free: readonly [number, number] = ports,
  ): Promise<TwoNodesPlace> {
    return new TwoNodesPlace(ports, await Promise.all(free.map(Watcher.open)));
  }

  portOf(_: string, index: number): number {
    return this.#ports[index % 2]!;
  }

  /** Until what each node has sent to the other has come there: both ways, by the log and beside it. */
  async pass(): Promise<void> {
    this.#passed++;
    await Promise.all(this.#watchers.map(({ client }) => client.publish(ONE, "", { qos: 1 })));
    await Promise.all(this.#watchers.map(({ client }) => client.publish(ZERO, "", { qos: 0 })));
    const expected = this.#passed * 2 * this.#watchers.length;
    for (const watcher of this.#watchers) await watcher.until(expected);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#watchers) await client.disconnect();
  }
}

/** What no filter of a script finds. */
const ONE = "$pass/1";
const ZERO = "$pass/0";

/** A client at one of the nodes, which sends to the other and hears what comes from there. */
class Watcher {
  readonly client: MqttClient;
  #count = 0;
  #came = Promise.withResolvers<void>();

  private constructor(client: MqttClient) {
    this.client = client;
    client.onMessage = () => {
      this.#count++;
      this.#came.resolve();
    };
  }

  static async open(port: number): Promise<Watcher> {
    const client = await MqttClient.connect({
      hostname: "127.0.0.1",
      port,
      clientId: `watcher-${port}`,
    });
    const watcher = new Watcher(client);
    await client.subscribe([{ topicFilter: ONE, qos: 1 }, { topicFilter: ZERO, qos: 0 }]);
    return watcher;
  }

  async until(count: number): Promise<void> {
    while (this.#count < count) {
      this.#came = Promise.withResolvers();
      await this.#came.promise;
    }
  }
}
