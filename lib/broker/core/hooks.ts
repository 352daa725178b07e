import { ReasonCode } from "../../codec/mod.ts";
import { isRefusal } from "../ground/hook_answers.ts";
import {
  type Hook,
  HookFailure,
  type HookName,
  type HookPort,
  type HookRefusal,
  type HookSubjects,
} from "../ground/hooks.ts";
import type { ClientIdentity } from "../ground/ports.ts";

/** What `Hooks` needs of the core. */
interface HooksInit {
  /** Calls a function of the program. */
  readonly call: (call: () => void) => void;
  /** Logs and counts that a hook has failed. */
  readonly failed: (name: HookName, client: ClientIdentity, error: unknown) => void;
}

/**
 * The refusal where a hook failed or gave a wrong answer: the broker refuses the request, because the program did not decide it.
 */
const FAILED: HookRefusal = {
  reasonCode: ReasonCode.ImplementationSpecificError,
  reason: "A hook has failed",
};

/** Applies a hook's answer to its subject. The next hook is asked about the result. */
type Judge<Name extends HookName> = (
  answer: unknown,
  subject: HookSubjects[Name],
) => HookSubjects[Name] | HookRefusal;

/**
 * The hooks of the program, for each name in the order in which they were added. Each hook is asked about the subject as the hooks
 * before it have changed it; the first refusal ends the question.
 */
export class Hooks {
  readonly #init: HooksInit;
  #ports: readonly HookPort[] = [];
  /** `undefined`: there is no such hook. */
  onConnect: readonly Hook<"onConnect">[] | undefined;
  onPublish: readonly Hook<"onPublish">[] | undefined;
  onSubscribe: readonly Hook<"onSubscribe">[] | undefined;
  onDeliver: readonly Hook<"onDeliver">[] | undefined;

  /** Whether there are hooks for messages: `onPublish` or `onDeliver`. */
  seesMessages = false;

  /** There are no hooks at first. */
  constructor(init: HooksInit) {
    this.#init = init;
  }

  /** Adds these hooks behind the others; the returned function removes them. */
  add(port: HookPort): () => void {
    // A copy for each call, so that the same hooks may be added twice.
    const own = { ...port };
    this.#set([...this.#ports, own]);
    return () => this.#set(this.#ports.filter((other) => other !== own));
  }

  /**
   * Asks all hooks of the name, one after the other. Returns the subject as they have changed it, or the refusal of one of them;
   * `undefined`: the result is not known yet, and `later` will be called with it.
   */
  ask<Name extends HookName>(
    name: Name,
    client: ClientIdentity,
    subject: HookSubjects[Name],
    judge: Judge<Name>,
    later: (result: HookSubjects[Name] | HookRefusal) => void,
  ): HookSubjects[Name] | HookRefusal | undefined {
    // The hooks as they are now: adding or removing one meanwhile does not change this question.
    const hooks = (this[name] ?? []) as readonly Hook<Name>[];
    let isLater = false;
    let result: HookSubjects[Name] | HookRefusal | undefined;
    const next = (at: number, subject: HookSubjects[Name]): void => {
      const end = (whole: HookSubjects[Name] | HookRefusal) => {
        if (isLater) later(whole);
        else result = whole;
      };
      const hook = hooks[at];
      if (hook === undefined) return end(subject);
      let isAnswered = false;
      this.#init.call(() =>
        hook(client, subject, (answer) => {
          if (isAnswered) return;
          isAnswered = true;
          const judged = this.#judge(name, client, subject, answer, judge);
          if (isRefusal(judged)) end(judged);
          else next(at + 1, judged);
        })
      );
    };
    next(0, subject);
    isLater = true;
    return result;
  }

  #judge<Name extends HookName>(
    name: Name,
    client: ClientIdentity,
    subject: HookSubjects[Name],
    answer: unknown,
    judge: Judge<Name>,
  ): HookSubjects[Name] | HookRefusal {
    try {
      if (answer instanceof HookFailure) throw answer.error;
      return judge(answer, subject);
    } catch (error) {
      this.#init.failed(name, client, error);
      return FAILED;
    }
  }

  #set(ports: readonly HookPort[]): void {
    this.#ports = ports;
    this.onConnect = listed(ports.map(({ onConnect }) => onConnect));
    this.onPublish = listed(ports.map(({ onPublish }) => onPublish));
    this.onSubscribe = listed(ports.map(({ onSubscribe }) => onSubscribe));
    this.onDeliver = listed(ports.map(({ onDeliver }) => onDeliver));
    this.seesMessages = this.onPublish !== undefined || this.onDeliver !== undefined;
  }
}

function listed<Kind>(hooks: readonly (Kind | undefined)[]): readonly Kind[] | undefined {
  const present = hooks.filter((hook) => hook !== undefined);
  return present.length === 0 ? undefined : present;
}
