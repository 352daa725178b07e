import {
  type AccessPort,
  type AuthenticationRequest,
  type AuthenticationVerdict,
  type ClientIdentity,
  type Decision,
  errorText,
  type LogPort,
} from "../broker/mod.ts";
import { mayCarry, type Qos, ReasonCode } from "../codec/mod.ts";
import { ClientAnswers } from "./client_answers.ts";
import { PacedLog } from "./paced_log.ts";

/** What a client wants to do with a topic. */
export interface TopicAction {
  /** A will is published too. */
  readonly type: "publish" | "subscribe";
  /** A Topic Name, or the Topic Filter of a subscription without `$share/...`. */
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

/** Limits for the functions. */
export interface FunctionAccessOptions {
  /** A function that has not answered after this time has refused, milliseconds. Default: 5,000. `Infinity`: there is no limit. */
  readonly timeLimitMs?: number;
  /** How long an answer of `authorize` that came later is remembered for its client, milliseconds. Default: 10,000. */
  readonly rememberMs?: number;
  /** Gets a line for each function that throws, takes too long or gives an invalid answer. Default: the broker's. */
  readonly log?: LogPort;
}

const REFUSED: AuthenticationVerdict = { isAllowed: false, reasonCode: ReasonCode.NotAuthorized };

/**
 * Access control by functions of the program around the broker. A function that throws, takes too long or gives an invalid
 * answer has refused, which is logged with its error.
 */
export class FunctionAccess implements AccessPort {
  /** {@linkcode AccessPort.version} */
  version = 1;
  /** {@linkcode AccessPort.checksTopics} */
  readonly checksTopics: boolean;
  /** {@linkcode AccessPort.readsByFilter} */
  readonly readsByFilter: boolean;
  readonly #functions: AccessFunctions;
  readonly #timeLimitMs: number;
  readonly #log: PacedLog;
  readonly #answers: ClientAnswers;

  /** The functions are called for every client from now on. */
  constructor(functions: AccessFunctions, options: FunctionAccessOptions = {}) {
    this.#functions = functions;
    this.#timeLimitMs = options.timeLimitMs ?? 5000;
    this.#log = new PacedLog(options.log);
    this.#answers = new ClientAnswers({
      rememberMs: options.rememberMs ?? 10_000,
      nowMs: () => performance.now(),
    });
    this.readsByFilter = functions.authorize !== undefined && functions.mayRead === undefined;
    this.checksTopics = functions.authorize !== undefined || functions.mayRead !== undefined;
  }

  /** {@linkcode AccessPort.useLog} */
  useLog(log: LogPort): void {
    this.#log.log ??= log;
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
    if (this.#functions.authenticate === undefined) {
      return reply(request.allowAnonymous ? { isAllowed: true } : REFUSED);
    }
    const call = () => this.#functions.authenticate!(request);
    const verdict = this.#ask("authenticate", call, verdictOf, REFUSED);
    if (verdict instanceof Promise) verdict.then(reply);
    else reply(verdict);
  }

  /** There is no enhanced authentication. */
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
    if (this.#functions.mayRead === undefined) return true;
    try {
      return booleanOf(this.#functions.mayRead(client, topicName));
    } catch (error) {
      this.#fail("mayRead", error);
      return false;
    }
  }

  /** {@linkcode AccessPort.decided} */
  decided(client: ClientIdentity, done: () => void): void {
    this.#answers.decided(client, done);
  }

  #authorize(client: ClientIdentity, action: TopicAction): Decision {
    if (this.#functions.authorize === undefined) return true;
    const question = `${action.type} ${action.qos} ${action.retain} ${action.topic}`;
    const call = () => this.#functions.authorize!(client, action);
    return this.#answers.ask(
      client,
      question,
      () => this.#ask("authorize", call, booleanOf, false),
    );
  }

  /** The answer of a function, converted by `understand`; `refused` where it is invalid. */
  #ask<T>(
    name: string,
    call: () => unknown,
    understand: (answer: unknown) => T,
    refused: T,
  ): T | Promise<T> {
    const fail = (error: unknown): T => {
      this.#fail(name, error);
      return refused;
    };
    try {
      const answer = call();
      if (!isThenable(answer)) return understand(answer);
      return withTimeLimit(answer, this.#timeLimitMs).then(understand).catch(fail);
    } catch (error) {
      return fail(error);
    }
  }

  #fail(name: string, error: unknown): void {
    const message = `Access function ${name} failed, which counts as no`;
    const text = errorText(error);
    this.#log.say("error", name, message, { error: text });
  }
}

/** Only true and false are valid: `"no"` and a promise would count as true. */
function booleanOf(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  // Its result is not used, and its rejection must not end the process.
  if (isThenable(answer)) answer.then(undefined, () => {});
  throw new TypeError(`Answered ${inspect(answer)}, which is neither true nor false`);
}

function verdictOf(answer: unknown): AuthenticationVerdict {
  if (answer === true) return { isAllowed: true };
  if (answer === false) return REFUSED;
  if (isVerdict(answer)) return answer;
  throw new TypeError(`Answered ${inspect(answer)}, which is no verdict`);
}

function isVerdict(answer: unknown): answer is AuthenticationVerdict {
  if (typeof answer !== "object" || answer === null) return false;
  const { isAllowed, reasonCode, userName, grant, validForMs } = answer as Record<string, unknown>;
  // The client would take a refusal with a success code for success.
  if (isAllowed === false) {
    return typeof reasonCode === "number" && mayCarry("connack", reasonCode) && reasonCode > 0;
  }
  return isAllowed === true &&
    (userName === undefined || typeof userName === "string") &&
    (grant === undefined || typeof grant === "object" && grant !== null) &&
    (validForMs === undefined || typeof validForMs === "number" && validForMs >= 0);
}

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return typeof answer === "object" && answer !== null && "then" in answer &&
    typeof answer.then === "function";
}

/** Any value as a short text for people. */
function inspect(answer: unknown): string {
  return Deno.inspect(answer, { depth: 1, strAbbreviateSize: 100 }).slice(0, 200);
}

function withTimeLimit(answer: PromiseLike<unknown>, limitMs: number): Promise<unknown> {
  // A timer without end would be over at once.
  if (limitMs === Infinity) return Promise.resolve(answer);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer after ${limitMs} ms`)), limitMs);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
