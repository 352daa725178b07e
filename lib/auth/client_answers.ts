import type { ClientIdentity, Decision } from "../broker/mod.ts";

/** How long answers are valid. */
export interface ClientAnswersInit {
  /** How long a late answer stays valid for its client after it was used, milliseconds; 0: it is used once. */
  readonly rememberMs: number;
  /** The clock, milliseconds. */
  readonly nowMs: () => number;
}

/** The most answers that are remembered for one client, not counting those that are awaited. */
const MAX_REMEMBERED = 200;
/** Characters of a question above which its answer is given once, and not remembered. */
const MAX_REMEMBERED_LENGTH = 256;

/** An answer that has come or is awaited. */
interface Answer {
  decision: Decision;
  /** Until when it is valid; without end while it was not used. */
  untilMs: number;
}

interface OfClient {
  readonly byQuestion: Map<string, Answer>;
  readonly awaited: Set<Promise<void>>;
}

/**
 * Late answers, for a core that asks again: a question is `pending` until its answer is there. It is passed on once, and has its answer
 * when the core asks the next time, however late that is.
 */
export class ClientAnswers {
  readonly #init: ClientAnswersInit;
  readonly #clients = new WeakMap<ClientIdentity, OfClient>();

  /** There are no questions at first. */
  constructor(init: ClientAnswersInit) {
    this.#init = init;
  }

  /** The answer for this client, from `decide` where it is not known. The promise of `decide` must not reject. */
  ask(
    client: ClientIdentity,
    question: string,
    decide: () => boolean | Promise<boolean>,
  ): Decision {
    const answers = this.#of(client);
    const known = answers.byQuestion.get(question);
    const decision = known && this.#hear(answers, question, known);
    if (decision !== undefined) return decision;
    const decided = decide();
    if (typeof decided === "boolean") return decided;
    const answer: Answer = { decision: "pending", untilMs: Infinity };
    if (answers.byQuestion.size >= MAX_REMEMBERED) forgetHeard(answers.byQuestion);
    answers.byQuestion.set(question, answer);
    const awaited = decided.then((decision) => {
      answer.decision = decision;
      answers.awaited.delete(awaited);
    });
    answers.awaited.add(awaited);
    return "pending";
  }

  /** Calls `done` when all is decided that is pending for this client. */
  decided(client: ClientIdentity, done: () => void): void {
    Promise.all(this.#of(client).awaited).then(done);
  }

  /** `undefined`: it is not valid any more. */
  #hear({ byQuestion }: OfClient, question: string, answer: Answer): Decision | undefined {
    const { decision } = answer;
    if (decision === "pending") return decision;
    const { rememberMs, nowMs } = this.#init;
    if (answer.untilMs !== Infinity) {
      if (nowMs() < answer.untilMs) return decision;
      byQuestion.delete(question);
      return undefined;
    }
    if (rememberMs === 0 || question.length > MAX_REMEMBERED_LENGTH) byQuestion.delete(question);
    else answer.untilMs = nowMs() + rememberMs;
    return decision;
  }

  #of(client: ClientIdentity): OfClient {
    let answers = this.#clients.get(client);
    if (answers === undefined) {
      this.#clients.set(client, answers = { byQuestion: new Map(), awaited: new Set() });
    }
    return answers;
  }
}

/** An answer that was not used yet is still needed. */
function forgetHeard(answers: Map<string, Answer>): void {
  for (const [question, { untilMs }] of answers) {
    if (untilMs !== Infinity) answers.delete(question);
  }
}
