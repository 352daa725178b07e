import { messageOf } from "./output.ts";
import { safe } from "./terminal_text.ts";

/** How long the API may take to answer, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** The most characters of a line of a streamed answer: a step has a payload of 64 KB at most. */
const MAX_LINE_LENGTH = 4_000_000;

/** The API of a broker refused a request, or did not answer. */
export class ApiError extends Error {}

/** A client of the API of a running broker. */
export class ApiClient {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;

  /** `url`: the dashboard's; `token`: from its http_token_file, `""`: none. Throws a `TypeError` if the URL is invalid. */
  constructor(url: string, token: string) {
    this.#url = new URL(url);
    this.#headers = token === "" ? {} : { authorization: `Bearer ${token}` };
  }

  /** Gets one answer. Throws an {@linkcode ApiError}. */
  async get<T>(path: string, query: Readonly<Record<string, string | number>> = {}): Promise<T> {
    const url = this.#urlOf(path, query);
    let response: Response;
    let answer: Record<string, unknown>;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(url, { headers: this.#headers, signal, redirect: "error" });
      answer = await response.json();
    } catch (error) {
      throw new ApiError(`Cannot ask ${this.#url.origin}: ${messageOf(error)}`);
    }
    if (response.ok) return answer as T;
    throw this.#refusal(response, answer);
  }

  /** Yields the lines of a streamed answer as they come, without the empty ones. Throws an {@linkcode ApiError}. */
  async *lines(
    path: string,
    query: Readonly<Record<string, string | number>>,
    signal: AbortSignal,
  ): AsyncGenerator<string, void> {
    const url = this.#urlOf(path, query);
    let response: Response;
    try {
      response = await fetch(url, { headers: this.#headers, signal, redirect: "error" });
    } catch (error) {
      if (signal.aborted) return;
      throw new ApiError(`Cannot ask ${this.#url.origin}: ${messageOf(error)}`);
    }
    if (!response.ok) throw this.#refusal(response, await response.json().catch(() => ({})));
    let rest = "";
    try {
      for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        if (rest.length > MAX_LINE_LENGTH) {
          throw new Error(`a line of more than ${MAX_LINE_LENGTH} characters`);
        }
        yield* lines.filter((line) => line !== "");
      }
    } catch (error) {
      if (signal.aborted) return;
      throw new ApiError(`${this.#url.origin} ended the answer early: ${messageOf(error)}`);
    }
  }

  #urlOf(path: string, query: Readonly<Record<string, string | number>>): URL {
    const url = new URL(`/api/v1${path}`, this.#url);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    return url;
  }

  #refusal({ status }: Response, { detail = status }: { readonly detail?: unknown }): ApiError {
    return new ApiError(`${this.#url.origin} refuses: ${safe(String(detail))}`);
  }
}
