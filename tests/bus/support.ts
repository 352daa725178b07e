import { MemoryHub } from "./memory_hub.ts";
import {
  BusBridge,
  type BusBridgeOptions,
  type BusLoss,
  type BusMessage,
  WorkerBus,
  type WorkerBusOptions,
} from "../../lib/bus/mod.ts";

/** Waits, a turn at a time, until something is so; a test that waits for too long fails. */
export async function until(isSo: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`Waited in vain until ${what}`);
    await nextTurn();
  }
}

/** Lets timers and everything that has arrived run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** A Worker of this folder that calls its bus `name`; waits until it says that it runs. */
export async function startWorker(file: string, name: string): Promise<Worker> {
  const worker = new Worker(new URL(file, import.meta.url), { type: "module", name });
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => reject(new Error(event.message));
  });
  return worker;
}

/** Asks a Worker, and waits for what it says. */
export function ask<T>(worker: Worker, question: unknown): Promise<T> {
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage(question);
  });
}

/** A hub and its bridge under a name of their own, with what they had to tell. */
export class TestBridge {
  readonly name = crypto.randomUUID();
  readonly hub = new MemoryHub();
  readonly losses: BusLoss[] = [];
  readonly errors: unknown[] = [];
  readonly bridge: BusBridge;

  constructor(options: Partial<BusBridgeOptions> = {}) {
    this.bridge = new BusBridge(this.hub, {
      name: this.name,
      onLoss: (loss) => this.losses.push(loss),
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  publish(topicName: string, payload = ""): void {
    this.hub.publish({ topicName, payload: new TextEncoder().encode(payload) });
  }

  /** Closes it and waits until Deno has let go of the channel: one opened before would hear nothing. */
  async close(): Promise<void> {
    this.bridge.close();
    await nextTurn();
    await nextTurn();
  }
}

/** A test whose channels and timers must all be gone at its end. */
export function busTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

/** What a WorkerBus got and was told. */
export class TestBus {
  readonly seen: string[] = [];
  readonly losses: BusLoss[] = [];
  readonly errors: unknown[] = [];
  readonly bus: WorkerBus;

  constructor(name: string, options: Partial<WorkerBusOptions> = {}) {
    this.bus = new WorkerBus({
      name,
      onLoss: (loss) => {
        this.losses.push(loss);
        this.seen.push(`lost ${loss.messages}`);
      },
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  subscribe(topicFilter: string): () => void {
    return this.bus.subscribe(topicFilter, (message) => this.seen.push(text(message)));
  }
}

/** The payload as text. */
export function text(message: BusMessage): string {
  return new TextDecoder().decode(message.payload);
}
