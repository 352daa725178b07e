import type { BrokerOptions, LogPort } from "../../../lib/broker/mod.ts";
import type { Packet, Qos } from "../../../lib/codec/mod.ts";
import { Random } from "../../support/random.ts";
import type { Wire } from "../bridge/pipe.ts";
import { Violation } from "../records.ts";
import { Scheduler } from "../scheduler.ts";
import { Trace } from "../trace.ts";
import { RoamingClient } from "./client.ts";
import { SimLog } from "./engine.ts";
import { ClusterSimNode } from "./node.ts";
import type { SentRecord, WillRecord } from "./records.ts";
import { difference, type State, stateOf } from "./state.ts";

const FILTERS = ["a/#", "b/#", "r/#", "w/#"] as const;
/** What all clients but the first share in some worlds. */
const SHARE = "$share/g/s/#";

/** What is in some worlds and not in others. */
export interface WorldParts {
  /** Clients have a shared subscription; default: they have none. */
  readonly hasShare?: boolean;
  /** Nodes make snapshots, start from them and are added; default: the log is never shortened. */
  readonly hasSnapshots?: boolean;
  /** Nodes lose their disks; default: a disk has what was written to it. */
  readonly hasLostDisks?: boolean;
  /** Where a client begins anew, it has now and then a session that ends with its connection; default: always the same. */
  readonly hasExpiries?: boolean;
  /** Nodes are down, paused and cut off for minutes as well, which is longer than some sessions wait; default: for seconds. */
  readonly hasAbsences?: boolean;
}

/** Some nodes, what they share, and their clients: all of it from one seed. */
export class ClusterWorld {
  readonly clock = new Scheduler();
  readonly random: Random;
  readonly trace: Trace;
  readonly log: SimLog;
  readonly nodes: ClusterSimNode[] = [];
  readonly clients: RoamingClient[] = [];
  readonly records: SentRecord[] = [];
  /** Connections that were made, and where to. */
  readonly wires = new Map<Wire, ClusterSimNode>();
  /** The state behind each record, as the node said that came to it first. */
  readonly #states = new Map<number, { readonly node: string; readonly state: State }>();
  readonly #maxAckMs: number;
  /** Whether some clients have a shared subscription. */
  readonly hasShare: boolean;
  /** Whether snapshots are made, and nodes start from them. */
  readonly hasSnapshots: boolean;
  /** Whether nodes lose their disks. */
  readonly hasLostDisks: boolean;
  /** Whether sessions of one client may last for different times. */
  readonly hasExpiries: boolean;
  /** Whether nodes are away for minutes. */
  readonly hasAbsences: boolean;
  readonly #newNode: () => ClusterSimNode;

  constructor(
    seed: number,
    isTraced: boolean,
    {
      hasShare = false,
      hasSnapshots = false,
      hasLostDisks = false,
      hasExpiries = false,
      hasAbsences = false,
    }: WorldParts,
  ) {
    const random = this.random = new Random(seed);
    this.trace = new Trace(this.clock, isTraced);
    this.log = new SimLog(this.clock, random);
    this.log.maxDelayMs = random.pick([2, 5, 50, 300]);
    this.#maxAckMs = random.pick([0, 5, 500]);
    const options: Partial<BrokerOptions> = {
      maxInflightMessages: random.pick([1, 5, 500]),
      queueMemoryMessages: random.pick([1, 5, 256]),
      willRecoveryDelaySeconds: random.pick([0, 3]),
      connectionMessages: false,
    };
    this.hasShare = hasShare;
    this.hasSnapshots = hasSnapshots;
    this.hasLostDisks = hasLostDisks;
    this.hasExpiries = hasExpiries;
    this.hasAbsences = hasAbsences;
    const maxCommitMs = random.pick([0, 3, 50]);
    const isolationTimeoutMs = random.pick([3000, 30_000]);
    this.#newNode = () => {
      const name = `n${this.nodes.length}`;
      return new ClusterSimNode({
        name,
        clock: this.clock,
        random,
        log: this.log,
        maxCommitMs,
        options,
        isolationTimeoutMs,
        lines: this.#linesOf(name),
        applied: (node, sequence) => this.#compare(node, sequence),
        ...hasSnapshots ? { fellBehind: (node) => this.#startAnew(node) } : {},
      });
    };
    for (let i = 0; i < random.pick([2, 3, 3]); i++) this.addNode();
    for (let i = 0; i < 3 + random.int(3); i++) {
      const others = hasAbsences ? [20, 20, 36_000] : [0, 20, 36_000, 36_000];
      const expirySeconds = i < 2 ? 36_000 : random.pick(others);
      this.clients.push(
        new RoamingClient(this, `c${i}`, expirySeconds, random.pick([1, 3, 100, 65_535])),
      );
    }
  }

