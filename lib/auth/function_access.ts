import type {
  AccessPort,
  AuthenticationRequest,
  AuthenticationVerdict,
  ClientIdentity,
  Decision,
  LogPort,
} from "../broker/mod.ts";
import { type Qos, ReasonCode } from "../codec/mod.ts";

/** What a client wants to do with a topic. */
export interface TopicAction {
  /** A will is published too. */
  readonly type: "publish" | "subscribe";
  /** A Topic Name, or the Topic Filter of a subscription without `$share/…`. */
  readonly topic: string;
  /** What the client asks for, if the listener allows as much. */
  readonly qos: Qos;
  /** Whether the message is to be retained; of a subscription `false`. */
  readonly retain: boolean;
}

/** The functions of a program that decides for itself; each may answer at once or later. */
export interface AccessFunctions {
  /** Who may come in; absent: whoever the listener lets in. `true` and `false` are short for a verdict (0x87). */
  authenticate?(
    request: AuthenticationRequest,
  ): boolean | AuthenticationVerdict | Promise<boolean | AuthenticationVerdict>;
  /** Who may publish and subscribe; absent: everybody. */
  authorize?(client: ClientIdentity, action: TopicAction): boolean | Promise<boolean>;
  /** Whether a message may be delivered; absent: what was subscribed to may be read. Answers at once; where it throws, no. */
  mayRead?(client: ClientIdentity, topicName: string): boolean;
}

/** Limits of what the functions take. */
export interface FunctionAccessOptions {
  /** A function that has not answered after this time has said no, milliseconds. Default: 5,000. */
  readonly timeLimitMs?: number;
  /** How long an answer of `authorize` that came later is remembered for its client, milliseconds. Default: 10,000. */
  readonly rememberMs?: number;
  /** Told of functions that throw, or take too long. */
  readonly log?: LogPort;
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

interface ClientAnswers {
  readonly byQuestion: Map<string, Answer>;
  readonly awaited: Set<Promise<void>>;
}

/** Access control by functions of the program around the broker. */
export class FunctionAccess implements AccessPort {
  /** {@linkcode AccessPort.version} */
  version = 1;
  /** {@linkcode AccessPort.checksTopics} */
  readonly checksTopics: boolean;
  /** {@linkcode AccessPort.readsByFilter} */
  readonly readsByFilter: boolean;
  readonly #functions: AccessFunctions;
  readonly #options: FunctionAccessOptions;
  readonly #answers = new WeakMap<ClientIdentity, ClientAnswers>();

  /** The functions are called for every client from now on. */
  constructor(functions: AccessFunctions, options: FunctionAccessOptions = {}) {
    this.#functions = functions;
    this.#options = options;
    this.readsByFilter = functions.authorize !== undefined && functions.mayRead === undefined;
    this.checksTopics = functions.authorize !== undefined || functions.mayRead !== undefined;
  }

  /** `mayRead` has other answers from now on. */
  changed(): void {
    this.version++;
  }

  /** {@linkcode AccessPort.authenticate} */
  authenticate(
    request: AuthenticationRequest,
    reply: (verdict: AuthenticationVerdict) => void,
  ): void {
    const { authenticate } = this.#functions;
    const refused = { isAllowed: false, reasonCode: ReasonCode.NotAuthorized } as const;
    if (authenticate === undefined) {
      return reply(request.allowAnonymous ? { isAllowed: true } : refused);
    }
    const answer = this.#limited("authenticate", () => this.#functions.authenticate!(request));
    const verdictOf = (answer: boolean | AuthenticationVerdict): AuthenticationVerdict =>
      answer === true ? { isAllowed: true } : answer === false ? refused : answer;
    if (answer instanceof Promise) answer.then((answer) => reply(verdictOf(answer)));
    else reply(verdictOf(answer));
  }

  /** There are none. */
  beginEnhanced(): undefined {
    return undefined;
  }

  /** {@linkcode AccessPort.mayPublish} */
  mayPublish(client: ClientIdentity, topicName: string, qos: Qos, retain: boolean): Decision {
    return this.#authorize(client, { type: "publish", topic: topicName, qos, retain });
  }

  /** {@linkcode AccessPort.maySubscribe} */
  maySubscribe(client: ClientIdentity, topicFilter: string, qos: Qos): Decision {
    return this.#authorize(client, { type: "subscribe", topic: topicFilter, qos, retain: false });
  }

  /** {@linkcode AccessPort.mayRead} */
  mayRead(client: ClientIdentity, topicName: string): boolean {
    try {
      return this.#functions.mayRead?.(client, topicName) ?? true;
    } catch (error) {
      return this.#fail("mayRead", error);
    }
  }

  /** {@linkcode AccessPort.decided} */
  decided(client: ClientIdentity, done: () => void): void {
    Promise.all(this.#answersOf(client).awaited).then(done);
  }

  #authorize(client: ClientIdentity, action: TopicAction): Decision {
    if (this.#functions.authorize === undefined) return true;
    const answers = this.#answersOf(client);
    const question = `${action.type} ${action.qos} ${action.retain} ${action.topic}`;
    const known = answers.byQuestion.get(question);
    if (known !== undefined) {
      if (known.decision === "pending") return "pending";
      const nowMs = performance.now();
      if (known.untilMs === Infinity && question.length > MAX_REMEMBERED_LENGTH) {
        answers.byQuestion.delete(question);
        return known.decision;
      }
      if (known.untilMs === Infinity) {
        known.untilMs = nowMs + (this.#options.rememberMs ?? 10_000);
        return known.decision;
      }
      if (nowMs < known.untilMs) return known.decision;
      answers.byQuestion.delete(question);
    }
    const decided = this.#limited(
      "authorize",
      () => this.#functions.authorize!(client, action),
    );
    if (!(decided instanceof Promise)) return decided;
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

  /** What a function answers; no where it throws or takes too long. */
  #limited<T>(name: string, call: () => T | Promise<T>): T | false | Promise<T | false> {
    const fail = (error: unknown): false => this.#fail(name, error);
    let answer: T | Promise<T>;
    try {
      answer = call();
    } catch (error) {
      return fail(error);
    }
    if (!(answer instanceof Promise)) return answer;
    const limitMs = this.#options.timeLimitMs ?? 5000;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`No answer after ${limitMs} ms`)), limitMs);
    });
    return Promise.race([answer, late]).catch(fail).finally(() => clearTimeout(timer));
  }

  #fail(name: string, error: unknown): false {
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log?.error(`Access function ${name} failed, which counts as no`, { reason });
    return false;
  }

  #answersOf(client: ClientIdentity): ClientAnswers {
    let answers = this.#answers.get(client);
    if (answers === undefined) {
      this.#answers.set(client, answers = { byQuestion: new Map(), awaited: new Set() });
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
