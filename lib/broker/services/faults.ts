/**
 * Errors in the broker, and what each kind affects.
 *
 * | what throws                                         | what it costs                                                  |
 * |-----------------------------------------------------|----------------------------------------------------------------|
 * | `MqttError`, while a packet is handled              | that connection: it is told the Reason Code                    |
 * | `InvariantError`, and errors of `Store.commit`      | the process, which restarts from the store                     |
 * | a delivery to one client, its encoding included     | that delivery: `encoding_failed`, counted for the client       |
 * | a packet's handler, an answer of access control,    | that connection: 0x83; its session and all others stay         |
 * | sending a client its waiting messages               |                                                                |
 * | a program's subscription, or its listener           | that call                                                      |
 * | a program's hook: an error, no or an invalid answer | what it was asked about: a refusal, 0x83                       |
 * | a step at the end of a connection: its will, its    | that step: the other steps are done                            |
 * | entry in the store                                  |                                                                |
 * | a deadline                                          | the action that was due                                        |
 *
 * Each fault is logged in one line with its stack. For this to be enough, handlers change state only after all steps that can fail, or undo
 * the change.
 *
 * @module
 */
import type { Core } from "../core/core.ts";
import { errorText } from "../ground/error_text.ts";
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
  const text = errorText(error);
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
  const text = errorText(error);
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
