/** A local HTTP server of a test; its answers may change. */
export class LocalHttp {
  /** Requests so far. */
  count = 0;
  /** Requests in progress, and their peak. */
  underWay = 0;
  mostUnderWay = 0;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #port = 0;
  readonly #tls: { readonly cert: string; readonly key: string } | undefined;
  readonly #abort = new AbortController();

  /** Listens at once. */
  constructor(
    public answer: (request: Request) => Response | Promise<Response>,
    tls?: { readonly cert: string; readonly key: string },
  ) {
    this.#tls = tls;
    this.begin();
  }

  /** The URL of a path. */
  url(path = "/"): string {
    return `${this.#tls === undefined ? "http" : "https"}://127.0.0.1:${this.#port}${path}`;
  }

  /** Listens, at the previous port if it had one. */
  begin(): void {
    const onListen = () => {};
    const handler = async (request: Request): Promise<Response> => {
      this.count++;
      this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
      try {
        return await this.answer(request);
      } finally {
        this.underWay--;
      }
    };
    const where = { port: this.#port, hostname: "127.0.0.1", onListen };
    this.#server = Deno.serve({ ...where, ...this.#tls ?? {} }, handler);
    this.#port = this.#server.addr.port;
  }

  /** Stops listening. */
  async end(): Promise<void> {
    await this.#server?.shutdown();
    this.#server = undefined;
  }

  /** Resolves at the end of the test, for an answer that never comes before. */
  get over(): Promise<void> {
    const { signal } = this.#abort;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
  }

  /** Ends all pending answers, and stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.end();
  }
}
