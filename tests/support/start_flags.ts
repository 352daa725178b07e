import config from "../../deno.json" with { type: "json" };

/** Deno's flags of `deno task start`, so that tests run the broker as people do: with its permissions and V8's young generation. */
export const START_FLAGS: readonly string[] = config.tasks.start.command
  .split(" ").slice("deno run".split(" ").length, -1);

/** Deno's flags of `deno task start:epoll`, with FFI permission. */
export const EPOLL_FLAGS: readonly string[] = config.tasks["start:epoll"].command
  .split(" ").slice("deno run".split(" ").length, -1);
