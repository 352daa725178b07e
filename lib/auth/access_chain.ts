import type {
  AccessAction,
  AccessPort,
  AuthenticationRequest,
  AuthenticationVerdict,
  ClientIdentity,
  Decision,
  EnhancedExchange,
  LogPort,
  Publisher,
} from "../broker/mod.ts";
import { type Qos, ReasonCode } from "../codec/mod.ts";
import { ByListener, type ForListeners } from "./by_listener.ts";
import type { ClientRights } from "./client_rights.ts";
import type { DynamicAccess } from "./dynamic/dynamic_access.ts";
import type { FileAccess } from "./file_access.ts";
import type { HttpAccess } from "./http/http_access.ts";
import type { JwtAccess } from "./jwt/jwt_access.ts";

/** The kinds of access control, in the order in which they are asked. */
export interface AccessChainInit {
  /** Listeners, users and rules by files; without a file it knows no client. */
  readonly files: FileAccess;
  /** mosquitto's dynamic security. */
  readonly dynamic?: DynamicAccess;
  /** Tokens. */
  readonly jwt?: ForListeners<JwtAccess>;
  /** A service. */
  readonly http?: ForListeners<HttpAccess>;
  /** The listener whose tokens and service are those of one that is not there: for what came in at another node of a cluster. */
  readonly standIn?: string | undefined;
  /** Gets a line for each client that none of these knows. */
  readonly log: LogPort;
}

/** Which kind of access control decides for a client. */
type Rules = Pick<AccessPort, "mayPublish" | "maySubscribe" | "mayRead" | "explain">;

/**
 * Access control by files, dynamic security, tokens and a service together. The first that knows the client decides alone; the others are not asked.
 *
 * | a client that comes in                                     | is decided on by                               |
 * |------------------------------------------------------------|------------------------------------------------|
 * | with a Client Identifier without one of the prefixes       | nobody: it is refused                          |
 * | at a listener where certificates are names                 | its certificate                                |
 * | with an Authentication Method                              | tokens or the SCRAM file, whose method it is   |
 * | with a token                                               | tokens                                         |
 * | with the name of a client of dynamic security              | dynamic security                               |
 * | with the name of a user of the password file               | the password file                              |
 * | with any other name                                        | the service; without one it is refused         |
 * | without a name                                             | `allow_anonymous` of the listener              |
 *
 * | what a client may do, if it came in                        | is decided on by                               |
 * |------------------------------------------------------------|------------------------------------------------|
 * | with rules, of its token or the service's answer           | these alone                                    |
 * | by a name of dynamic security, or without a name           | dynamic security, where its listener has it    |
 * | otherwise, by token or service                             | the service that knows rules, else the ACL file|
 * | otherwise, by file, certificate or without a name          | the ACL file, else the service that knows rules|
 * | by a token without the claim that should have its rules    | none of these: it may do nothing               |
 * | otherwise, at a listener with dynamic security             | none of these: it may do nothing               |
 * | otherwise                                                  | none of these: it may do everything            |
 *
 * Tokens and services are those of the client's listener.
 *
 * What is published to the topic of dynamic security's commands is decided on by its own rules alone, whoever else lets a client do what.
 */
export class AccessChain implements AccessPort {
  readonly #files: FileAccess;
  readonly #dynamic: DynamicAccess | undefined;
  readonly #jwt: ByListener<JwtAccess>;
  readonly #http: ByListener<HttpAccess>;
  readonly #log: LogPort;

  /** All are open. */
  constructor({ files, dynamic, jwt, http, standIn, log }: AccessChainInit) {
    this.#files = files;
    this.#dynamic = dynamic;
    this.#jwt = new ByListener(jwt, standIn);
    this.#http = new ByListener(http, standIn);
    this.#log = log;
  }

  /** {@linkcode AccessPort.version} */
  get version(): number {
    return this.#files.version + (this.#dynamic?.version ?? 0);
  }

  /** {@linkcode AccessPort.checksTopics} */
  get checksTopics(): boolean {
    return this.#files.checksTopics || this.#dynamic !== undefined ||
      this.#jwt.all.some(({ checksTopics }) => checksTopics) ||
      this.#http.all.some(({ checksTopics }) => checksTopics);
  }

  /** {@linkcode AccessPort.readsByFilter} */
  get readsByFilter(): boolean {
    return this.#http.all.some(({ readsByFilter }) => readsByFilter);
  }

