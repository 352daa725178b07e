import { createHmac, randomBytes } from "node:crypto";
import {
  type AccessAction,
  type AccessPort,
  addressKey,
  type AuthenticationRequest,
  type AuthenticationVerdict,
  type ClientIdentity,
  type Decision,
  type LogPort,
} from "../../broker/mod.ts";
import { type Qos, ReasonCode } from "../../codec/mod.ts";
import { type AccessFileReader, AccessFiles, DISK } from "../access_files.ts";
import { ClientAnswers } from "../client_answers.ts";
import type { ClientRights } from "../client_rights.ts";
import { bindRules } from "../jwt/bound_rules.ts";
import { PacedLog } from "../paced_log.ts";
import { type Fields, formOf, type HttpForm, type Understood, type Wish } from "./forms.ts";
import { Grants, HttpGrant, type Welcome } from "./grant.ts";
import { parseHeaderFile } from "./header_file.ts";
import { parseCertificates } from "./certificates.ts";
import { DEFAULT_HTTP_ACCESS_OPTIONS, type HttpAccessOptions } from "./options.ts";
import { Service, type ServiceOutcome } from "./service.ts";
import { type Requests, ServiceRequests } from "./service_requests.ts";

/** What access control by a service is made of. */
export interface HttpAccessInit {
  /** What is left out has its default; at least one of the two URLs must be named. */
  readonly options: Partial<HttpAccessOptions>;
  /** Told whom the service refuses, and when it does not answer. */
  readonly log: LogPort;
  /** Default: the real files. */
  readonly files?: AccessFileReader;
  /** Default: `Date.now`. Milliseconds since 1970. */
  readonly dateMs?: () => number;
}

/** Characters of a question above which it is remembered by its digest. */
const MAX_KEY_LENGTH = 256;

/**
 * Access control by a service over HTTP, in the form that services for mosquitto-go-auth or EMQX have. As a port of its own it asks about
 * who has a user name; who has none is let in as the listener says. Only the client that asks waits.
 */
export class HttpAccess implements AccessPort {
  /** {@linkcode AccessPort.version} */
  readonly version = 1;
  /** Whether it is asked who may come in. */
  readonly authenticates: boolean;
  /** Whether it is asked what clients may do. */
  readonly authorizes: boolean;
  readonly #options: HttpAccessOptions;
  readonly #log: PacedLog;
  readonly #dateMs: () => number;
  readonly #form: HttpForm;
  readonly #grants = new Grants();
  readonly #requests: Requests;
  readonly #authentication: Service<Welcome>;
  readonly #authorization: Service<Pick<Understood, "isAllowed">>;
  readonly #answers: ClientAnswers;
  readonly #rights = new WeakMap<ClientIdentity, ClientRights>();
  /** Passwords are not kept: a question that has one is remembered by a digest that only this process can make. */
  readonly #key = randomBytes(32);

  /** Reads all files; what is wrong is told: `FILE: message`. */
  static open(init: HttpAccessInit): HttpAccess | readonly string[] {
    const options = { ...DEFAULT_HTTP_ACCESS_OPTIONS, ...init.options };
    const files = new AccessFiles(init.files ?? DISK);
    const { authUrl, aclUrl, caFile, headerFile } = options;
    const problems = [
      ...headerFile === "" ? [] : files.open(headerFile, parseHeaderFile),
      ...caFile === "" ? [] : files.open(caFile, parseCertificates),
      ...authUrl === "" && aclUrl === "" ? ["No service is named"] : [],
    ];
    return problems.length > 0 ? problems : new HttpAccess(options, init, files);
  }

