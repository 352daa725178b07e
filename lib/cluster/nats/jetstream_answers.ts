import { NatsError } from "./error.ts";
import type { NatsMessage } from "./message.ts";

/** Where a stream stands. */
export interface StreamInfo {
  /** The number of the first message that it has; one more than the last where it is empty. */
  readonly firstSequence: number;
  /** The number of the last message that it was given; 0: none. */
  readonly lastSequence: number;
  /** How many it has now. */
  readonly messages: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** The server that leads; `""`: none, or there is only one. */
  readonly leader: string;
  /** How long ago its leader has heard a majority of its servers, milliseconds; `Infinity`: nobody leads it. Absent: there is one server. */
  readonly majorityAgeMs?: number;
  /** When it was made, as JetStream writes it: another time is another stream. */
  readonly created: string;
  /** The most bytes that it may have; 0: no limit. */
  readonly maxBytes: number;
  /** How many servers keep it. */
  readonly replicas: number;
}

/** What JetStream says of a message that it has stored. */
export interface PublishAck {
  readonly sequence: number;
  /** It had one of this `Nats-Msg-Id`. */
  readonly isDuplicate: boolean;
}

/** The answer to a message that was to be stored. Throws `NatsError` where it was not. */
export function ackOf(answer: NatsMessage): PublishAck {
  if (answer.headers?.status === 503) {
    throw new NatsError("no_responders", `Nobody stores ${answer.subject}`);
  }
  const { seq, duplicate } = jsonOf(answer);
  return { sequence: Number(seq), isDuplicate: duplicate === true };
}

/** What JetStream answers. Throws `NatsError` where it refuses, or says nothing of use. */
export function jsonOf({ payload }: NatsMessage): Record<string, unknown> {
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    throw new NatsError("protocol", "Cannot read what JetStream has answered: no JSON");
  }
  if (typeof answer !== "object" || answer === null) {
    throw new NatsError("protocol", "Cannot read what JetStream has answered: no object");
  }
  const object = answer as { error?: { err_code?: number; description?: string } };
  if (object.error !== undefined) {
    const { err_code = 0, description = "no reason given" } = object.error;
    throw new NatsError("refused", `JetStream refuses: ${description}`, err_code);
  }
  return answer as Record<string, unknown>;
}

/** What it answers of a stream. */
export function infoOf(answer: Record<string, unknown>): StreamInfo {
  const state = answer["state"] as Readonly<Record<string, unknown>> | null | undefined;
  if (typeof state !== "object" || state === null) {
    throw new NatsError("protocol", "Cannot read what JetStream has answered: no state");
  }
  const cluster = answer["cluster"] as ClusterInfo | null | undefined;
  const { max_bytes, num_replicas } = (answer["config"] ?? {}) as Readonly<Record<string, unknown>>;
  const number = (name: string) => {
    const value = state[name];
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
  };
  return {
    firstSequence: number("first_seq"),
    lastSequence: number("last_seq"),
    messages: number("messages"),
    bytes: number("bytes"),
    leader: typeof cluster?.leader === "string" ? cluster.leader : "",
    ...majorityAgeOf(cluster),
    created: String(answer["created"] ?? ""),
    maxBytes: typeof max_bytes === "number" && max_bytes > 0 ? max_bytes : 0,
    replicas: typeof num_replicas === "number" ? num_replicas : 1,
  };
}

/** What JetStream says of the servers that have a stream. */
interface ClusterInfo {
  readonly leader?: unknown;
  /** The others, as the one that answers sees them; `active`: nanoseconds since it has heard them. */
  readonly replicas?: unknown;
}

/** A leader that is cut off from the others goes on answering for some seconds. */
function majorityAgeOf(cluster: ClusterInfo | null | undefined): Pick<StreamInfo, "majorityAgeMs"> {
  const replicas: unknown = cluster?.replicas;
  if (!Array.isArray(replicas) || replicas.length === 0) return {};
  if (typeof cluster?.leader !== "string" || cluster.leader === "") {
    return { majorityAgeMs: Infinity };
  }
  const agesMs = (replicas as ({ readonly active?: unknown } | null)[])
    .map((replica) => typeof replica?.active === "number" ? replica.active / 1e6 : Infinity)
    .sort((a, b) => a - b);
  // With itself the leader needs half of the others.
  return { majorityAgeMs: agesMs[Math.ceil(agesMs.length / 2) - 1]! };
}