  /** {@linkcode AccessPort.stepsPerCheck} */
  get stepsPerCheck(): number {
    const dynamic = this.#dynamic?.stepsPerCheck ?? 1;
    const tokens = this.#jwt.all[0]?.stepsPerCheck ?? 1;
    return Math.max(this.#files.stepsPerCheck, tokens, dynamic);
  }

  /** {@linkcode AccessPort.endsSubscriptions}: dynamic security tells who may subscribe from who may read. */
  get endsSubscriptions(): boolean {
    return this.#dynamic !== undefined;
  }

  /** Failed attempts by address. */
  get failures(): ReadonlyMap<string, number> {
    if (this.#dynamic === undefined) return this.#files.failures;
    const failures = new Map(this.#files.failures);
    for (const [address, count] of this.#dynamic.failures) {
      failures.set(address, count + (failures.get(address) ?? 0));
    }
    return failures;
  }

  /** Dynamic security, where there is one: for the topic of its commands. */
  get dynamic(): DynamicAccess | undefined {
    return this.#dynamic;
  }

  /** {@linkcode AccessPort.authenticate} */
  authenticate(
    request: AuthenticationRequest,
    reply: (verdict: AuthenticationVerdict) => void,
  ): void {
    const settled = this.#files.settle(request);
    if (settled !== undefined) return reply(this.#unlessShutOut(request, settled));
    const jwt = this.#jwt.at(request);
    if (jwt?.hasToken(request)) return jwt.authenticate(request, reply);
    const { userName, remoteAddress: address, clientId } = request;
    const isNamed = userName !== undefined && userName !== "";
    const dynamic = this.#dynamic?.covers(request) ? this.#dynamic : undefined;
    if (dynamic?.hasUser(request)) return dynamic.authenticate(request, reply);
    if (!isNamed || this.#files.hasUser(request)) return this.#files.authenticate(request, reply);
    const http = this.#http.at(request);
    if (http?.authenticates) return http.authenticate(request, reply);
    if (this.#files.hasPasswords(request)) return this.#files.authenticate(request, reply);
    // An unknown name must cost as much time as a known one.
    if (dynamic !== undefined) return dynamic.authenticate(request, reply);
    // The client is refused even where anonymous clients are allowed: where names have to be proved, an unproved name is not accepted. It may be a broken token.
    this.#log.warning("Wrong user name or password", { address, clientId, reason: "no token" });
    reply({ isAllowed: false, reasonCode: ReasonCode.BadUserNameOrPassword });
  }

  /** {@linkcode AccessPort.beginEnhanced} */
  beginEnhanced(method: string, request: AuthenticationRequest): EnhancedExchange | undefined {
    const jwt = this.#jwt.at(request);
    if (method !== jwt?.method) return this.#files.beginEnhanced(method, request);
    const settled = this.#files.settle(request);
    if (settled?.isAllowed !== false) return jwt.beginEnhanced(method, request);
    const { reasonCode } = settled;
    return { step: (_, reply) => reply({ type: "failure", reasonCode }) };
  }

  /** {@linkcode AccessPort.mayPublish} */
  mayPublish(client: ClientIdentity, topicName: string, qos: Qos, retain: boolean): Decision {
    const control = this.#controlOf(topicName);
    if (control !== undefined) {
      return control.covers(client) && control.mayPublish(client, topicName, qos, retain);
    }
    const rights = this.#rightsOf(client);
    if (rights !== undefined) return rights.mayWrite(topicName);
    return this.#rulesOf(client)?.mayPublish(client, topicName, qos, retain) ?? true;
  }

  /**
   * {@linkcode AccessPort.mayStillPublish}: rules of files and of dynamic security go by names, and hold for a publisher that is not here any
   * more. Rights by a token end with its connection: they are known only while the publisher is here. A service is not asked, because
   * a subscription to `#` would ask it for every retained message.
   */
  mayStillPublish(
    publisher: Publisher,
    topicName: string,
    client: ClientIdentity | undefined,
  ): boolean {
    if (this.#controlOf(topicName) !== undefined) return true;
    if (client !== undefined) return this.#mayPublishNow(client, topicName);
    const dynamic = this.#dynamic?.covers(publisher) ? this.#dynamic : undefined;
    if (dynamic?.knows(publisher)) return dynamic.maySend(publisher, topicName);
    const [jwt, http] = [this.#jwt.at(publisher), this.#http.at(publisher)];
    if (jwt?.checksTopics || http?.checksTopics) return true;
    if (this.#files.hasRules(publisher)) return this.#files.mayStillPublish(publisher, topicName);
    // Dynamic security does not know it: it was deleted there, unless it was accepted by a token or a service.
    return dynamic === undefined || jwt !== undefined || http !== undefined;
  }

  /** Whether a client that is here may publish, as far as it is known without a question to the service. */
  #mayPublishNow(client: ClientIdentity, topicName: string): boolean {
    const rights = this.#rightsOf(client);
    if (rights !== undefined) return rights.mayWrite(topicName);
    const rules = this.#rulesOf(client);
    if (rules === undefined || rules === this.#http.at(client)) return true;
    return rules.mayPublish(client, topicName, 0, true) === true;
  }

  /** {@linkcode AccessPort.maySubscribe} */
  maySubscribe(client: ClientIdentity, topicFilter: string, qos: Qos): Decision {
    const rights = this.#rightsOf(client);
    if (rights !== undefined) return rights.decideSubscribe(topicFilter).isAllowed;
    return this.#rulesOf(client)?.maySubscribe(client, topicFilter, qos) ?? true;
  }

  /** {@linkcode AccessPort.mayUnsubscribe}: only dynamic security has rules for that. */
  mayUnsubscribe(client: ClientIdentity, topicFilter: string): boolean {
    const rights = this.#rightsOf(client);
    if (rights !== undefined || !this.#isByDynamic(client)) return true;
    return this.#dynamic!.mayUnsubscribe(client, topicFilter);
  }

  /** {@linkcode AccessPort.mayRead} */
  mayRead(client: ClientIdentity, topicName: string): boolean {
    const control = this.#controlOf(topicName);
    if (control !== undefined) return control.covers(client) && control.mayRead(client, topicName);
    const rights = this.#rightsOf(client);
    if (rights !== undefined) return rights.decide("read", topicName).isAllowed;
    return this.#rulesOf(client)?.mayRead(client, topicName) ?? true;
  }

  /** {@linkcode AccessPort.decided} */
  decided(client: ClientIdentity, done: () => void): void {
    const http = this.#http.at(client);
    if (http === undefined) done();
    else http.decided(client, done);
  }

  /** {@linkcode AccessPort.explain} */
  explain(client: ClientIdentity, action: AccessAction, topic: string): string | undefined {
    const granted = [this.#jwt.at(client), this.#http.at(client)]
      .find((kind) => kind?.rightsOf(client) !== undefined);
    if (granted !== undefined) return granted.explain(client, action, topic);
    return this.#rulesOf(client)?.explain?.(client, action, topic);
  }

  /** Reads the files again: see {@linkcode FileAccess.reload}. */
  reload(onlyChanged = false): ReturnType<FileAccess["reload"]> {
    const whole = [this.#files, this.#dynamic].map((part) => part?.reload(onlyChanged));
    const tokens = this.#jwt.all.map((part) => {
      const { problems, mayStay } = part.reload(onlyChanged);
      // The same key may be good at another listener.
      const isWelcome = mayStay &&
        ((client: ClientIdentity) => this.#jwt.at(client) !== part || mayStay(client));
      return { problems, mayStay: isWelcome };
    });
    const services = this.#http.all.map((part) => part.reload(onlyChanged));
    const reloads = [...whole, ...tokens, ...services];
    const problems = [...new Set(reloads.flatMap((reload) => reload?.problems ?? []))];
    const rules = reloads.flatMap((reload) => reload?.mayStay ?? []);
    if (rules.length === 0) return { problems };
    return { problems, mayStay: (client) => rules.every((mayStay) => mayStay(client)) };
  }

  /** Stores what must be known after a restart: see {@linkcode FileAccess.save}. */
  save(isLast = false): void {
    this.#files.save(isLast);
    this.#dynamic?.save(isLast);
  }

  /** Ends all requests to servers. */
  close(): void {
    for (const kind of [...this.#jwt.all, ...this.#http.all]) kind.close();
  }

  /** A client that is disabled in dynamic security is refused, also where another kind of access control would accept it. */
  #unlessShutOut(
    request: AuthenticationRequest,
    verdict: AuthenticationVerdict,
  ): AuthenticationVerdict {
    if (!verdict.isAllowed || !this.#dynamic?.covers(request)) return verdict;
    const userName = verdict.userName ?? request.userName;
    return this.#dynamic.isShutOut({ ...request, userName })
      ? { isAllowed: false, reasonCode: ReasonCode.NotAuthorized }
      : verdict;
  }

  /** Whose rules alone are about this topic; `undefined`: it is a topic like others. */
  #controlOf(topicName: string): DynamicAccess | undefined {
    return this.#dynamic?.owns(topicName) ? this.#dynamic : undefined;
  }

  /** Whether dynamic security says what this client may do. */
  #isByDynamic(client: ClientIdentity): boolean {
    return this.#dynamic?.covers(client) === true && this.#dynamic.knows(client);
  }

  /** The rules with which this client came in; `undefined`: there were none. */
  #rightsOf(client: ClientIdentity): ClientRights | undefined {
    return this.#jwt.at(client)?.rightsOf(client) ?? this.#http.at(client)?.rightsOf(client);
  }

  /** The access control that decides what this client may do; `undefined`: none. */
  #rulesOf(client: ClientIdentity): Rules | undefined {
    if (this.#isByDynamic(client)) return this.#dynamic;
    const service = this.#http.at(client);
    const http = service?.checksTopics ? service : undefined;
    const files = this.#files.hasRules(client) ? this.#files : undefined;
    // Files give no grants: a client with one was accepted by a token or the service.
    const found = client.grant === undefined ? files ?? http : http ?? files;
    if (found !== undefined) return found;
    const jwt = this.#jwt.at(client);
    if (jwt?.hasGranted(client)) return jwt;
    // It does not know this client, and therefore refuses.
    return this.#dynamic?.covers(client) ? this.#dynamic : undefined;
  }
}