  private constructor(options: HttpAccessOptions, init: HttpAccessInit, files: AccessFiles) {
    const { log, dateMs = Date.now } = init;
    this.#options = options;
    this.#log = new PacedLog(log);
    this.#dateMs = dateMs;
    this.#form = formOf(options);
    this.#requests = new ServiceRequests(options, files);
    this.authenticates = options.authUrl !== "";
    this.authorizes = options.aclUrl !== "";
    this.#answers = new ClientAnswers({ rememberMs: 0, nowMs: () => performance.now() });
    this.#authentication = this.#service(
      "auth_http_url",
      options.authUrl,
      (understood) => this.#grants.welcome(understood),
    );
    this.#authorization = this.#service(
      "acl_http_url",
      options.aclUrl,
      ({ isAllowed }) => ({ isAllowed }),
    );
  }

  /** {@linkcode AccessPort.checksTopics} */
  get checksTopics(): boolean {
    return this.authorizes || this.authenticates && this.#options.form === "emqx";
  }

  /** {@linkcode AccessPort.readsByFilter}: the answer at the SUBSCRIBE says what may be read. */
  get readsByFilter(): boolean {
    return this.authorizes;
  }

  /** {@linkcode AccessPort.authenticate} */
  authenticate(
    request: AuthenticationRequest,
    reply: (verdict: AuthenticationVerdict) => void,
  ): void {
    const { userName = "", allowAnonymous } = request;
    if (!this.authenticates || userName === "") {
      const isAllowed = allowAnonymous && userName === "";
      return reply(isAllowed ? { isAllowed } : refusal(ReasonCode.NotAuthorized));
    }
    const password = textOf(request.password);
    if (password === undefined) {
      return reply(this.#refuse(request, "its password is no text in UTF-8"));
    }
    const question = JSON.stringify(this.#form.authentication(request, password));
    const key = createHmac("sha256", this.#key).update(question).digest("base64");
    const known = this.#authentication.recall(key);
    if (known !== undefined) return reply(this.#verdict(request, known));
    const asker = {
      address: addressKey(request.remoteAddress),
      isGone: () => request.signal?.isGone === true,
    };
    this.#authentication.ask(key, question, asker)
      .then((outcome) => this.#verdict(request, outcome)).then(reply);
  }

  /** There are none. */
  beginEnhanced(): undefined {
    return undefined;
  }

  /** {@linkcode AccessPort.mayPublish} */
  mayPublish(client: ClientIdentity, topic: string, qos: Qos, retain: boolean): Decision {
    const rights = this.rightsOf(client);
    if (rights !== undefined) return rights.mayWrite(topic);
    return this.#decide(client, { action: "publish", topic, qos, retain });
  }

  /** {@linkcode AccessPort.maySubscribe} */
  maySubscribe(client: ClientIdentity, topic: string, qos: Qos): Decision {
    const rights = this.rightsOf(client);
    if (rights !== undefined) return rights.decideSubscribe(topic).isAllowed;
    return this.#decide(client, { action: "subscribe", topic, qos, retain: false });
  }

  /** {@linkcode AccessPort.mayRead}: what was subscribed to. */
  mayRead(client: ClientIdentity, topicName: string): boolean {
    return this.rightsOf(client)?.decide("read", topicName).isAllowed ?? true;
  }

  /** {@linkcode AccessPort.decided} */
  decided(client: ClientIdentity, done: () => void): void {
    this.#answers.decided(client, done);
  }

  /** {@linkcode AccessPort.explain} */
  explain(client: ClientIdentity, action: AccessAction, topic: string): string | undefined {
    const rights = this.rightsOf(client);
    if (rights === undefined) return this.authorizes ? "acl_http_url has answered it" : undefined;
    const { rule } = action === "subscribe"
      ? rights.decideSubscribe(topic)
      : rights.decide(action === "publish" ? "write" : "read", topic);
    return rule === undefined
      ? "No rule of auth_http_url lets it"
      : `Rule ${rule.line} of auth_http_url: ${rule.access} ${rule.text}`;
  }

  /**
   * What the answer with which the client came in allows; `undefined`: it had no rules.
   * @internal
   */
  rightsOf(client: ClientIdentity): ClientRights | undefined {
    const { grant } = client;
    if (!(grant instanceof HttpGrant) || grant.acl === undefined) return undefined;
    let rights = this.#rights.get(client);
    if (rights === undefined) this.#rights.set(client, rights = bindRules(grant.acl, client));
    return rights;
  }

  /** Reads the files again that questions need; a bad one leaves what was read before in force. */
  reload(onlyChanged = false): {
    readonly problems: readonly string[];
    readonly mayStay?: (client: ClientIdentity) => boolean;
  } {
    return { problems: this.#requests.reload(onlyChanged) };
  }

  /** Nothing is asked any more. */
  close(): void {
    this.#requests.close();
  }

  #service<T extends { readonly isAllowed: boolean }>(
    name: string,
    url: string,
    understand: (understood: Understood) => T,
  ): Service<T> {
    const options = this.#options;
    return new Service<T>({
      name,
      ask: async (question) =>
        understand(this.#form.understand(await this.#requests.send(url, JSON.parse(question)))),
      maxRequests: options.maxRequests,
      maxWaitMs: options.timeoutSeconds * 1000,
      log: this.#log,
      allowedMs: options.cacheSeconds * 1000,
      refusedMs: options.negativeCacheSeconds * 1000,
      maxSize: options.cacheSize,
      keepsOld: options.onFailure === "cached",
      nowMs: () => performance.now(),
    });
  }

  #verdict(
    request: AuthenticationRequest,
    outcome: ServiceOutcome<Welcome>,
  ): AuthenticationVerdict {
    // The service has said nothing about the client, who should try again.
    if (outcome === "failed") return refusal(ReasonCode.ServerUnavailable);
    if (outcome === "busy" || outcome === "dropped") return refusal(ReasonCode.ServerBusy);
    const { isAllowed, grant, untilMs = Infinity } = outcome;
    if (!isAllowed) return this.#refuse(request, "the service says no");
    const validForMs = untilMs - this.#dateMs();
    if (validForMs <= 0) return this.#refuse(request, "its time is over (expire_at)");
    return {
      isAllowed,
      ...grant === undefined ? {} : { grant },
      ...validForMs === Infinity ? {} : { validForMs },
    };
  }

  #refuse(
    { remoteAddress: address, clientId, userName }: AuthenticationRequest,
    reason: string,
  ): AuthenticationVerdict {
    this.#log.log?.warning("Client refused by auth_http_url", {
      address,
      clientId,
      userName,
      reason,
    });
    return refusal(ReasonCode.BadUserNameOrPassword);
  }

  #decide(client: ClientIdentity, wish: Wish): Decision {
    if (!this.authorizes) return true;
    const { action, topic, qos, retain } = wish;
    const question = `${action} ${qos} ${retain} ${topic}`;
    return this.#answers.ask(client, question, () => this.#ask(client, wish));
  }

  /** Asks one question after the other, until one is answered no. */
  #ask(client: ClientIdentity, wish: Wish): boolean | Promise<boolean> {
    const questions = this.#form.authorizations(client, wish);
    for (const [index, fields] of questions.entries()) {
      const known = this.#authorization.recall(keyOf(fields));
      if (known === undefined) return this.#askAll(client, questions.slice(index));
      if (!known.isAllowed) return false;
    }
    return true;
  }

  async #askAll(client: ClientIdentity, questions: readonly Fields[]): Promise<boolean> {
    const asker = { address: addressKey(client.remoteAddress), isGone: () => false };
    for (const fields of questions) {
      const key = keyOf(fields);
      const outcome = this.#authorization.recall(key) ??
        await this.#authorization.ask(key, JSON.stringify(fields), asker);
      if (typeof outcome === "string" || !outcome.isAllowed) return false;
    }
    return true;
  }
}

function keyOf(fields: Fields): string {
  const text = JSON.stringify(fields);
  return text.length <= MAX_KEY_LENGTH
    ? text
    : createHmac("sha256", "").update(text).digest("base64");
}

function refusal(reasonCode: ReasonCode): AuthenticationVerdict {
  return { isAllowed: false, reasonCode };
}

function textOf(bytes: Uint8Array = new Uint8Array()): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
