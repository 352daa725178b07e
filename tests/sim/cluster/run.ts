/**
 * A simulation of a cluster: real cores, and real nodes of `lib/cluster`, over a log, disks, clocks and wires that are not real. Nodes are
 * killed, paused and cut off, the log changes its leader and loses acknowledgements, and clients go from node to node meanwhile. What one
 * broker promises has to hold over all of them; beside that all nodes are the same after the same record, a client has one node, and a
 * will comes once.
 *
 * @module
 */
import { Violation } from "../records.ts";
import { checkArrivals, checkNodes, checkShares, checkWills } from "./verdict.ts";
import { makeSnapshot } from "./snapshots.ts";
import { RETAINED_TOPICS } from "./state.ts";
import { LONG_MS } from "./absences.ts";
import { ClusterWorld, type WorldParts } from "./world.ts";
import type { RoamingClient } from "./client.ts";
import type { ClusterSimNode } from "./node.ts";

/** Steps of one run. */
const CLUSTER_STEPS = 40;
/** How long all may take to come to rest, simulated. */
const REST_MS = 900_000;

const EVENTS = [
  ...Array.from({ length: 14 }, () => "publish" as const),
  ...Array.from({ length: 6 }, () => "move" as const),
  ...Array.from({ length: 3 }, () => "wait" as const),
  "retain",
  "retain",
  "leave",
  "vanish",
  "clean",
  "subscribe",
  "subscribe",
  "cut client",
  "cut client",
  "crash",
  "crash",
  "pause",
  "cut node",
  "elect",
  "elect",
] as const;
/** What happens beside that where there are snapshots. */
const WITH_SNAPSHOTS = [
  ...EVENTS,
  ...Array.from({ length: 8 }, () => "snapshot" as const),
  "add node",
] as const;
/** And where disks are lost. */
const WITH_LOST_DISKS = [
  ...WITH_SNAPSHOTS,
  ...Array.from({ length: 4 }, () => "lose disk" as const),
] as const;
/** Nodes of a world in the end. */
const MAX_NODES = 4;

/** What a run is like. */
export interface ClusterRunInit extends WorldParts {
  /** Default: 40. */
  readonly steps?: number;
  /** Of a failure so many are shown; default: 60. */
  readonly traceEvents?: number;
}

/** Why a run has failed; `undefined`: it has not. */
export function runCluster(
  seed: number,
  { steps = CLUSTER_STEPS, traceEvents = 60, ...parts }: ClusterRunInit = {},
): string | undefined {
  const failure = attempt(seed, steps, false, parts);
  if (failure === undefined) return undefined;
  // Once more with notes, which cost time.
  const { reason, trace } = attempt(seed, steps, true, parts) ?? failure;
  return [`seed ${seed}: ${reason}`, ...trace.slice(-traceEvents)].join("\n");
}

function attempt(seed: number, steps: number, isTraced: boolean, parts: WorldParts) {
  const world = new ClusterWorld(seed, isTraced, parts);
  try {
    new ClusterRun(world).play(steps);
    return undefined;
  } catch (error) {
    const reason = error instanceof Violation ? error.message : String((error as Error)?.stack);
    return { reason, trace: world.trace.last(100_000) };
  }
}

class ClusterRun {
  readonly #world: ClusterWorld;

  constructor(world: ClusterWorld) {
    this.#world = world;
  }

