import {
  type AccessAction,
  type AccessPort,
  addressKey,
  type Admittance,
  type AuthenticationRequest,
  type AuthenticationVerdict,
  type ClientIdentity,
  type EnhancedExchange,
  type EnhancedStep,
  type LogPort,
} from "../../broker/mod.ts";
import { ReasonCode } from "../../codec/mod.ts";
import { type AccessFileReader, AccessFiles, DISK } from "../access_files.ts";
import type { Acl } from "../acl_file.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { ClientRights } from "../client_rights.ts";
import { TextFetcher } from "../http/text_fetcher.ts";
import { parseCertificates } from "../http/certificates.ts";
import { bindRules } from "./bound_rules.ts";
import { type KeySet, parseKeySetFile, parsePublicKeyFile, parseSecretFile } from "./key_files.ts";
import { KeySetSource } from "./key_set_source.ts";
import { DEFAULT_JWT_OPTIONS, type JwtOptions } from "./options.ts";
import { isTokenLike } from "./token.ts";
import { TokenKeys } from "./token_keys.ts";
import { type TokenRefusal, TokenVerifier, type VerifiedToken } from "./token_verifier.ts";

/** What access control by tokens is made of. */
export interface JwtAccessInit {
  /** What is left out has its default; at least one place with keys must be named. */
  readonly options: Partial<JwtOptions>;
  /** Told why a token is refused, and what is wrong with keys. */
  readonly log: LogPort;
  /** Default: the real files. */
  readonly files?: AccessFileReader;
  /** Default: `Date.now`. Milliseconds since 1970. */
  readonly dateMs?: () => number;
  /** Default: `performance.now`. When the server of keys is asked again goes by it, milliseconds. */
  readonly nowMs?: () => number;
}

/** Bytes of a key set, and how long its server may take, milliseconds. */
const MAX_KEY_SET_BYTES = 256 * 1024;
const KEY_SET_TIME_MS = 5000;
const LATIN1 = new TextDecoder("latin1");
/** Grants that are remembered, so that who comes back with a new token and the old rights has the same. */
const MAX_GRANTS = 2000;
/** Characters of their rules. */
const MAX_GRANTS_LENGTH = 1_000_000;

/** What a client came in with: the rules of its token, and the key that vouches for it. */
export class TokenGrant {
  /** `acl`: `undefined` where the token brings no rules. */
  constructor(readonly acl: Acl | undefined, readonly keyText: string) {}
}

/**
 * Access control by JSON Web Tokens. As a port of its own it lets in who has one, and without one whom the listener lets in
 * without a user name; what a client may do its token says where `aclClaim` is named, and without that every topic is free.
 */
export class JwtAccess implements AccessPort {
  /** {@linkcode AccessPort.version} */
  readonly version = 1;
  /** The Authentication Method by which 5.0 clients bring a token as Authentication Data. */
  readonly method: string;
  readonly #options: JwtOptions;
  readonly #log: LogPort;
  readonly #dateMs: () => number;
  readonly #files: AccessFiles;
  readonly #keys: TokenKeys;
  readonly #verifier: TokenVerifier;
  readonly #fetcher: TextFetcher | undefined;
  #last:
    | { readonly request: AuthenticationRequest; readonly token: string | undefined }
    | undefined;
  #knownHeader = "";
  readonly #grants = new BoundedMap<TokenGrant>(MAX_GRANTS, MAX_GRANTS_LENGTH);
  readonly #rights = new WeakMap<ClientIdentity, ClientRights>();

  /** Reads all files, and begins to ask a server for its keys; what is wrong is told: `FILE: message`. */
  static async open(init: JwtAccessInit): Promise<JwtAccess | readonly string[]> {
    const options = { ...DEFAULT_JWT_OPTIONS, ...init.options };
    const files = new AccessFiles(init.files ?? DISK);
    const { secretFile, publicKeyFile, jwksFile, jwksUrl, jwksCaFile } = options;
    const problems = [
      ...openKeys(files, secretFile, parseSecretFile),
      ...openKeys(files, publicKeyFile, parsePublicKeyFile),
      ...openKeys(files, jwksFile, parseKeySetFile),
      ...jwksCaFile === "" ? [] : files.open(jwksCaFile, parseCertificates),
    ];
    if (problems.length > 0) return problems;
    const paths = [secretFile, publicKeyFile, jwksFile].filter((path) => path !== "");
    if (paths.length === 0 && jwksUrl === "") return ["No key for tokens is named"];
    for (const path of paths) {
      for (const key of files.get<KeySet>(path)) {
        await key.check().catch((error) => problems.push(`${path}: Cannot use the key: ${error}`));
      }
    }
    return problems.length > 0 ? problems : new JwtAccess(options, init, files, paths);
  }

