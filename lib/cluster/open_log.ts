import type { LogPort } from "../broker/mod.ts";
import { delay, delayAfter, RETRY_MS, waitingTold } from "./delay.ts";
import type { JetStream } from "./nats/jetstream.ts";
import type { StreamInfo } from "./nats/jetstream_answers.ts";
import { wordsOf } from "./answers.ts";
import { type ClusterOptions, prefixOf, streamOf } from "./options.ts";
import { type Position, positionOf } from "./position.ts";

/** How long a log is waited for that has less than was read of it: longer than a change of leaders takes. */
export const WHOLE_LOG_WAIT_MS = 15_000;
/** Nanoseconds in which JetStream knows a message again. */
const DUPLICATE_WINDOW_NS = 120e9;

/** What opening the log needs. */
export interface OpenLogInit {
  readonly options: ClusterOptions;
  readonly log: LogPort;
  readonly jetStream: JetStream;
  /** What the node's store knows of the log. */
  readonly position?: string | undefined;
  /** How long a log is waited for that has less than this node has applied; default: 15,000. */
  readonly wholeLogWaitMs?: number | undefined;
  /** Whether the node leaves: then nothing is waited for. */
  readonly isClosed: () => boolean;
}

/** The log, and where this node goes on. */
export interface OpenedLog {
  readonly info: StreamInfo;
  readonly position: Position;
  /** The log does not have what this node had applied: it is another one, or has lost its end. */
  readonly isCut: boolean;
}

/** Opens the cluster's log, made where there is none; waits until it can be reached. `undefined`: the node leaves. */
export async function openLog(init: OpenLogInit): Promise<OpenedLog | undefined> {
  const applied = positionOf(init.position);
  const info = await openWholeStream(init, applied);
  if (info !== undefined) compare(init, info);
  return info === undefined ? undefined : { info, ...startOf(init, applied, info) };
}

/**
 * The log's stream, when it has all that this node has applied. After a change of leaders the new one may say for a moment that it has less:
 * what this node has applied would be applied again.
 */
async function openWholeStream(
  init: OpenLogInit,
  applied: Position | undefined,
): Promise<StreamInfo | undefined> {
  const endMs = performance.now() + (init.wholeLogWaitMs ?? WHOLE_LOG_WAIT_MS);
  for (;;) {
    const info = await openStream(init);
    const isWhole = applied === undefined || applied.created !== info?.created ||
      applied.sequence <= info.lastSequence;
    if (info === undefined || isWhole || performance.now() > endMs) return info;
    await delay(RETRY_MS);
  }
}

/** The log's stream, made where there is none; tried until there is one. */
async function openStream(
  { options, log, jetStream, isClosed }: OpenLogInit,
): Promise<StreamInfo | undefined> {
  const waiting = waitingTold(log, options);
  for (let tries = 0; !isClosed(); tries++) {
    try {
      return await jetStream.ensureStream({
        name: streamOf(options.name),
        subjects: [`${prefixOf(options.name)}.log`],
        num_replicas: options.replicas,
        max_bytes: options.maxLogBytes,
        max_msgs_per_subject: -1,
        duplicate_window: DUPLICATE_WINDOW_NS,
      });
    } catch (error) {
      waiting(tries, wordsOf(error));
      await delayAfter(tries);
    }
  }
  return undefined;
}

/** Options that say how the log is made do not change one that is there. */
function compare({ options, log }: OpenLogInit, { replicas, maxBytes }: StreamInfo): void {
  const edit = (flag: string) =>
    `\`nats stream edit ${streamOf(options.name)} ${flag}\` changes it`;
  if (replicas !== options.replicas) {
    const message = `The cluster's log is not as \`cluster_replicas\` says: ${
      edit(`--replicas ${options.replicas}`)
    }`;
    log.warning(message, { replicas, configured: options.replicas });
  }
  if (maxBytes !== options.maxLogBytes) {
    const message = `The cluster's log is not as \`cluster_max_log_bytes\` says: ${
      edit(`--max-bytes ${options.maxLogBytes}`)
    }`;
    log.warning(message, { maxBytes, configured: options.maxLogBytes });
  }
}

/** The position to start from: after the stored one if it belongs to this log, else at the log's beginning. */
export function startOf(
  { log }: Pick<OpenLogInit, "log">,
  position: Position | undefined,
  { created, lastSequence }: StreamInfo,
): Omit<OpenedLog, "info"> {
  if (position === undefined) {
    return { position: { sequence: 0, created, marks: [] }, isCut: false };
  }
  if (position.created === created && position.sequence <= lastSequence) {
    return { position, isCut: false };
  }
  log.error(
    "The cluster's log is another one, or shorter than what this node has applied: acknowledged messages may be lost",
    { applied: position.sequence, last: lastSequence },
  );
  // What nodes send again counts once: each knows by its marks what it has applied.
  const sequence = position.created === created ? lastSequence : 0;
  return { position: { sequence, created, marks: position.marks }, isCut: true };
}
