/** Why something with NATS has failed. */
export type NatsErrorKind =
  /** The peer does not speak the protocol. */
  | "protocol"
  /** Nobody can be reached, or the connection is lost. */
  | "closed"
  /** No answer in time. */
  | "timeout"
  /** Nobody answers under this subject: JetStream is off or has no leader. */
  | "no_responders"
  /** The server has refused it. */
  | "refused";

/** A failure of NATS, or of what was asked of it. */
export class NatsError extends Error {
  /** `code`: JetStream's `err_code`; 0 where there is none. */
  constructor(readonly kind: NatsErrorKind, message: string, readonly code = 0) {
    super(message);
    this.name = "NatsError";
  }
}
