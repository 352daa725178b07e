import type { QueueFullPolicy } from "../../lib/broker/mod.ts";
import type { Random } from "../support/random.ts";
import { type Appetite, appetiteOf } from "./appetite.ts";
import type { DiskFault, Durability } from "./store.ts";
import type { WorldSettings } from "./world.ts";

/** What a run is asked to be like; the rest is the seed's. */
export interface Asked {
  /** `none`: without a store, or with one and no crashes. The others: with crashes, of the process and of the power. */
  readonly durability: Durability | "none";
  /** For a test that the checks find it. */
  readonly diskFault?: DiskFault;
  /** One call in so many of some of the broker's own methods throws; absent: none does. */
  readonly chaosOneIn?: number;
  /** Whether clients go to the limits; absent: in one world of three. */
  readonly appetite?: "always" | "never";
  /** Told how often something has thrown, when the run is over. */
  readonly onFaults?: (count: number) => void;
}

/** What a run is like. */
export interface Settings {
  readonly clients: number;
  readonly hasCrashes: boolean;
  /** The broker's limits are so low that it drops messages, and counts them. */
  readonly mayDrop: boolean;
  /** The disk cannot be written now and then; all clients speak 5.0, which has an answer for that. */
  readonly mayFail: boolean;
  /** Much waits, of which little is in memory. */
  readonly isDeep: boolean;
  readonly chaosOneIn: number | undefined;
  readonly appetite: Appetite | undefined;
  readonly world: WorldSettings;
}

const POLICIES: readonly QueueFullPolicy[] = ["drop_new", "drop_oldest", "disconnect"];

/** The settings of a seed. */
export function settingsOf(random: Random, asked: Asked): Settings {
  const { durability, diskFault, chaosOneIn } = asked;
  const appetite = appetiteOf(random.seed, asked.appetite);
  const hasCrashes = durability !== "none";
  const maxCommitMs = random.pick(hasCrashes ? [0, 3, 200] : [undefined, undefined, 3, 200]);
  const mayDrop = random.int(7) === 0;
  const isShort = random.int(8) === 0;
  const mayFail = durability === "always" && random.int(5) === 0;
  const isDeep = random.int(3) === 0;
  return {
    clients: 3 + random.int(3),
    hasCrashes,
    mayDrop,
    mayFail,
    isDeep,
    chaosOneIn,
    appetite,
    world: {
      maxCommitMs,
      maxReadMs: random.pick([0, 0, 5, 300]),
      loadsQueues: random.int(3) === 0,
      durability: durability === "interval" ? "interval" : "always",
      diskFault,
      maxAuthenticationMs: random.int(5) === 0 ? 30 : 0,
      broker: {
        maxInflightMessages: random.pick(isDeep ? [1, 2] : [2, 5, 500, 500]),
        queueQos0Messages: random.bool(),
        maxKeepAliveSeconds: random.int(5) === 0 ? 20 : 0,
        queueMemoryMessages: random.pick(isDeep ? [1, 2, 5] : [0, 2, 256]),
        queueMemoryBytes: random.pick([1000, 100_000, 16_000_000]),
        willRecoveryDelaySeconds: random.pick([0, 3, 60]),
        ...(mayDrop
          ? {
            maxQueuedMessages: 2 + random.int(5),
            maxQueuedBytes: random.bool() ? 1500 : 0,
            queueFullPolicy: random.pick(POLICIES),
          }
          : {}),
        ...(isShort ? { maxBufferedBytes: 1200 } : {}),
      },
      listener: {
        maxTopicAlias: random.pick([0, 2, 10]),
        maxTopicAliasBroker: random.pick([0, 2, 10]),
        ...(appetite === undefined ? {} : { mountPoint: appetite.mountPoint }),
      },
    },
  };
}
