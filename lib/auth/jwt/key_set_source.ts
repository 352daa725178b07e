import type { LogPort } from "../../broker/mod.ts";
import { type KeySet, parseKeySet } from "./key_files.ts";

/** Where keys come from, and how often they are asked for. */
export interface KeySetSourceInit {
  /** The text of the key set; throws where there is no answer. */
  readonly fetchText: () => Promise<string>;
  /** Where it is asked for, to be named in the log. */
  readonly url: string;
  /** After this time keys are asked for again, milliseconds. */
  readonly refreshMs: number;
  /** Told of what keeps keys from coming. */
  readonly log: LogPort;
  /** The clock, milliseconds. */
  readonly nowMs: () => number;
}

/** The shortest time between two attempts, milliseconds: whoever makes up key ids makes us ask no more often. */
const PACE_MS = 10_000;

/**
 * The keys of a server, remembered. They are asked for before the first token, again when they are old, and when a token names one
 * that is not among them, then at most once in ten seconds. While the server does not answer those that were had last hold.
 */
export class KeySetSource {
  readonly #init: KeySetSourceInit;
  #keys: KeySet | undefined;
  #fetchedMs = -Infinity;
  #triedMs = -Infinity;
  #underWay: Promise<void> | undefined;
  #hasFailed = false;

  /** Nothing is asked for yet. */
  constructor(init: KeySetSourceInit) {
    this.#init = init;
  }

  /** Whether there are keys: otherwise nobody can say whether a token is right. */
  get hasKeys(): boolean {
    return this.#keys !== undefined;
  }

  /** The keys of now. */
  get current(): KeySet {
    return this.#keys ?? [];
  }

  /** Whether one would have to wait for {@linkcode renew}: there are no keys, or they are so old that they may have been withdrawn. */
  get mustWait(): boolean {
    return this.#init.nowMs() - this.#fetchedMs > 2 * this.#init.refreshMs;
  }

  /** Asks for keys that are old, without anybody waiting. */
  keepFresh(): void {
    if (this.#init.nowMs() - this.#fetchedMs > this.#init.refreshMs) void this.renew();
  }

  /** Asks for the keys, unless that was done just now; done when the answer is there, or there is none. Never fails. */
  renew(): Promise<void> {
    if (this.#underWay !== undefined) return this.#underWay;
    const nowMs = this.#init.nowMs();
    if (nowMs - this.#triedMs < PACE_MS) return Promise.resolve();
    this.#triedMs = nowMs;
    return this.#underWay = this.#fetch().finally(() => this.#underWay = undefined);
  }

  async #fetch(): Promise<void> {
    const { fetchText, log, url, nowMs } = this.#init;
    try {
      const parsed = parseKeySet(await fetchText(), false);
      if (typeof parsed === "string") throw new Error(parsed);
      if (parsed.keys.length === 0) {
        throw new Error(`no key can be used: ${parsed.unused.join("; ")}`);
      }
      this.#keys = parsed.keys;
      this.#fetchedMs = nowMs();
      if (this.#hasFailed) log.info("Keys for tokens are there again", { url });
      this.#hasFailed = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const holding = this.#keys === undefined
        ? "nobody comes in with a token"
        : "those of before hold";
      log[this.#keys === undefined ? "error" : "warning"](
        `Cannot get keys for tokens, so ${holding}`,
        { url, reason },
      );
      this.#hasFailed = true;
    }
  }
}
