import { NatsError } from "./error.ts";
import type { NatsMessage } from "./message.ts";

/** The questions that wait for their first answer, by the subject that it comes to. */
export class Requests {
  readonly #waiting = new Map<string, (answer: NatsMessage | NatsError) => void>();

  /** A message has come to an inbox: perhaps an answer. */
  hear(message: NatsMessage): void {
    const answer = this.#waiting.get(message.subject);
    if (answer === undefined) return;
    const { subject, reply, headers, payload } = message;
    answer({ subject, reply, headers, payload: payload.slice() });
  }

  /** Resolves with the first answer to `reply`, where `send` says that the question is under way. Rejects with `NatsError`. */
  ask(
    subject: string,
    reply: string,
    timeoutMs: number,
    send: () => boolean,
  ): Promise<NatsMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<NatsMessage>();
    const timer = setTimeout(() => {
      reject(new NatsError("timeout", `No answer from ${subject} within ${timeoutMs} ms`));
    }, timeoutMs);
    this.#waiting.set(reply, (answer) => {
      if (answer instanceof NatsError) return reject(answer);
      if (answer.headers?.status !== 503) return resolve(answer);
      reject(new NatsError("no_responders", `Nobody answers under ${subject}`));
    });
    if (!send()) {
      reject(new NatsError("closed", `Cannot ask ${subject}: no server is connected`));
    }
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(reply);
    });
  }

  /** Nobody will answer any more. */
  end(): void {
    for (const [subject, end] of this.#waiting) {
      end(new NatsError("closed", `No answer under ${subject}: the connection is closed`));
    }
  }
}
