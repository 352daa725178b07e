import config from "../../deno.json" with { type: "json" };

const [start, startEpoll] = [config.tasks.start, config.tasks["start:epoll"]].map(split);

/** Deno's flags of `deno task start`, so that tests run the broker as people do: with its permissions and V8's young generation. */
export const START_FLAGS: readonly string[] = start!.flags;

/**
 * The variables that `deno task start` sets. Without FFI nothing can make glibc give back what is free, so it is told to do so by itself
 * with blocks of 128 KB and more, which are the buffers of large packets.
 */
export const START_ENVIRONMENT: Readonly<Record<string, string>> = start!.environment;

/** Deno's flags of `deno task start:epoll`, with FFI permission. */
export const EPOLL_FLAGS: readonly string[] = startEpoll!.flags;

/** A task is variables, `deno run`, flags, and the module. */
function split({ command }: { readonly command: string }) {
  const words = command.split(" ");
  const at = words.indexOf("deno");
  const environment = Object.fromEntries(words.slice(0, at).map((word) => word.split("=")));
  return { environment, flags: words.slice(at + "deno run".split(" ").length, -1) };
}
