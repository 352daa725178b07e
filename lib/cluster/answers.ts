import { NatsError } from "./nats/error.ts";

/** What JetStream's codes mean for whoever runs the cluster. */
const BY_CODE: ReadonlyMap<number, string> = new Map([
  ...each(
    [10002, 10023, 10028, 10047],
    "JetStream has no room: `max_file_store` of the servers, the limits of the user's account and the disk " +
      "have to be larger than `cluster_max_log_bytes` and twice a node's store",
  ),
  ...each([10005, 10074], "there are fewer NATS servers with JetStream than `cluster_replicas`"),
  ...each([10008], "a majority of the NATS servers with JetStream has to be there"),
  ...each([10039, 10076], "JetStream is not on for this user's account"),
]);

function each(codes: readonly number[], words: string): [code: number, words: string][] {
  return codes.map((code) => [code, words]);
}

/** Why the servers do not do what was asked for, in words for whoever runs them. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof NatsError)) return error instanceof Error ? error.message : String(error);
  const words = error.kind === "no_responders"
    ? "JetStream is not on at these servers: `jetstream {}` in their configuration"
    : error.kind === "timeout"
    ? "JetStream does not answer: a majority of its servers has to be there, and this user must be allowed to ask it"
    : BY_CODE.get(error.code);
  return words === undefined ? error.message : `${words} (${error.message})`;
}
