/**
 * Faults in the broker: what each kind costs.
 *
 * | what throws                                         | what it costs                                                  |
 * |-----------------------------------------------------|----------------------------------------------------------------|
 * | `MqttError`, while a packet is handled              | that connection: it is told the Reason Code                    |
 * | `InvariantError`, and what `Store.commit` throws    | the process, which begins anew from the store                  |
 * | a delivery to one client, its encoding included     | that delivery: `encoding_failed`, counted for the client       |
 * | a packet's handler, an answer of access control,    | that connection: 0x83; its session and all others stay         |
 * | a client's turn to get what waits for it            |                                                                |
 * | a program's subscription, or its listener           | that call                                                      |
 * | a program's hook, by an error, silence or nonsense  | what it was asked about: a refusal, 0x83                       |
 * | what a connection that ends leaves: a will, an      | that step: the rest of the end is done                         |
 * | entry in the store                                  |                                                                |
 * | a deadline                                          | what was due                                                   |
 *
 * Each fault is one line of the log with its stack. For this to be enough, handlers change state only after everything that can
 * fail, or undo the change.
 *
 * @module
 */
import type { Core } from "../core/core.ts";
import { InvariantError } from "../ground/invariant.ts";

/** Logs a fault in the broker; an error after which the process cannot continue is thrown again. */
export function report(
  core: Core,
  message: string,
  fields: Readonly<Record<string, unknown>>,
  error: unknown,
): void {
  if (error instanceof InvariantError) throw error;
  core.metrics.internalErrors++;
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  core.ports.log.error(message, { ...fields, error: text });
}

/** Logs and counts that a function of the program has failed; `what` is the subject of the log line. Only that call is affected. */
export function reportProgram(
  core: Core,
  what: string,
  fields: Readonly<Record<string, unknown>>,
  error: unknown,
): void {
  core.metrics.programErrors++;
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  core.ports.log.error(`${what} has failed`, { ...fields, error: text });
}

/** Runs one step of several. An error is logged, and the caller goes on with the other steps. */
export function attempt(
  core: Core,
  message: string,
  fields: Readonly<Record<string, unknown>>,
  act: () => void,
): void {
  try {
    act();
  } catch (error) {
    report(core, message, fields, error);
  }
}
