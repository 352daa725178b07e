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

/** Milliseconds after which a hook that has not answered has refused. */
export const DEFAULT_TIME_LIMIT_MS = 5000;

/**
 * Functions of the program that decide. Each answers at once or later, by a promise; until then nothing more is read of that client,
 * or sent to it where it is `onDeliver`, and others go on. Nothing or `true` is yes, `false` or a Reason Code no.
 */
export interface Hooks {
  /** Whether a client may come in that access control has let in, and what stands before all its topics. */
  onConnect?(request: ConnectRequest): ConnectAnswer | Promise<ConnectAnswer>;
  /**
   * Whether a client may publish a message that access control has let through, and what becomes of it: other topics, payloads or
   * properties. Asked for a will when its client comes in. What is refused is acknowledged with the Reason Code, before 5.0 as if it
   * had been taken.
   */
  onPublish?(
    client: ClientIdentity,
    message: HookedMessage,
  ): PublishAnswer | Promise<PublishAnswer>;
  /** Whether a client may have a subscription that access control allows, and at which QoS. */
  onSubscribe?(
    client: ClientIdentity,
    request: SubscriptionRequest,
  ): SubscribeAnswer | Promise<SubscribeAnswer>;
  /** Whether a message goes to this client, and as what. Asked when it is sent: for a client that is away, when it is back. */
  onDeliver?(client: ClientIdentity, message: Message): DeliverAnswer | Promise<DeliverAnswer>;
}

/** How hooks are asked. */
export interface HooksOptions {
  /** After this time, milliseconds, a hook that has not answered has refused. Default: 5,000. */
  readonly timeLimitMs?: number;
}

/** The hooks as the core calls them. */
export function hookPort(hooks: Hooks, timeLimitMs: number): HookPort {
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

/** A function that may throw, reject, or never answer, as a hook that replies once. */
function guarded<Name extends HookName>(
  decide: (client: ClientIdentity, subject: HookSubjects[Name]) => unknown,
  timeLimitMs: number,
): Hook<Name> {
  return (client, subject, reply) => {
    let answer: unknown;
    try {
      answer = decide(client, subject);
    } catch (error) {
      return reply(new HookFailure(error));
    }
    if (!isThenable(answer)) return reply(answer);
    const late = () => reply(new HookFailure(new Error(`No answer after ${timeLimitMs} ms`)));
    const timer = setTimeout(late, timeLimitMs);
    // A program that is through need not wait for it.
    Deno.unrefTimer(timer);
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
