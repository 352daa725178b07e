import type { ClientIdentity, Decision } from "../broker/mod.ts";

/** How long answers hold. */
export interface ClientAnswersInit {
  /** How long an answer that came later holds for its client, once it was heard, milliseconds; 0: it is heard once. */
  readonly rememberMs: number;
  /** The clock, milliseconds. */
  readonly nowMs: () => number;
}

/** Answers that are remembered for one client, those that are awaited not counted. */
const MAX_REMEMBERED = 200;
/** Characters of a question above which its answer is given once, and not remembered. */
const MAX_REMEMBERED_LENGTH = 256;

/** An answer that came, or is to come. */
interface Answer {
  decision: Decision;
  /** Until when it holds; endless while nobody has heard it. */
  untilMs: number;
}

interface OfClient {
  readonly byQuestion: Map<string, Answer>;
  readonly awaited: Set<Promise<void>>;
}

/**
 * Answers that take their time, for a core that asks again: a question is `pending` until its answer is there, is asked for once,
 * and has its answer when it is asked the next time, however long that takes.
 */
export class ClientAnswers {
  readonly #init: ClientAnswersInit;
  readonly #clients = new WeakMap<ClientIdentity, OfClient>();

  /** Nobody has asked yet. */
  constructor(init: ClientAnswersInit) {
    this.#init = init;
  }

  /** The answer for this client, from `decide` where it is not known. What `decide` promises must not fail. */
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

  /** `undefined`: it does not hold any more. */
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

/** An answer that nobody has heard is still asked for. */
function forgetHeard(answers: Map<string, Answer>): void {
  for (const [question, { untilMs }] of answers) {
    if (untilMs !== Infinity) answers.delete(question);
  }
}
