import { wordsOf } from "./answers.ts";
import type { Subjects } from "./engine.ts";
import type { NatsError } from "./nats/error.ts";
import { ackOf } from "./nats/jetstream_answers.ts";
import type { Trouble } from "./trouble.ts";

/** Gives records to JetStream, and hears whether it has stored them. */
export class RecordSender {
  /** Told of each answer: {@linkcode Window.answered}. */
  answered: (number: number, attempt: number, isStored: boolean) => void = () => {};
  readonly #nats: Subjects;
  readonly #subject: string;
  readonly #node: string;
  readonly #refusals: Trouble;
  readonly #inbox: string;

  /** `subject`: the log's. */
  constructor(nats: Subjects, subject: string, node: string, refusals: Trouble) {
    this.#nats = nats;
    this.#subject = subject;
    this.#node = node;
    this.#refusals = refusals;
    this.#inbox = nats.newInbox();
    nats.subscribe(`${this.#inbox}.*.*`, (message) => {
      const words = message.subject.split(".");
      const [number, attempt] = [Number(words.at(-2)), Number(words.at(-1))];
      let isStored = true;
      try {
        ackOf(message);
      } catch (error) {
        isStored = false;
        // Servers that are choosing who leads have nobody who answers for a moment.
        if ((error as NatsError).kind !== "no_responders") this.#refusals.tell(wordsOf(error));
      }
      this.answered(number, attempt, isStored);
    });
  }

  /** Sends a record; `false`: there is no server. */
  send(epoch: number, number: number, attempt: number, bytes: Uint8Array): boolean {
    return this.#nats.publish(this.#subject, bytes, {
      reply: `${this.#inbox}.${number}.${attempt}`,
      headers: [["Nats-Msg-Id", `${this.#node}:${epoch}:${number}:${attempt}`]],
    });
  }
}
