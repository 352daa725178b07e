/** An error in a request, in the form of RFC 9457: thrown by a handler, answered as `application/problem+json`. */
export class Problem extends Error {
  /** `status` is the HTTP status, `detail` a sentence for the caller; `headers` are added to the answer. */
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }

  /** Makes the answer. */
  toResponse(): Response {
    const title = TITLES[this.status] ?? "Error";
    const body = { type: "about:blank", title, status: this.status, detail: this.detail };
    return new Response(JSON.stringify(body), {
      status: this.status,
      headers: { ...this.headers, "content-type": "application/problem+json" },
    });
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