  play(steps: number): void {
    const { clock, clients } = this.#world;
    for (const client of clients) clock.after(3000, () => client.connect(this.#world.anyNode()));
    this.#untilRest(() => clients.every(({ isIdle }) => isIdle));
    for (let step = 0; step < steps; step++) this.#step();
    this.#heal();
    this.#untilRest(() => this.#isQuiet());
    // What comes twice would come behind, and what is done with is told.
    clock.runFor(30_000);
    this.#untilRest(() => this.#isQuiet());
    checkArrivals(this.#world);
    checkShares(this.#world);
    checkWills(this.#world);
    checkNodes(this.#world);
  }

  #step(): void {
    const { random, clock, clients, nodes, log, trace } = this.#world;
    const client = random.pick(clients);
    const node = random.pick(nodes);
    const { hasSnapshots, hasLostDisks } = this.#world;
    const withoutLoss = hasSnapshots ? WITH_SNAPSHOTS : EVENTS;
    const event = random.pick(hasLostDisks ? WITH_LOST_DISKS : withoutLoss);
    trace.add(`— ${event}: ${client.clientId}, ${node.name}`);
    switch (event) {
      case "publish":
        this.#publish(client);
        break;
      case "retain": {
        const { clientId } = client;
        const topicName = random.pick(RETAINED_TOPICS);
        client.publish(this.#world.record(clientId, topicName, random.pick([1, 2]), true));
        break;
      }
      case "move":
        this.#move(client);
        break;
      case "leave":
        client.leave();
        break;
      case "vanish":
        client.vanish();
        break;
      case "clean":
        client.cut();
        client.startClean();
        break;
      case "subscribe":
        this.#subscribe(client);
        break;
      case "cut client":
        client.cut();
        break;
      case "crash":
        this.#crash(node);
        break;
      case "lose disk":
        this.#crash(node);
        if (!node.isUp) node.loseDisk();
        break;
      case "pause":
        this.#pause(node);
        break;
      case "cut node":
        this.#cut(node);
        break;
      case "elect":
        log.elect(random.int(8000));
        break;
      case "snapshot":
        makeSnapshot(node, log, random.int(random.bool() ? 100 : 5000));
        break;
      case "add node":
        if (nodes.length < MAX_NODES) this.#world.addNode();
    }
    const longMs = this.#world.hasAbsences && random.bool() ? LONG_MS / 2 : 20_000;
    clock.runFor(random.int(random.int(5) === 0 ? longMs : 300));
  }

  #publish(client: RoamingClient): void {
    const { random } = this.#world;
    const count = 1 + random.int(random.int(4) === 0 ? 30 : 4);
    for (let i = 0; i < count; i++) {
      const topics = this.#world.hasShare ? ["a", "b", "s", "s"] : ["a", "a", "b"];
      const topicName = `${random.pick(topics)}/${client.clientId}`;
      const qos = random.pick([0, 1, 2, 2] as const);
      client.publish(this.#world.record(client.clientId, topicName, qos, false));
    }
  }

  /** Some leave their connection open behind them. */
  #move(client: RoamingClient): void {
    const { random } = this.#world;
    if (random.bool()) client.cut();
    client.connect(this.#world.anyNode());
  }

  #subscribe(client: RoamingClient): void {
    const { session, hasSettled } = client;
    if (session === undefined || !hasSettled) return;
    const sub = session.subs.find(({ topicFilter, endAskedAtMs }) =>
      topicFilter === "b/#" && endAskedAtMs === Infinity
    );
    if (sub !== undefined) client.unsubscribe(sub);
    else client.subscribe("b/#", 2);
  }

  #crash(node: ClusterSimNode): void {
    const { random, clock } = this.#world;
    if (!node.isUp) return;
    this.#world.crash(node, random.bool());
    clock.after(this.#absenceMs(30_000), () => node.start());
  }

  #pause(node: ClusterSimNode): void {
    const { clock } = this.#world;
    if (!node.isUp || node.isPaused) return;
    node.pause();
    clock.after(this.#absenceMs(30_000), () => node.resume());
  }

  #cut(node: ClusterSimNode): void {
    const { clock } = this.#world;
    node.cut();
    clock.after(this.#absenceMs(40_000), () => node.heal());
  }

  /** How long a node is away. */
  #absenceMs(maxMs: number): number {
    const { random, hasAbsences } = this.#world;
    if (hasAbsences && random.int(3) === 0) return random.int(LONG_MS);
    return random.int(random.bool() ? 2000 : maxMs);
  }

  /** All nodes are there, and all clients come back. */
  #heal(): void {
    const { clock, clients, nodes, trace } = this.#world;
    trace.add("— all is well from now on");
    for (const node of nodes) node.mend();
    clock.runFor(5000);
    for (const client of clients) if (client.isAway) client.connect(this.#world.anyNode());
  }

  /** Nothing is under way to or from anybody. */
  #isQuiet(): boolean {
    return this.#world.clients.every(({ clientId, isIdle, node }) => {
      const session = node?.broker.clients.get(clientId)?.session;
      return isIdle && session?.queue.length === 0 && session.sender.size === 0;
    });
  }

  #untilRest(isSo: () => boolean): void {
    const { clock, clients } = this.#world;
    const startMs = clock.nowMs;
    while (!isSo()) {
      if (clock.nowMs - startMs > REST_MS) {
        throw new Violation(`No rest:\n${clients.map(({ state }) => state).join("\n")}`);
      }
      clock.runFor(500);
    }
  }
}
