import type { Stage } from "./stage.ts";

/**
 * The test programs in `test/client` of mosquitto's source tree, by their names without `.py`: what its own client commands must hold. The
 * list is of the tree that becomes 2.1 (commit 5703da7, and 03-publish-qos1-unix of a later one); `mosq_test_helper.py` and `test.sh` are no
 * programs. None of their text is here: what each of them wants is said in plain words, and tried anew.
 */
// deno-fmt-ignore
export const PROGRAM_NAMES = [
  "02-subscribe-argv-errors-tls-psk", "02-subscribe-argv-errors-tls", "02-subscribe-argv-errors-without-tls",
  "02-subscribe-env", "02-subscribe-filter-out", "02-subscribe-format-json-properties", "02-subscribe-format-json-qos0",
  "02-subscribe-format-json-qos1", "02-subscribe-format-json-retain", "02-subscribe-format", "02-subscribe-null",
  "02-subscribe-qos1-ws", "02-subscribe-qos1", "02-subscribe-retain-handling", "02-subscribe-verbose",
  "03-publish-argv-errors-tls-psk", "03-publish-argv-errors-tls", "03-publish-argv-errors-without-tls",
  "03-publish-env", "03-publish-file-empty", "03-publish-file", "03-publish-options-file", "03-publish-qos0-empty",
  "03-publish-qos1-properties", "03-publish-qos1-unix", "03-publish-qos1-ws-large", "03-publish-qos1-ws",
  "03-publish-qos1", "03-publish-repeat", "03-publish-socks-auth-failed", "03-publish-socks-no-auth",
  "03-publish-socks", "03-publish-stdin-file", "03-publish-stdin-line", "03-publish-tls", "03-publish-url",
  "04-rr-argv-errors-tls-psk", "04-rr-argv-errors-tls", "04-rr-argv-errors-without-tls", "04-rr-env", "04-rr-qos1-ws",
  "04-rr-qos1", "04-rr-retain-handling",
] as const;

/** The name of one of them. */
export type ProgramName = typeof PROGRAM_NAMES[number];

/** What became of one of mosquitto's test programs. */
export interface Program {
  /** What it wants of the command, in one line. */
  readonly holds: string;
  /** The same cases for `flux-mqtt`, and for mosquitto's own command where it is installed. */
  readonly run: (stage: Stage) => Promise<void>;
}
