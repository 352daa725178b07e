import type { Message, SessionChange } from "../broker/mod.ts";
import { GivenUp } from "./given_up.ts";
import type { ChangeLog, SessionHost } from "./session_ports.ts";
import { firstPlaceOf } from "./record.ts";

/** With more that is done with, others hear of it at once. */
const MAX_DONE = 1000;

/** Messages that sessions of this node are done with, and of which others have not heard: they hear of many together. */
export class DoneWith {
  readonly #log: ChangeLog;
  readonly #isTold: (clientId: string) => boolean;
  #host: SessionHost | undefined;
  #sequence: () => number = () => 0;
  /** By session. */
  readonly #done = new Map<string, number[]>();
  /** How many there were since others have heard of all. */
  #count = 0;
  readonly #givenUp = new GivenUp();

  /** `isTold`: others are to hear of a session what happens to it now. */
  constructor(log: ChangeLog, isTold: (clientId: string) => boolean) {
    this.#log = log;
    this.#isTold = isTold;
  }

  /** The node writes from here on; `sequence`: the last record that is applied. */
  begin(host: SessionHost, sequence: () => number): void {
    this.#host = host;
    this.#sequence = sequence;
  }

  /** A session is done with a message. */
  add(clientId: string, logId: number): void {
    const done = this.#done.get(clientId);
    if (done === undefined) this.#done.set(clientId, [logId]);
    else done.push(logId);
    if (++this.#count >= MAX_DONE) this.tell();
  }

  /** A client has given up a subscription, and the log does not know. */
  gaveUp(clientId: string, topicFilter: string): void {
    this.#givenUp.add(clientId, topicFilter);
  }

  /**
   * The log has come to what this process has said. Of subscriptions it held here before: messages that stand in between wait at other nodes
   * alone, and the next floor says that nobody is to get them.
   */
  applied(change: SessionChange): void {
    const { kind, clientId } = change;
    const isAboutThem = kind === "subscribed" || kind === "unsubscribed" ||
      kind === "session" && change.subscriptions !== undefined;
    if (isAboutThem && !this.#done.has(clientId)) this.#done.set(clientId, []);
    if (kind === "unsubscribed") this.#givenUp.heard(clientId, change.topicFilter);
  }

  /** A message of the log is routed. Sessions that do not want it any more, and do by the log, are done with it: others hear so. */
  routed(message: Message): void {
    const host = this.#host;
    if (host === undefined || this.#givenUp.isEmpty) return;
    for (const clientId of this.#givenUp.lacking(message, (id) => host.subscriptionsOf(id))) {
      this.add(clientId, message.logId ?? 0);
    }
  }

  /** Tells others of all sessions; `true`: there was something. */
  tell(): boolean {
    const clientIds = [...this.#done.keys()];
    for (const clientId of clientIds) this.tellOf(clientId);
    this.#count = 0;
    return clientIds.length > 0;
  }

  /** Tells others of one session. */
  tellOf(clientId: string): void {
    const done = this.#done.get(clientId);
    this.#done.delete(clientId);
    if (done === undefined || !this.#isTold(clientId)) return;
    const pending = this.#host?.firstPending(clientId) ?? 0;
    const floor = Math.min(pending, firstPlaceOf(this.#sequence() + 1));
    const above = done.filter((logId) => logId >= floor);
    this.#log.change({ kind: "done", clientId, floor, above }, false);
  }

  /** There is nothing to tell of a session any more. */
  forget(clientId: string): void {
    this.#done.delete(clientId);
  }

  /** A session begins anew, has ended, or is another node's: what its client has given up does not count. */
  forgetGivenUp(clientId: string): void {
    this.#givenUp.forget(clientId);
  }
}
