/** Everything that can be said about a service over HTTP; every path may be `""`: there is no such file. */
export interface HttpAccessOptions {
  /** Who is asked whether a client may come in; `""`: nobody. */
  readonly authUrl: string;
  /** Who is asked what a client may do; `""`: nobody. */
  readonly aclUrl: string;
  /** How questions and answers look. */
  readonly form: "mosquitto-go-auth" | "emqx";
  /** How a question is written. */
  readonly params: "json" | "form";
  /** What of an answer counts in the form of mosquitto-go-auth. */
  readonly response: "status" | "json" | "text";
  /** Seconds that an answer may take. */
  readonly timeoutSeconds: number;
  /** Requests under way at once to each of the two. */
  readonly maxRequests: number;
  /** Seconds that a yes is remembered; 0: it is not. */
  readonly cacheSeconds: number;
  /** Seconds that a no is remembered; 0: it is not. */
  readonly negativeCacheSeconds: number;
  /** Answers of each of the two that are remembered. */
  readonly cacheSize: number;
  /** What holds while there is no answer: no, or what was answered last. */
  readonly onFailure: "deny" | "cached";
  /** Certificates in PEM that the service's may be from; `""`: those that everybody trusts. */
  readonly caFile: string;
  /** Headers that go with every question, one `Name: value` a line. */
  readonly headerFile: string;
}

/** The defaults. The configuration has the same, so as not to load this room at each start; a test compares them. */
export const DEFAULT_HTTP_ACCESS_OPTIONS: HttpAccessOptions = {
  authUrl: "",
  aclUrl: "",
  form: "mosquitto-go-auth",
  params: "json",
  response: "status",
  timeoutSeconds: 5,
  maxRequests: 32,
  cacheSeconds: 30,
  negativeCacheSeconds: 5,
  cacheSize: 10_000,
  onFailure: "deny",
  caFile: "",
  headerFile: "",
};
