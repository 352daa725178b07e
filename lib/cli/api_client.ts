import { messageOf } from "./output.ts";

/** How long the API may take to answer, milliseconds. */
const TIMEOUT_MS = 10_000;

/** What the API of a broker refuses, or that it does not answer. */
export class ApiError extends Error {}

/** Asks the API of a broker that runs somewhere. */
export class ApiClient {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;

  /** `url`: where the dashboard is; `token`: of its http_token_file, `""`: none. Throws `TypeError` where it is no URL. */
  constructor(url: string, token: string) {
    this.#url = new URL(url);
    this.#headers = token === "" ? {} : { authorization: `Bearer ${token}` };
  }

  /** The answer to a question; throws an {@linkcode ApiError}. */
  async get<T>(path: string, query: Readonly<Record<string, string | number>> = {}): Promise<T> {
    const url = new URL(`/api/v1${path}`, this.#url);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
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
    const detail = String(answer.detail ?? response.status);
    throw new ApiError(`${this.#url.origin} refuses: ${detail}`);
  }
}
