import {
  BridgeMachine,
  type BridgeOptions,
  type BridgePorts,
  localClientIdOf,
  notificationTopicOf,
} from "../../../lib/bridge/mod.ts";
import { DEFAULT_LISTENER_OPTIONS } from "../../../lib/broker/mod.ts";
import type { Random } from "../../support/random.ts";
import type { Node, NodeLink } from "./node.ts";
import { Wire } from "./pipe.ts";

/** The real machine of a bridge between two nodes, whose streams and clock are simulated. */
export class SimBridge {
  readonly #near: Node;
  readonly #fars: readonly Node[];
  readonly #random: Random;
  readonly #options: BridgeOptions;
  readonly #brokerId: string;
  readonly #maxDelayMs: number;
  machine!: BridgeMachine;
  #process = 0;
  #wires = new Map<number, Wire>();
  #links = new Map<number, NodeLink>();
  #timerMs = Infinity;
  /** The most bytes that ever waited in it. */
  mostWaiting = 0;

  constructor(
    near: Node,
    fars: readonly Node[],
    random: Random,
    options: BridgeOptions,
    brokerId: string,
    maxDelayMs: number,
  ) {
    this.#near = near;
    this.#fars = fars;
    this.#random = random;
    this.#options = options;
    this.#brokerId = brokerId;
    this.#maxDelayMs = maxDelayMs;
    this.begin();
  }

  /** The near broker's process has begun. */
  begin(): void {
    this.machine = new BridgeMachine({
      options: this.#options,
      brokerId: this.#brokerId,
      maxPacketSizeBytes: 2_000_000,
      maxLocalPacketSizeBytes: 2_000_000,
      window: 20,
    }, this.#ports());
    this.machine.start(this.#near.clock.nowMs);
    this.#pump();
  }

  /** The near broker's process is dead, and the bridge with it. */
  crash(): void {
    this.#process++;
    for (const wire of this.#wires.values()) wire.cut();
    this.#wires.clear();
    this.#links.clear();
    this.#timerMs = Infinity;
  }

  /** The network loses what is open. */
  cut(): void {
    for (const wire of this.#wires.values()) wire.cut();
  }

  #ports(): BridgePorts {
    const options = this.#options;
    return {
      openRemote: (id, address) => this.#open(id, address.port),
      closeRemote: (id) => {
        this.#flush(id);
        this.#wires.get(id)?.close(0);
        this.#wires.delete(id);
      },
      openLocal: (id, { forgetsReceived }) => this.#openLocal(id, forgetsReceived),
      closeLocal: (id) => {
        this.#flushLocal(id);
        const link = this.#links.get(id);
        this.#links.delete(id);
        this.#later(() => link?.lost());
      },
      password: () => "",
      localSession: () => {
        const client = this.#near.broker.clients.get(localClientIdOf(options));
        if (client === undefined) return undefined;
        const { subscriptions, queue, sender } = client.session;
        return { topicFilters: [...subscriptions.keys()], waiting: queue.length + sender.size };
      },
      notify: (payload) =>
        this.#near.turn((broker) =>
          broker.publish({
            topicName: notificationTopicOf(options),
            payload: new TextEncoder().encode(payload),
            retain: true,
          })
        ),
      changed: () => {},
      warn: () => {},
      random: () => this.#random.int(1000) / 1000,
    };
  }

  #later(run: () => void, delayMs = 0): void {
    const process = this.#process;
    this.#near.clock.after(delayMs, () => {
      if (process === this.#process) run();
    });
  }

  #open(id: number, port: number): void {
    this.#later(() => {
      const { nowMs } = this.#near.clock;
      const far = this.#fars[port - 1]!;
      if (!far.isUp) {
        this.machine.failed(id, "unreachable", "nobody is there", nowMs);
        return this.#pump();
      }
      const farProcess = far.process;
      const process = this.#process;
      const wire = new Wire(this.#near.clock, this.#random, this.#maxDelayMs, [{
        onBytes: (bytes) => {
          if (process !== this.#process) return;
          this.machine.remoteBytes(id, bytes, 0, bytes.length, this.#near.clock.nowMs);
          this.#pump();
        },
        onEnd: () => {
          if (process !== this.#process) return;
          this.#wires.delete(id);
          this.machine.remoteEnded(id, this.#near.clock.nowMs);
          this.#pump();
        },
      }, {
        onBytes: (bytes) => farProcess === far.process && link?.receive(bytes),
        onEnd: () => farProcess === far.process && link?.lost(),
      }]);
      this.#wires.set(id, wire);
      const link = far.accept({ send: (bytes) => wire.send(1, bytes), close: () => wire.close(1) });
      this.machine.opened(id, nowMs);
      this.#pump();
    }, this.#random.int(this.#maxDelayMs + 1));
  }

  #openLocal(id: number, forgetsReceived: boolean): void {
    for (const [other, link] of this.#links) {
      this.#links.delete(other);
      this.#later(() => link.lost());
    }
    const { queueBytes, queueFullPolicy } = this.#options;
    const link = this.#near.accept({
      send: (bytes) => {
        const copy = bytes.slice();
        this.#later(() => {
          if (!this.#links.has(id)) return;
          this.machine.localBytes(id, copy, 0, copy.length, this.#near.clock.nowMs);
          this.#pump();
        });
      },
      close: () =>
        this.#later(() => {
          if (!this.#links.delete(id)) return;
          this.machine.localEnded(id, this.#near.clock.nowMs);
          this.#pump();
        }),
    }, {
      ...DEFAULT_LISTENER_OPTIONS,
      name: "bridge",
      bridge: { maxQueuedBytes: queueBytes, queueFullPolicy, forgetsReceived },
    });
    if (link !== undefined) this.#links.set(id, link);
  }

  #flush(id: number): void {
    const output = this.machine.outputOf(id);
    if (output === undefined || output.length === 0) return;
    this.mostWaiting = Math.max(this.mostWaiting, output.length);
    this.#wires.get(id)?.send(0, output.waiting);
    output.drop(output.length);
  }

  #flushLocal(id: number): void {
    const output = this.machine.outputOf(id);
    if (output === undefined || output.length === 0) return;
    this.mostWaiting = Math.max(this.mostWaiting, output.length);
    const bytes = output.waiting.slice();
    output.drop(output.length);
    const link = this.#links.get(id);
    this.#later(() => link?.receive(bytes));
  }

  #pump(): void {
    for (const id of [...this.#wires.keys()]) this.#flush(id);
    for (const id of [...this.#links.keys()]) this.#flushLocal(id);
    const { nextMs } = this.machine;
    if (nextMs >= this.#timerMs && this.#timerMs > this.#near.clock.nowMs) return;
    if (nextMs === Infinity) return;
    this.#timerMs = nextMs;
    this.#later(() => {
      if (this.#timerMs !== nextMs) return;
      this.#timerMs = Infinity;
      this.machine.tick(this.#near.clock.nowMs);
      this.#pump();
    }, Math.max(0, nextMs - this.#near.clock.nowMs));
  }
}
