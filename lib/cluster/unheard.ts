/** A will of which the log has not come to all that was told. */
interface UnheardWill {
  count: number;
  isGone: boolean;
}

/** What this process has told of ends of sessions and wills, and to which the log has not come. */
export class Unheard {
  readonly #ended = new Set<string>();
  readonly #wills = new Map<string, UnheardWill>();

  /** The session's end is told. */
  end(clientId: string): void {
    this.#ended.add(clientId);
  }

  /** Whether the session's end is told, and not heard. */
  hasEnded(clientId: string): boolean {
    return this.#ended.has(clientId);
  }

  /** It is told that the session has a will, or, with `isGone`, that it has none any more. */
  setWill(clientId: string, isGone: boolean): void {
    const will = this.#wills.get(clientId);
    if (will === undefined) return void this.#wills.set(clientId, { count: 1, isGone });
    will.count++;
    will.isGone = isGone;
  }

  /** One of these is heard; `true`: it was the last one, and there is no will any more. */
  hearWill(clientId: string): boolean {
    const will = this.#wills.get(clientId);
    if (will === undefined || --will.count > 0) return false;
    this.#wills.delete(clientId);
    return will.isGone;
  }

  /** What was told of the will does not count, or is over; `true`: the last was that there is none any more. */
  forgetWill(clientId: string): boolean {
    const isGone = this.#wills.get(clientId)?.isGone === true;
    this.#wills.delete(clientId);
    return isGone;
  }

  /** Nothing of the session counts any more. */
  forget(clientId: string): void {
    this.#ended.delete(clientId);
    this.#wills.delete(clientId);
  }
}
