import type { Broker, Client } from "../broker/mod.ts";
import type { QueueLevels } from "../observe/mod.ts";
import { inSlices } from "./slices.ts";

/** How long a survey is reused, milliseconds: the page and a scraper share one. */
const MAX_AGE_MS = 2000;
/** Clients that are listed. */
const MAX_SLOW = 5;

/** A client with many waiting messages. */
export interface SlowClient {
  readonly clientId: string;
  readonly isConnected: boolean;
  readonly queuedMessages: number;
  readonly unsentBytes: number;
}

/** The sums over all sessions, and the clients with the most waiting messages. */
export interface QueueSurvey extends QueueLevels {
  readonly slowest: readonly SlowClient[];
}

/** Adds up the queues of all sessions in slices, and reuses the result for a moment. */
export class Survey {
  readonly #broker: Broker;
  #running: Promise<QueueSurvey> | undefined;
  #takenMs = -Infinity;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Returns a survey, which may be a moment old. */
  take(): Promise<QueueSurvey> {
    const nowMs = performance.now();
    if (this.#running === undefined || nowMs - this.#takenMs > MAX_AGE_MS) {
      this.#takenMs = nowMs;
      this.#running = survey(this.#broker);
    }
    return this.#running;
  }
}

async function survey(broker: Broker): Promise<QueueSurvey> {
  const levels = { queuedMessages: 0, queuedMessagesMax: 0, inFlight: 0, inFlightMax: 0 };
  const slowest: SlowClient[] = [];
  await inSlices(broker.clients.values(), (client) => {
    const { session: { queue, sender } } = client;
    levels.queuedMessages += queue.length;
    levels.queuedMessagesMax = Math.max(levels.queuedMessagesMax, queue.length);
    levels.inFlight += sender.size;
    levels.inFlightMax = Math.max(levels.inFlightMax, sender.size);
    if (queue.length > 0 && client.connection !== null) keepSlowest(slowest, client);
  }, new AbortController().signal);
  return { ...levels, slowest };
}

function keepSlowest(slowest: SlowClient[], { session, connection }: Client): void {
  const queuedMessages = session.queue.length;
  const last = slowest[MAX_SLOW - 1];
  if (last !== undefined && last.queuedMessages >= queuedMessages) return;
  slowest.push({
    clientId: session.clientId,
    isConnected: connection !== null,
    queuedMessages,
    unsentBytes: connection?.outbox.unsentBytes ?? 0,
  });
  slowest.sort((a, b) => b.queuedMessages - a.queuedMessages);
  if (slowest.length > MAX_SLOW) slowest.pop();
}
