/** Files that do not run side by side with the others, and why. */

/**
 * Files that measure memory, processor time or descriptors of the process that they are in. They have a process of their own, one after
 * the other, beside the others.
 */
export const APART: readonly string[] = [
  "tests/broker/stall_test.ts",
  "tests/bus/stall_test.ts",
  "tests/cluster/nats/broken_server_test.ts",
  "tests/net/churn_test.ts",
  "tests/net/closing_test.ts",
  "tests/net/event_loop_test.ts",
  "tests/net/gone_test.ts",
  "tests/net/hostile_test.ts",
  "tests/net/idle_memory_test.ts",
  "tests/net/slow_reader_test.ts",
  "tests/net/stateful_fuzz_test.ts",
  "tests/net/stopped_test.ts",
  "tests/net/tls_memory_test.ts",
  "tests/net/unfinished_test.ts",
];

/** Files that measure time, or need the processor in time. They run when nothing else does. */
export const ALONE: readonly string[] = [
  "tests/auth/crowd_test.ts",
  "tests/net/deaf_test.ts",
  "tests/net/fairness_test.ts",
  "tests/net/hostile_run_test.ts",
  "tests/net/tls_crowd_test.ts",
  "tests/net/turns_test.ts",
  "tests/net/web_socket_request_test.ts",
];
