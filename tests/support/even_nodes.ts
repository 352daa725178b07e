import { MqttClient } from "../../lib/client/mod.ts";

/** Topics that no filter of a test finds. */
const ONE = "$even/1";
const ZERO = "$even/0";

/** A client at each of two nodes, which wait for one another. `await using` ends them. */
export class EvenNodes {
  readonly #watchers: readonly Watcher[];
  #count = 0;

  private constructor(watchers: readonly Watcher[]) {
    this.#watchers = watchers;
  }

  /** The ports are those of the nodes. */
  static async open(ports: readonly [number, number]): Promise<EvenNodes> {
    return new EvenNodes(await Promise.all(ports.map(Watcher.open)));
  }

  /** Until all that each node has sent to the other has come there: both ways, by the log and beside it. */
  async even(): Promise<void> {
    this.#count++;
    await Promise.all(this.#watchers.map(({ client }) => client.publish(ONE, "", { qos: 1 })));
    await Promise.all(this.#watchers.map(({ client }) => client.publish(ZERO, "", { qos: 0 })));
    const expected = this.#count * 2 * this.#watchers.length;
    for (const watcher of this.#watchers) await watcher.until(expected);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#watchers) await client.disconnect();
  }
}

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
