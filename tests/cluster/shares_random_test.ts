import { deepEqual, equal } from "node:assert/strict";
import { MemoryStore } from "../../lib/store/mod.ts";
import { Random } from "../support/random.ts";
import { type Listener, NatsServer, natsTest, TestNode, until } from "./support.ts";

const FILTER = "$share/crew/job/#";
const SESSION = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };
const STEPS = 40;

/** Three nodes, of which the last is never killed, and what has come to all members that there ever were. */
class Stage {
  readonly nodes: TestNode[] = [];
  readonly #stores = [new MemoryStore(), new MemoryStore(), new MemoryStore()];
  readonly #everybody: (Listener & { readonly clientId: string })[] = [];
  readonly #present = new Map<string, Listener>();
  readonly #random: Random;
  readonly #url: string;
  #count = 0;

  constructor(url: string, seed: number) {
    this.#url = url;
    this.#random = new Random(seed);
  }

  async start(at: number): Promise<void> {
    this.nodes[at] = await TestNode.start(this.#url, `n${at}`, this.#stores[at]!);
  }

  async join(at: number, clientId: string, more = {}): Promise<void> {
    const member = await this.nodes[at]!.connect(clientId, more);
    this.#everybody.push({ ...member, clientId });
    this.#present.set(clientId, member);
    await member.client.subscribe({ topicFilter: FILTER, qos: 2 });
  }

  async leave(clientId: string): Promise<void> {
    const member = this.#present.get(clientId);
    this.#present.delete(clientId);
    await member?.client.disconnect().catch(() => {});
  }

  /** A member comes or goes, with a session that may be found at another node or without one. */
  async step(): Promise<void> {
    const at = this.#random.int(3);
    if (this.#random.bool()) {
      if (this.#random.bool()) await this.join(at, `kept${this.#random.int(3)}`, SESSION);
      else await this.join(at, `member${this.#count++}`);
    } else {
      const names = [...this.#present.keys()].filter((name) => name !== "fixed");
      if (names.length > 0) await this.leave(this.#random.pick(names));
    }
    await new Promise((resolve) => setTimeout(resolve, this.#random.int(60)));
  }

  async kill(at: number): Promise<void> {
    const node = this.nodes[at]!;
    await node.cluster.close();
    await node.server.close();
  }

  /** How often each message has come. Our members forget their sessions with their connections: what comes to one of them again counts once. */
  get counts(): Map<string, number> {
    const counts = new Map<string, number>();
    const taken = new Set<string>();
    for (const { clientId, got, repeated } of this.#everybody) {
      for (const line of got) {
        const key = `${clientId} ${line}`;
        if (repeated.has(line) && taken.has(key)) continue;
        taken.add(key);
        counts.set(line, (counts.get(line) ?? 0) + 1);
      }
    }
    return counts;
  }

  async end(): Promise<void> {
    for (const clientId of [...this.#present.keys()]) await this.leave(clientId);
    for (const node of this.nodes) await node[Symbol.asyncDispose]();
  }
}

natsTest(
  "members come, go and move, and a node is killed: no QoS 1 is lost, no QoS 2 comes twice",
  async () => {
    await using nats = await NatsServer.start();
    const stage = new Stage(nats.url, 18);
    for (const at of [0, 1, 2]) await stage.start(at);
    await stage.join(2, "fixed");
    const publisher = await stage.nodes[2]!.connect("publisher");
    const sent: string[] = [];
    let isOver = false;
    const publishing = Promise.all(([1, 2] as const).map(async (qos) => {
      for (let i = 0; !isOver; i++) {
        await publisher.client.publish(`job/${qos}`, `${i}`, { qos });
        sent.push(`job/${qos} ${i}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }));
    for (let step = 0; step < STEPS; step++) {
      await stage.step();
      if (step !== STEPS / 2) continue;
      await stage.kill(0);
      await stage.start(0);
    }
    isOver = true;
    await publishing;
    // What waits for sessions whose clients are away comes when they are there.
    for (const i of [0, 1, 2]) await stage.join(2, `kept${i}`, SESSION);
    const ofQos = (qos: number) => sent.filter((line) => line.startsWith(`job/${qos}`));
    await until("no QoS 1 is missing", () => {
      const { counts } = stage;
      return ofQos(1).every((line) => counts.has(line));
    });
    const twice = [...stage.counts].filter(([line, count]) =>
      line.startsWith("job/2") && count > 1
    );
    deepEqual(twice, []);
    equal(ofQos(1).length > 100 && ofQos(2).length > 100, true);
    await publisher.client.disconnect();
    await stage.end();
  },
  true,
);
