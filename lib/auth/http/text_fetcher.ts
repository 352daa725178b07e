/** How a server is asked. */
export interface TextFetcherInit {
  /** Certificates in PEM that a server's may be from, instead of those that everybody trusts; `""`: those. */
  readonly caCertificates: string;
  /** How long an answer may take, its text included, milliseconds. */
  readonly timeLimitMs: number;
  /** Bytes that an answer may have. */
  readonly maxBytes: number;
  /** Connections that stay open while nothing is asked. */
  readonly maxIdle: number;
}

/** What a server answered. */
export interface TextAnswer {
  /** The status code. */
  readonly status: number;
  /** Without parameters; `""`: it says none. */
  readonly contentType: string;
  /** The body. */
  readonly text: string;
}

/** Asks a server for text, within limits of time and size; a redirection is no answer: it could lead anywhere. */
export class TextFetcher {
  readonly #init: TextFetcherInit;
  readonly #client: Deno.HttpClient;

  /** Nothing is asked yet. */
  constructor(init: TextFetcherInit) {
    this.#init = init;
    const { caCertificates, maxIdle } = init;
    this.#client = Deno.createHttpClient({
      poolMaxIdlePerHost: maxIdle,
      ...caCertificates === "" ? {} : { caCerts: [caCertificates] },
    });
  }

  /** Throws where there is no answer, with the reason in words. */
  async fetch(url: string, request: RequestInit = {}): Promise<TextAnswer> {
    const { timeLimitMs } = this.#init;
    const abort = new AbortController();
    const timer = setTimeout(
      () => abort.abort(new Error(`No answer after ${timeLimitMs} ms`)),
      timeLimitMs,
    );
    try {
      const response = await fetch(url, {
        ...request,
        redirect: "manual",
        client: this.#client,
        signal: abort.signal,
      });
      const contentType = response.headers.get("content-type")?.split(";", 1)[0] ?? "";
      const text = await this.#read(response);
      return { status: response.status, contentType: contentType.trim().toLowerCase(), text };
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : new Error(reasonOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Connections are closed; what is under way fails. */
  close(): void {
    this.#client.close();
  }

  async #read({ body }: Response): Promise<string> {
    if (body === null) return "";
    const { maxBytes } = this.#init;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > maxBytes) throw new Error(`The answer has more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    const bytes = await new Blob(chunks).arrayBuffer();
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  }
}

/** `fetch` says what is wrong in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
