import { CheckQueue } from "../check_queue.ts";
import type { PacedLog } from "../paced_log.ts";
import type { Asker } from "../password_checker.ts";
import { AnswerCache, type AnswerCacheInit, type CachedAnswer } from "./answer_cache.ts";

/** What a service is asked through. */
export interface ServiceInit<T> extends AnswerCacheInit {
  /** The option that names it, for the log. */
  readonly name: string;
  /** Asks it; throws where it does not answer, with the reason in words. */
  readonly ask: (question: string) => Promise<T>;
  /** Requests under way at once. */
  readonly maxRequests: number;
  /** The longest that a question waits for its turn, milliseconds. */
  readonly maxWaitMs: number;
  /** Told when it does not answer, and when it does again. */
  readonly log: PacedLog;
}

/** Questions that may wait for their turn. */
const MAX_WAITING = 2000;

/** An answer; `busy`: too many wait; `dropped`: nobody waits for it any more; `failed`: there is none. */
export type ServiceOutcome<T> = T | "busy" | "dropped" | "failed";

interface UnderWay<T> {
  readonly outcome: Promise<ServiceOutcome<T>>;
  readonly askers: Asker[];
}

/**
 * A service that may be slow, wrong or gone: a bounded number of questions is under way, the others have their turn address after
 * address, what is asked twice at once is asked once, and what is known is not asked.
 */
export class Service<T extends CachedAnswer> {
  readonly #init: ServiceInit<T>;
  readonly #cache: AnswerCache<T>;
  readonly #queue: CheckQueue;
  readonly #underWay = new Map<string, UnderWay<T>>();
  #hasFailed = false;

  /** Nothing is asked yet. */
  constructor(init: ServiceInit<T>) {
    this.#init = init;
    this.#cache = new AnswerCache(init);
    this.#queue = new CheckQueue({
      concurrency: init.maxRequests,
      maxWaiting: MAX_WAITING,
      maxWaitMs: init.maxWaitMs,
      nowMs: init.nowMs,
    });
  }

  /** What is known without asking; `key` is what the question is remembered by. */
  recall(key: string): T | undefined {
    return this.#cache.get(key);
  }

  /** Asks; never fails. */
  ask(key: string, question: string, asker: Asker): Promise<ServiceOutcome<T>> {
    const same = this.#underWay.get(key);
    if (same !== undefined) {
      same.askers.push(asker);
      return same.outcome;
    }
    const askers = [asker];
    const outcome = this.#ask(key, question, askers).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, { outcome, askers });
    return outcome;
  }

  async #ask(key: string, question: string, askers: readonly Asker[]): Promise<ServiceOutcome<T>> {
    const isGone = () => askers.every((asker) => asker.isGone());
    const turn = await this.#queue.enter(askers[0]!.address, isGone);
    if (turn === "busy") {
      this.#sayFailure("is too busy", "too many questions wait");
      return this.#cache.getOld(key) ?? "busy";
    }
    if (turn === "dropped") return turn;
    try {
      const answer = await this.#init.ask(question);
      this.#cache.put(key, answer);
      this.#sayAnswer();
      return answer;
    } catch (error) {
      this.#sayFailure("does not answer", error instanceof Error ? error.message : String(error));
      return this.#cache.getOld(key) ?? "failed";
    } finally {
      this.#queue.leave();
    }
  }

  #sayFailure(what: string, reason: string): void {
    this.#hasFailed = true;
    const { log, name, keepsOld } = this.#init;
    const instead = keepsOld ? "what it answered last holds" : "the answer is no";
    log.say("error", `${name} ${what}`, `${name} ${what}, so ${instead}`, { reason });
  }

  #sayAnswer(): void {
    if (!this.#hasFailed) return;
    this.#hasFailed = false;
    const { log, name } = this.#init;
    log.log?.info(`${name} answers again`);
  }
}
