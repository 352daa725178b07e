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

/**
 * Access control where users log in at the dashboard: at its listeners a client has the name of the user that has logged in, and needs no
 * password again; a viewer may not publish. The access control behind it decides everything else.
 */
export class PageAccess implements AccessPort {
  readonly #inner: AccessPort;
  readonly #viewers: ReadonlyMap<string, ReadonlySet<string>>;

  /** `viewers`: the users who may only look, by the names of the listeners where users log in. */
  constructor(inner: AccessPort, viewers: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#inner = inner;
    this.#viewers = viewers;
  }

  /** {@linkcode AccessPort.version} */
  get version(): number {
    return this.#inner.version;
  }

  /** {@linkcode AccessPort.checksTopics} */
  get checksTopics(): boolean {
    return this.#inner.checksTopics || [...this.#viewers.values()].some(({ size }) => size > 0);
  }

  /** {@linkcode AccessPort.readsByFilter} */
  get readsByFilter(): boolean {
    return this.#inner.readsByFilter === true;
  }

  /** {@linkcode AccessPort.endsSubscriptions} */
  get endsSubscriptions(): boolean {
    return this.#inner.endsSubscriptions === true;
  }

  /** {@linkcode AccessPort.stepsPerCheck} */
  get stepsPerCheck(): number {
    return this.#inner.stepsPerCheck ?? 1;
  }

  /** {@linkcode AccessPort.authenticate} */
  authenticate(
    request: AuthenticationRequest,
    reply: (verdict: AuthenticationVerdict) => void,
  ): void {
    const userName = request.certificate?.commonName;
    // The log-in itself asks for a password.
    if (!this.#viewers.has(request.listener) || request.password !== undefined) {
      return this.#inner.authenticate(request, reply);
    }
    reply(
      userName === undefined
        ? { isAllowed: false, reasonCode: ReasonCode.NotAuthorized }
        : { isAllowed: true, userName },
    );
  }

  /** {@linkcode AccessPort.beginEnhanced} */
  beginEnhanced(method: string, request: AuthenticationRequest): EnhancedExchange | undefined {
    return this.#inner.beginEnhanced(method, request);
  }

  /** {@linkcode AccessPort.mayPublish} */
  mayPublish(client: ClientIdentity, topicName: string, qos: Qos, retain: boolean): Decision {
    if (this.#isViewer(client)) return false;
    return this.#inner.mayPublish(client, topicName, qos, retain);
  }

  /** {@linkcode AccessPort.mayStillPublish} */
  mayStillPublish(
    publisher: Publisher,
    topicName: string,
    client: ClientIdentity | undefined,
  ): boolean {
    return this.#inner.mayStillPublish?.(publisher, topicName, client) ?? true;
  }

  /** {@linkcode AccessPort.maySubscribe} */
  maySubscribe(client: ClientIdentity, topicFilter: string, qos: Qos): Decision {
    return this.#inner.maySubscribe(client, topicFilter, qos);
  }

  /** {@linkcode AccessPort.mayUnsubscribe} */
  mayUnsubscribe(client: ClientIdentity, topicFilter: string): boolean {
    return this.#inner.mayUnsubscribe?.(client, topicFilter) ?? true;
  }

  /** {@linkcode AccessPort.mayRead} */
  mayRead(client: ClientIdentity, topicName: string): boolean {
    return this.#inner.mayRead(client, topicName);
  }

  /** {@linkcode AccessPort.decided} */
  decided(client: ClientIdentity, done: () => void): void {
    if (this.#inner.decided === undefined) done();
    else this.#inner.decided(client, done);
  }

  /** {@linkcode AccessPort.useLog} */
  useLog(log: LogPort): void {
    this.#inner.useLog?.(log);
  }

  /** {@linkcode AccessPort.explain} */
  explain(client: ClientIdentity, action: AccessAction, topic: string): string | undefined {
    if (action === "publish" && this.#isViewer(client)) return "A viewer publishes nothing";
    return this.#inner.explain?.(client, action, topic);
  }

  #isViewer({ userName, listener }: ClientIdentity): boolean {
    return userName !== undefined && this.#viewers.get(listener)?.has(userName) === true;
  }
}