  private constructor(
    options: JwtOptions,
    { log, dateMs = Date.now, nowMs = () => performance.now() }: JwtAccessInit,
    files: AccessFiles,
    paths: readonly string[],
  ) {
    this.#options = options;
    this.#log = log;
    this.#dateMs = dateMs;
    this.#files = files;
    this.method = options.authenticationMethod;
    const { jwksUrl, jwksCaFile, jwksRefreshSeconds } = options;
    let source: KeySetSource | undefined;
    if (jwksUrl !== "") {
      const fetcher = this.#fetcher = new TextFetcher({
        caCertificates: jwksCaFile === "" ? "" : files.get<string>(jwksCaFile),
        timeLimitMs: KEY_SET_TIME_MS,
        maxBytes: MAX_KEY_SET_BYTES,
        maxIdle: 1,
      });
      source = new KeySetSource({
        fetchText: () => fetchKeySet(fetcher, jwksUrl),
        url: jwksUrl,
        refreshMs: jwksRefreshSeconds * 1000,
        log,
        nowMs,
      });
      source.keepFresh();
    }
    this.#keys = new TokenKeys(files, paths, source);
    this.#verifier = new TokenVerifier(options, this.#keys);
  }

  /** {@linkcode AccessPort.stepsPerCheck}: a token may bring some hundred rules. */
  readonly stepsPerCheck = 10;

  /** {@linkcode AccessPort.checksTopics} */
  get checksTopics(): boolean {
    return this.#options.aclClaim !== "";
  }

  /** Whether the client brings a token, right or wrong. */
  hasToken(request: AuthenticationRequest): boolean {
    return this.#tokenOf(request) !== undefined;
  }

  /** {@linkcode AccessPort.authenticate} */
  authenticate(
    request: AuthenticationRequest,
    reply: (verdict: AuthenticationVerdict) => void,
  ): void {
    const token = this.#tokenOf(request);
    if (token !== undefined) {
      return this.#judge(request, token, (outcome) => reply(verdictOf(outcome)));
    }
    const { userName, allowAnonymous } = request;
    if (allowAnonymous && (userName === undefined || userName === "")) {
      return reply({ isAllowed: true });
    }
    this.#say(request, { reason: "there is none" });
    reply({ isAllowed: false, reasonCode: ReasonCode.BadUserNameOrPassword });
  }

  /** {@linkcode AccessPort.beginEnhanced}: the Authentication Data is a token; without data the password is. */
  beginEnhanced(method: string, request: AuthenticationRequest): EnhancedExchange | undefined {
    if (method !== this.method) return undefined;
    return {
      step: (data, reply) => {
        const text = textOf(data ?? request.password) ?? "";
        this.#judge(request, text, (outcome) => reply(stepOf(outcome)));
      },
    };
  }

  /** {@linkcode AccessPort.mayPublish} */
  mayPublish(client: ClientIdentity, topicName: string): boolean {
    return !this.checksTopics || this.rightsOf(client)?.mayWrite(topicName) === true;
  }

  /** {@linkcode AccessPort.maySubscribe} */
  maySubscribe(client: ClientIdentity, topicFilter: string): boolean {
    return !this.checksTopics ||
      this.rightsOf(client)?.decideSubscribe(topicFilter).isAllowed === true;
  }

  /** {@linkcode AccessPort.mayRead} */
  mayRead(client: ClientIdentity, topicName: string): boolean {
    return !this.checksTopics ||
      this.rightsOf(client)?.decide("read", topicName).isAllowed === true;
  }

  /** {@linkcode AccessPort.explain} */
  explain(client: ClientIdentity, action: AccessAction, topic: string): string | undefined {
    if (!this.checksTopics) return undefined;
    const verb = action === "publish" ? "write" : "read";
    const rights = this.rightsOf(client);
    if (rights === undefined) return `Its token has no claim ${this.#options.aclClaim}`;
    const { rule } = action === "subscribe"
      ? rights.decideSubscribe(topic)
      : rights.decide(verb, topic);
    return rule === undefined
      ? `No rule of its token lets it ${verb} there`
      : `Rule ${rule.line} of its token: ${rule.access} ${rule.text}`;
  }

  /**
   * What the client's token allows; `undefined`: it brings no rules, or there is no token.
   * @internal
   */
  rightsOf(client: ClientIdentity): ClientRights | undefined {
    const { grant } = client;
    if (!(grant instanceof TokenGrant) || grant.acl === undefined) return undefined;
    let rights = this.#rights.get(client);
    if (rights === undefined) this.#rights.set(client, rights = bindRules(grant.acl, client));
    return rights;
  }

  /** Whether the client came in by a token. */
  hasGranted({ grant }: ClientIdentity): boolean {
    return grant instanceof TokenGrant;
  }

  /**
   * Reads the key files again: all, or with `onlyChanged` those that have changed since and rest. A bad file leaves what was read
   * before in force. `mayStay` is there where something changed: whose key has gone out of its file may not stay.
   */
  reload(onlyChanged = false): {
    readonly problems: readonly string[];
    readonly mayStay?: (client: ClientIdentity) => boolean;
  } {
    const paths = onlyChanged ? this.#files.changed() : undefined;
    if (paths?.length === 0) return { problems: [] };
    const before = this.#keys.ofFiles();
    const { isNew, problems } = this.#files.reload(paths);
    if (!isNew) return { problems };
    const after = this.#keys.ofFiles();
    const mayStay = ({ grant }: ClientIdentity) =>
      !(grant instanceof TokenGrant) || !before.has(grant.keyText) || after.has(grant.keyText);
    return { problems, mayStay };
  }

  /** Nothing is asked any more. */
  close(): void {
    this.#fetcher?.close();
  }

  /** What the client brings, if it looks like a token: found once, and asked for twice. */
  #tokenOf(request: AuthenticationRequest): string | undefined {
    if (this.#last?.request === request) return this.#last.token;
    const { userName, password } = request;
    const text = this.#options.from === "username" ? userName : textOf(password);
    const token = text !== undefined && this.#isTokenLike(text) ? text : undefined;
    this.#last = { request, token };
    return token;
  }

  /** Tokens of one issuer all have the same header. */
  #isTokenLike(text: string): boolean {
    if (this.#knownHeader !== "" && text.startsWith(this.#knownHeader)) return true;
    if (!isTokenLike(text)) return false;
    this.#knownHeader = text.slice(0, text.indexOf(".") + 1);
    return true;
  }

  /** What to say of a token: what holds of its client, or the Reason Code of the refusal. */
  #judge(
    request: AuthenticationRequest,
    text: string,
    reply: (outcome: Admittance | ReasonCode) => void,
  ): void {
    const digest = this.#verifier.digestOf(text);
    const known = this.#verifier.recall(digest);
    if (known !== undefined) return reply(this.#conclude(request, known));
    const asker = {
      address: addressKey(request.remoteAddress),
      isGone: () => request.signal?.isGone === true,
    };
    this.#verifier.verify(text, digest, asker).then(
      (outcome) => this.#conclude(request, outcome),
      (error) => {
        this.#log.error("Cannot verify a token", { error: String(error) });
        return ReasonCode.UnspecifiedError;
      },
    ).then(reply);
  }

  #conclude(
    request: AuthenticationRequest,
    outcome: VerifiedToken | TokenRefusal,
  ): Admittance | ReasonCode {
    const nowMs = this.#dateMs();
    const refusal = "reason" in outcome
      ? outcome
      : this.#verifier.refusalOf(outcome, request.clientId, nowMs);
    if (refusal !== undefined) {
      this.#say(request, refusal);
      return refusal.isUnknown === true
        ? ReasonCode.ServerUnavailable
        : ReasonCode.BadUserNameOrPassword;
    }
    const { userName, untilMs } = outcome as VerifiedToken;
    return {
      userName,
      grant: this.#grantOf(outcome as VerifiedToken),
      ...untilMs === Infinity ? {} : { validForMs: untilMs - nowMs },
    };
  }

  #grantOf({ acl, aclText, key }: VerifiedToken): TokenGrant {
    const name = `${key.text}\n${aclText}`;
    let grant = this.#grants.get(name);
    if (grant !== undefined) this.#grants.touch(name);
    else this.#grants.set(name, grant = new TokenGrant(acl, key.text), name.length);
    return grant;
  }

  /** Never the token, nor a user name that may be one. */
  #say(
    { remoteAddress: address, clientId }: AuthenticationRequest,
    { reason, algorithm, keyId }: TokenRefusal,
  ): void {
    const fields = { address, clientId, reason, algorithm, keyId };
    this.#log.warning("Token refused", fields);
  }
}

function verdictOf(outcome: Admittance | ReasonCode): AuthenticationVerdict {
  return typeof outcome === "number"
    ? { isAllowed: false, reasonCode: outcome }
    : { isAllowed: true, ...outcome };
}

function stepOf(outcome: Admittance | ReasonCode): EnhancedStep {
  return typeof outcome === "number"
    ? { type: "failure", reasonCode: outcome }
    : { type: "success", data: undefined, ...outcome };
}

function openKeys(
  files: AccessFiles,
  path: string,
  parse: Parameters<AccessFiles["open"]>[1],
): readonly string[] {
  return path === "" ? [] : files.open(path, parse);
}

/** Tokens are of ASCII characters alone; whatever has others is none. */
function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : LATIN1.decode(bytes);
}

async function fetchKeySet(fetcher: TextFetcher, url: string): Promise<string> {
  const { status, text } = await fetcher.fetch(url, { headers: { accept: "application/json" } });
  if (status !== 200) throw new Error(`The server answers ${status}`);
  return text;
}