  /** Notes a packet for whoever has to find out why a run failed. */
  notePacket(clientId: string, direction: "<" | ">", { type, ...rest }: Packet): void {
    if (!this.trace.isOn) return;
    const facts = JSON.stringify(
      rest,
      (_, value) => value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
    );
    this.trace.add(`${clientId} ${direction} ${type} ${facts}`);
  }

  ackDelayMs(): number {
    return this.random.int(this.#maxAckMs + 1);
  }

  /** Where a load balancer sends a client. */
  anyNode(): ClusterSimNode {
    const open = this.nodes.filter(({ isIn }) => isIn);
    return this.random.pick(open.length > 0 ? open : this.nodes);
  }

  /** What a client subscribes to when its session begins. */
  subscriptionsOf({ clientId }: RoamingClient): { topicFilter: string; qos: Qos }[] {
    // The first ones get all.
    const count = clientId < "c2" ? FILTERS.length : this.random.int(FILTERS.length);
    const filters: string[] = FILTERS.slice(0, count);
    if (this.hasShare && clientId > "c0") filters.push(SHARE);
    return filters.map((topicFilter) => ({
      topicFilter,
      qos: clientId < "c2" || topicFilter === "w/#" ? 2 : this.random.pick([1, 2] as const),
    }));
  }

  /** Something new to be said. */
  record(publisherId: string, topicName: string, qos: Qos, retain: boolean): SentRecord {
    const order = this.records.length;
    const record: SentRecord = {
      text: `${topicName} ${order}`,
      publisherId,
      topicName,
      qos,
      retain,
      mayExpire: !retain && this.random.int(12) === 0,
      isWill: topicName.startsWith("w/"),
      sentAtMs: Infinity,
      ackedAtMs: Infinity,
      isDoubtful: false,
      mayBeRefused: false,
      order,
      sessionOf: 0,
    };
    this.records.push(record);
    return record;
  }

  /** A will for a client's next connection. */
  will({ clientId, expirySeconds }: RoamingClient): Pick<WillRecord, "record" | "delayMs"> {
    const record = this.record(clientId, `w/${clientId}`, this.random.pick([1, 2]), false);
    return { record, delayMs: expirySeconds === 0 ? 0 : this.random.pick([0, 1000, 15_000]) };
  }

  /** One more node, which has nothing. */
  addNode(): void {
    this.nodes.push(this.#newNode());
  }

  /** Whoever is connected to the node loses the connection, each in its time. */
  crash(node: ClusterSimNode, isPowerCut: boolean): void {
    node.crash(isPowerCut);
    for (const [wire, at] of this.wires) {
      if (at !== node) continue;
      wire.cut();
      this.wires.delete(wire);
    }
    // Some hear of it later, by their wires.
    for (const client of this.clients) {
      if (client.node === node && this.random.bool()) client.crashed();
    }
  }

  /** As a process that is to start anew: it ends, and its next one begins with the snapshot. */
  #startAnew(node: ClusterSimNode): void {
    node.arrive(() => {
      this.crash(node, false);
      this.clock.after(this.random.int(2000), () => node.start());
    });
  }

  #compare(node: ClusterSimNode, sequence: number): void {
    const state = stateOf(node);
    const first = this.#states.get(sequence);
    if (first === undefined) return void this.#states.set(sequence, { node: node.name, state });
    const what = difference(first.state, state);
    if (what === undefined) return;
    throw new Violation(`After record ${sequence} ${first.node} and ${node.name} differ: ${what}`);
  }

  /** A node does not take what one publisher sends to a topic. */
  #noteRefused({ publisherId, topicName }: Readonly<Record<string, unknown>>): void {
    for (const record of this.records) {
      const isOnItsWay = record.ackedAtMs === Infinity && record.topicName === topicName;
      if (isOnItsWay && record.publisherId === publisherId) record.mayBeRefused = true;
    }
  }

  #linesOf(name: string): LogPort {
    const add = (message: string, fields?: Readonly<Record<string, unknown>>) => {
      if (fields?.["reason"] === "store_failing") this.#noteRefused(fields);
      if (this.trace.isOn) this.trace.add(`${name}: ${message} ${JSON.stringify(fields ?? {})}`);
    };
    const error: typeof add = (message, fields) => {
      add(message, fields);
      // It starts anew from the snapshot then.
      if (this.hasSnapshots && /had not applied$/.test(message)) return;
      if (/^(Cannot|The cluster's log)/.test(message)) {
        throw new Violation(`${name}: ${message} ${JSON.stringify(fields)}`);
      }
    };
    return { debugOn: false, debug: add, info: add, warning: add, error };
  }
}
