/** Who may use an HTTP listener. If no user and no token is named, everybody on this machine may. */
export interface HttpConfig {
  /** Host names that requests may name, besides those of this machine alone. */
  readonly hosts: readonly string[];
  /** Users who may change something. */
  readonly admins: readonly string[];
  /** Users who may look but change nothing. */
  readonly viewers: readonly string[];
  /** The file with tokens for programs; `""`: none. */
  readonly tokenFile: string;
}

/** The defaults: everybody on this machine. */
export const DEFAULT_HTTP_CONFIG: HttpConfig = {
  hosts: [],
  admins: [],
  viewers: [],
  tokenFile: "",
};
