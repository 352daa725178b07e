/**
 * Faults of our own: what they cost, and whom.
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
 * Each is one line of the log with its stack. So that this is enough, state changes only after what can fail has been done, or is
 * put back.
 *
 * @module
 */
import type { Core } from "../core/core.ts";
import { InvariantError } from "../ground/invariant.ts";

/** Says a fault of ours, unless it is one after which nothing can go on: that is thrown again. */
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

/** Says that a function of the program has failed: `what` is its subject. It costs what it was asked about, and nothing else. */
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

/** Does one step of several: where it fails that is said, and the others are done all the same. */
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
