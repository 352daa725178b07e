import type { Broker, DropReason } from "../broker/mod.ts";
import { behindOf, type ClusterLevel } from "../observe/mod.ts";
import type { CertificateEnds } from "./certificate_ends.ts";
import type { Survey } from "./survey.ts";

/** Minutes for which dropped messages cause a warning. */
const DROP_MINUTES = 10;
/** Reasons that cause no warning because they are normal: QoS 0 for disconnected clients, expired messages, ended sessions. */
const EVERYDAY: ReadonlySet<DropReason> = new Set(["offline_qos0", "expired", "session_ended"]);
/** More waiting messages than this for one client cause a warning. */
const MANY_MESSAGES = 100;
/** A certificate that expires within this many days causes a warning. */
const CERTIFICATE_DAYS = 21;
/** A longer delay of the event loop causes a warning, seconds. */
const LATE_SECONDS = 0.2;
/** More records of the cluster's log that a node has not applied cause a warning. */
const MANY_RECORDS = 1000;

/** A warning for the operator, in words. */
export interface Warning {
  /** The severity. */
  readonly level: "warning" | "error";
  /** One sentence. */
  readonly text: string;
  /** The client concerned, if any. */
  readonly clientId?: string;
}

/** Collects what is wrong, in words: the page's first view shows it. */
export class Warnings {
  readonly #broker: Broker;
  readonly #survey: Survey;
  readonly #certificates: CertificateEnds;
  readonly #loopDelay: () => number;
  readonly #cluster: () => ClusterLevel | undefined;
  /** Counts of dropped messages by reason, one entry a minute, the oldest first. */
  readonly #dropped: ReadonlyMap<DropReason, number>[] = [];
  #minute = -1;

  /** `loopDelay` returns the 99th percentile of the event loop's delay, seconds; `cluster` where the broker's node stands, if it is one. */
  constructor(
    broker: Broker,
    survey: Survey,
    certificates: CertificateEnds,
    loopDelay: () => number,
    cluster: () => ClusterLevel | undefined,
  ) {
    this.#broker = broker;
    this.#survey = survey;
    this.#certificates = certificates;
    this.#loopDelay = loopDelay;
    this.#cluster = cluster;
  }

  /** Records the counts of dropped messages; to be called about every second. */
  tick(nowMs: number): void {
    const minute = Math.floor(nowMs / 60_000);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#dropped.push(new Map(this.#broker.metrics.dropped));
    if (this.#dropped.length > DROP_MINUTES) this.#dropped.shift();
  }

  /** The present warnings, the most severe first. */
  async take(nowMs: number): Promise<readonly Warning[]> {
    const { slowest } = await this.#survey.take();
    const ends = await this.#certificates.read(nowMs);
    const cluster = this.#cluster();
    return [
      // A node without its log cannot commit: that is said of the cluster then, and not of the store.
      ...cluster === undefined || cluster.isReady ? this.#ofStore() : [],
      ...cluster === undefined ? [] : ofCluster(cluster),
      ...[...ends].flatMap(([listener, seconds]) => ofCertificate(listener, seconds, nowMs)),
      ...slowest.flatMap(({ clientId, queuedMessages }) => ofClient(clientId, queuedMessages)),
      ...this.#ofDrops(),
      ...this.#ofLoop(),
    ];
  }

  #ofStore(): Warning[] {
    const { store } = this.#broker.core;
    if (store === undefined) return [];
    if (store.isFull) {
      return [{
        level: "error",
        text: "The store is full: messages of QoS 1 and 2 are refused (max_store_bytes)",
      }];
    }
    if (!store.isFailing) return [];
    return [{
      level: "error",
      text: "The store cannot write: messages of QoS 1 and 2 are refused; the log says why",
    }];
  }

  #ofDrops(): Warning[] {
    const before = this.#dropped[0];
    if (before === undefined) return [];
    const warnings: Warning[] = [];
    for (const [reason, count] of this.#broker.metrics.dropped) {
      const recent = count - (before.get(reason) ?? 0);
      if (recent === 0 || EVERYDAY.has(reason)) continue;
      const messages = recent === 1 ? "1 message" : `${group(recent)} messages`;
      const text = `${messages} dropped in the last ${DROP_MINUTES} minutes: ${reason}`;
      warnings.push({ level: "warning", text });
    }
    return warnings;
  }

  #ofLoop(): Warning[] {
    const seconds = this.#loopDelay();
    if (seconds < LATE_SECONDS) return [];
    const text = `The broker is late: 1 of 100 times by ${
      seconds.toFixed(1)
    } s or more in the last minute`;
    return [{ level: "warning", text }];
  }
}

function ofCluster(level: ClusterLevel): Warning[] {
  const { isReady, isConnected, nodes } = level;
  if (!isConnected) {
    const text = "The cluster's NATS servers are not reached: messages of QoS 1 and 2 wait, and " +
      "are refused after some seconds; the broker's log says why";
    return [{ level: "error", text }];
  }
  if (!isReady) {
    return [{ level: "error", text: "The broker takes no part in its cluster: its log says why" }];
  }
  return nodes.flatMap((member) => {
    const behind = behindOf(member, level);
    if (behind <= MANY_RECORDS) return [];
    const text = `Node ${member.node} is behind: ${group(behind)} records are not applied there`;
    return [{ level: "warning", text }];
  });
}

function ofClient(clientId: string, queuedMessages: number): Warning[] {
  if (queuedMessages < MANY_MESSAGES) return [];
  const text = `${clientId} is slow: ${group(queuedMessages)} messages wait`;
  return [{ level: "warning", text, clientId }];
}

function ofCertificate(listener: string, endSeconds: number, nowMs: number): Warning[] {
  const days = Math.floor((endSeconds - nowMs / 1000) / 86_400);
  if (days > CERTIFICATE_DAYS) return [];
  if (days < 0) {
    return [{ level: "error", text: `The certificate of listener ${listener} has expired` }];
  }
  const left = days === 0 ? "today" : days === 1 ? "in 1 day" : `in ${days} days`;
  return [{ level: "warning", text: `The certificate of listener ${listener} expires ${left}` }];
}

/** Writes a number with separators: `2,113`. */
function group(count: number): string {
  return count.toLocaleString("en");
}
