import { decodeHeaders, type NatsHeaders } from "./headers.ts";

/** A message as a subscriber gets it; the payload is valid during the call only. */
export interface NatsMessage {
  readonly subject: string;
  /** Where an answer is awaited; `""`: nowhere. */
  readonly reply: string;
  readonly headers: NatsHeaders | undefined;
  readonly payload: Uint8Array;
}

/** Decodes headers only where somebody asks for them: each record of a log has some. */
export class Heard implements NatsMessage {
  readonly #headers: Uint8Array | undefined;

  constructor(
    readonly subject: string,
    readonly reply: string,
    headers: Uint8Array | undefined,
    readonly payload: Uint8Array,
  ) {
    this.#headers = headers;
  }

  get headers(): NatsHeaders | undefined {
    return this.#headers === undefined ? undefined : decodeHeaders(this.#headers);
  }
}
