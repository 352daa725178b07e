import {
  type ClientIdentity,
  type ConnectAnswer,
  type ConnectRequest,
  type DeliverAnswer,
  type Hook,
  type HookedMessage,
  HookFailure,
  type HookName,
  type HookPort,
  type HookSubjects,
  type Message,
  type PublishAnswer,
  type SubscribeAnswer,
} from "../broker/mod.ts";
import type { SubscriptionRequest } from "../codec/mod.ts";

/** Milliseconds after which a hook that has not answered counts as a refusal. */
export const DEFAULT_TIME_LIMIT_MS = 5000;

/**
 * Functions of the program that decide. Each answers at once or through a promise. Until it has answered, nothing more is read from that
 * client (or, for `onDeliver`, sent to it); other clients go on. Returning nothing or `true` allows; `false` or a Reason Code refuses.
 */
export interface Hooks {
  /** Decides whether a client that access control has admitted may connect, and which mount point it gets. */
  onConnect?(request: ConnectRequest): ConnectAnswer | Promise<ConnectAnswer>;
  /**
   * Decides whether a client may publish a message that access control allows, and may replace its topic, payload or properties. Also asked
   * about a will when its client connects. A refused message is acknowledged with the Reason Code; before 5.0 as if it had been accepted.
   */
  onPublish?(
    client: ClientIdentity,
    message: HookedMessage,
  ): PublishAnswer | Promise<PublishAnswer>;
  /** Decides whether a client gets a subscription that access control allows, and with which QoS. */
  onSubscribe?(
    client: ClientIdentity,
    request: SubscriptionRequest,
  ): SubscribeAnswer | Promise<SubscribeAnswer>;
  /**
   * Decides whether a message is sent to this client, and may change it. Asked when the message is sent: for a disconnected client, after
   * it has reconnected.
   */
  onDeliver?(client: ClientIdentity, message: Message): DeliverAnswer | Promise<DeliverAnswer>;
}

/** Settings for calling hooks. */
export interface HooksOptions {
  /**
   * Milliseconds after which a hook that has not answered counts as a refusal. Default: 5,000. At most 2,147,483,647, or `Infinity`: it is
   * waited for as long as its client is there.
   */
  readonly timeLimitMs?: number;
}

/** The longest time of a timer. A longer one would end at once. */
const MAX_TIMER_MS = 0x7fff_ffff;

/** Makes the program's hooks into the port that the core calls. Throws `RangeError` if the time limit is none. */
export function hookPort(hooks: Hooks, timeLimitMs: number): HookPort {
  if (!(timeLimitMs > 0 && (timeLimitMs <= MAX_TIMER_MS || timeLimitMs === Infinity))) {
    throw new RangeError(`Cannot add hooks: timeLimitMs must be 1 to ${MAX_TIMER_MS}, or Infinity`);
  }
  const { onConnect, onPublish, onSubscribe, onDeliver } = hooks;
  return {
    onConnect: onConnect && guarded((_, request) => onConnect.call(hooks, request), timeLimitMs),
    onPublish: onPublish &&
      guarded((client, message) => onPublish.call(hooks, client, message), timeLimitMs),
    onSubscribe: onSubscribe &&
      guarded((client, request) => onSubscribe.call(hooks, client, request), timeLimitMs),
    onDeliver: onDeliver &&
      guarded((client, message) => onDeliver.call(hooks, client, message), timeLimitMs),
  };
}

/** Wraps a function that may throw, reject or never answer into a hook that replies exactly once. */
function guarded<Name extends HookName>(
  decide: (client: ClientIdentity, subject: HookSubjects[Name]) => unknown,
  timeLimitMs: number,
): Hook<Name> {
  return (client, subject, reply) => {
    let answer: unknown;
    let isLater: boolean;
    try {
      answer = decide(client, subject);
      // Here, since an answer may be an object whose properties throw.
      isLater = isThenable(answer);
    } catch (error) {
      return reply(new HookFailure(error));
    }
    if (!isLater) return reply(answer);
    const late = () => reply(new HookFailure(new Error(`No answer after ${timeLimitMs} ms`)));
    const timer = timeLimitMs === Infinity ? undefined : setTimeout(late, timeLimitMs);
    // This timer must not keep a finished program alive.
    if (timer !== undefined) Deno.unrefTimer(timer);
    Promise.resolve(answer).catch((error) => new HookFailure(error)).then((settled) => {
      clearTimeout(timer);
      reply(settled);
    });
  };
}

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return typeof answer === "object" && answer !== null && "then" in answer &&
    typeof answer.then === "function";
}
