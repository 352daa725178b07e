/**
 * The functions of libc that the transport calls. Where C has `size_t` and `ssize_t`, 32 bits are declared, because Deno would make a
 * `bigint` of 64 bits at each call. Deno extends the sizes with zeros, and no count here needs more.
 */
const FUNCTIONS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  ppoll: { parameters: ["buffer", "u32", "buffer", "pointer"], result: "i32" },
  /** `epoll_wait` on a thread: the promise is settled when it returns. */
  wait: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  /** Only glibc has it. */
  malloc_trim: { parameters: ["u32"], result: "i32", optional: true },
  __errno_location: { parameters: [], result: "pointer" },
  /** Reading memory through a pointer needs Deno's permission for every library; `memcpy` of libc does it too. */
  memcpy: { parameters: ["buffer", "pointer", "u32"], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The opened libc. Its callers are responsible for the bytes that it touches, so only {@linkcode Descriptors} calls it. */
export type Libc = Deno.DynamicLibrary<typeof FUNCTIONS>;

/** The files of libc by kind, for each processor. An executable has permission for these files and no other library. */
export const LIBC_PATHS: Readonly<Record<"gnu" | "musl", readonly string[]>> = {
  gnu: [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
  ],
  musl: ["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"],
};
/** With permission for every library, the dynamic linker is asked too, because some systems keep libc elsewhere. */
const LIBC_NAMES = { gnu: "libc.so.6", musl: "libc.so" } as const;

/**
 * Opens libc, or returns why it cannot. It never prompts for a permission. The libc must be the one that this process runs on: two of them
 * in one process do not share their state and break each other.
 */
export function openLibc(): Libc | string {
  const { os, arch, env } = Deno.build;
  if (os !== "linux") return `it needs Linux, this is ${os}`;
  if (arch !== "x86_64" && arch !== "aarch64") return `it needs x64 or arm64, this is ${arch}`;
  const kind = env === "musl" ? "musl" : "gnu";
  const isFree = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  const paths = isFree ? [LIBC_NAMES[kind], ...LIBC_PATHS[kind]] : LIBC_PATHS[kind];
  const permitted = paths.filter((path) =>
    Deno.permissions.querySync({ name: "ffi", path }).state === "granted"
  );
  if (permitted.length === 0) return "the process may not call libc: it has no FFI permission";
  for (const path of permitted) {
    try {
      return Deno.dlopen(path, FUNCTIONS);
    } catch {
      // This system keeps it elsewhere.
    }
  }
  return `libc is at none of ${permitted.join(", ")}`;
}
