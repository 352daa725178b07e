import type { AccessFiles } from "../access_files.ts";
import type { KeySet } from "./key_files.ts";
import type { KeySetSource } from "./key_set_source.ts";
import type { Token } from "./token.ts";
import type { VerificationKey } from "./verification_key.ts";

/** The keys that are in force: of files, and of a server. */
export class TokenKeys {
  readonly #files: AccessFiles;
  readonly #paths: readonly string[];
  readonly #source: KeySetSource | undefined;

  /** `paths` are open in `files`, each a {@linkcode KeySet}. */
  constructor(files: AccessFiles, paths: readonly string[], source: KeySetSource | undefined) {
    this.#files = files;
    this.#paths = paths;
    this.#source = source;
  }

  /** Whether all keys are there: where not, a token that fits none may be right. */
  get isReady(): boolean {
    return this.#source?.hasKeys !== false;
  }

  /** Whether a key is in force. Whoever asks keeps the keys of a server fresh. */
  isCurrent({ text }: VerificationKey): boolean {
    this.#source?.keepFresh();
    return this.#current().some((key) => key.text === text);
  }

  /** The keys that stand in files, by their text. */
  ofFiles(): ReadonlySet<string> {
    return new Set(
      this.#paths.flatMap((path) => this.#files.get<KeySet>(path)).map((key) => key.text),
    );
  }

  /** The keys that may be a token's; or why there are none. */
  async find(token: Token): Promise<KeySet | string> {
    const source = this.#source;
    if (source?.mustWait) await source.renew();
    else source?.keepFresh();
    let keys = this.#fitting(token);
    if (source !== undefined && keys.length === 0) {
      // Perhaps it is new.
      await source.renew();
      keys = this.#fitting(token);
    }
    if (keys.length > 0) return keys;
    return this.isReady
      ? "no key fits its algorithm and key id"
      : "the keys for it are not there, since their server has not answered";
  }

  /** A key without a name may be meant by any; the ones that are named come first. */
  #fitting({ algorithm, keyId }: Token): KeySet {
    const fitting = this.#current().filter(({ id, algorithms }) =>
      algorithms.has(algorithm) && (id === undefined || keyId === undefined || id === keyId)
    );
    return fitting.sort((a, b) => Number(b.id === keyId) - Number(a.id === keyId));
  }

  #current(): VerificationKey[] {
    const ofFiles = this.#paths.flatMap((path) => this.#files.get<KeySet>(path));
    return [...ofFiles, ...this.#source?.current ?? []];
  }
}
