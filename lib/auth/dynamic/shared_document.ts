import type { LogPort } from "../../broker/mod.ts";
import type { DynamicDocument } from "./document.ts";
import type { DynamicAccess, MayStay } from "./dynamic_access.ts";
import { parseDynamicFile } from "./parse_document.ts";
import { writeDocument } from "./write_document.ts";

/** A text that several brokers have. */
export interface SharedTextPort {
  /** What all have; `undefined`: nothing yet. Rejects where that cannot be known. */
  read(): Promise<{ readonly text: string; readonly revision: number } | undefined>;
  /** Puts a text there if nobody has written since revision `after` (0: ever), and returns its own; `undefined`: somebody has. */
  write(text: string, after: number): Promise<number | undefined>;
}

/** What sharing a document needs. */
export interface SharedDocumentInit {
  /** Where it holds. */
  readonly access: DynamicAccess;
  /** Where others find it. */
  readonly port: SharedTextPort;
  /** Called when rights have changed: who may not stay is to go. */
  readonly recheck: (mayStay: MayStay) => void;
  /** Told what others have changed. */
  readonly log: LogPort;
}

/**
 * The document of dynamic security where several brokers are one. What is shared decides; each broker's file is a copy of it. Who changes
 * something writes it there first, on what it has read last: of two that do so at a time, one reads again. The first broker of all
 * gives what its file has; so does one at which the file was changed by hand while it ran.
 */
export class SharedDocument {
  readonly #init: SharedDocumentInit;
  #revision = 0;
  /** What this broker has of it; `undefined`: it has not read it yet. */
  #shared: DynamicDocument | undefined;
  /** Why it is not known what others have now. */
  #failure: string | undefined = "nobody has been asked";

  /** Nothing is read yet. */
  constructor(init: SharedDocumentInit) {
    this.#init = init;
  }

  /** Whether this broker has had what all have. */
  get isKnown(): boolean {
    return this.#shared !== undefined;
  }

  /** Takes what others have changed, and gives what was changed here by hand. Where that cannot be done, what was known before holds. */
  async settle(): Promise<void> {
    try {
      await this.#settle();
      this.#failure = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason === this.#failure) return;
      this.#failure = reason;
      this.#init.log.warning("Dynamic security: cannot know what the other nodes have", { reason });
    }
  }

  /** Writes a document, which then holds; `undefined`: others have changed it meanwhile. Rejects where that cannot be known. */
  async change(document: DynamicDocument): Promise<MayStay | undefined> {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    const revision = await this.#init.port.write(writeDocument(document), this.#revision);
    if (revision === undefined) return undefined;
    this.#note(document, revision);
    return await this.#init.access.take(document);
  }

  async #settle(): Promise<void> {
    const { access, port, log } = this.#init;
    const found = await port.read();
    if (found !== undefined && found.revision > this.#revision) return await this.#take(found);
    const { document } = access;
    if (document === this.#shared && found?.revision === this.#revision) return;
    // It is the first, or its file was changed by hand, or the servers have lost what was written last.
    const revision = await port.write(writeDocument(document), found?.revision ?? 0);
    if (revision === undefined) return await this.#settle();
    this.#note(document, revision);
    log.info("Dynamic security: the other nodes get what the file here has");
  }

  async #take({ text, revision }: { text: string; revision: number }): Promise<void> {
    const { access, recheck, log } = this.#init;
    const parsed = parseDynamicFile("the document of the other nodes", text);
    if (!parsed.isValid) throw new Error(parsed.problems.join("; "));
    const own = access.document;
    if (writeDocument(own) === text) return this.#note(own, revision);
    if (!this.isKnown) {
      const copy = await access.setAside();
      log.warning("Dynamic security: the file is replaced by what the other nodes have", { copy });
    } else if (own !== this.#shared) {
      log.warning("Dynamic security: another node was faster: what was changed by hand is lost");
    } else log.info("Dynamic security: another node has changed it");
    this.#note(parsed.value, revision);
    recheck(await access.take(parsed.value));
  }

  #note(document: DynamicDocument, revision: number): void {
    this.#shared = document;
    this.#revision = revision;
  }
}
