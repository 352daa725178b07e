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

/** What is needed of the core. */
interface HooksInit {
  /** Calls a function of the program. */
  readonly call: (call: () => void) => void;
  /** Says that one has failed. */
  readonly failed: (name: HookName, client: ClientIdentity, error: unknown) => void;
}

/** A hook that failed, or answered nonsense: it is ours to say no, and the program's fault. */
const FAILED: HookRefusal = {
  reasonCode: ReasonCode.ImplementationSpecificError,
  reason: "A hook has failed",
};

/** What becomes of a subject: the next hook is asked about what the one before has made of it. */
type Judge<Name extends HookName> = (
  answer: unknown,
  subject: HookSubjects[Name],
) => HookSubjects[Name] | HookRefusal;

/**
 * The hooks of the program: those of each name in the order in which they came. Each is asked about what those before it have left of
 * the subject, and the first refusal ends it.
 */
export class Hooks {
  readonly #init: HooksInit;
  #ports: readonly HookPort[] = [];
  /** `undefined`: nobody has one. */
  onConnect: readonly Hook<"onConnect">[] | undefined;
  onPublish: readonly Hook<"onPublish">[] | undefined;
  onSubscribe: readonly Hook<"onSubscribe">[] | undefined;
  onDeliver: readonly Hook<"onDeliver">[] | undefined;

  /** Whether there are some for messages. */
  seesMessages = false;

  /** There is none yet. */
  constructor(init: HooksInit) {
    this.#init = init;
  }

  /** Asks these too from now on; the function returned ends that. */
  add(port: HookPort): () => void {
    // One of its own for each call, so that the same hooks may be added twice.
    const own = { ...port };
    this.#set([...this.#ports, own]);
    return () => this.#set(this.#ports.filter((other) => other !== own));
  }

  /**
   * Asks all hooks of the name, one after the other. Returns what they have made of the subject, or their refusal; `undefined`: it
   * comes later, by `later`.
   */
  ask<Name extends HookName>(
    name: Name,
    client: ClientIdentity,
    subject: HookSubjects[Name],
    judge: Judge<Name>,
    later: (result: HookSubjects[Name] | HookRefusal) => void,
  ): HookSubjects[Name] | HookRefusal | undefined {
    // As they are now: who comes or goes meanwhile changes nothing of this question.
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
